import { CodedError, messageOf } from '../../hal/index.js';

/** What the shell is told. */
export const EXIT = {
  done: 0,
  /** The answer is no, or the input is bad. */
  no: 1,
  usage: 2,
  /** The running instance cannot be reached (EX_UNAVAILABLE). */
  unreachable: 69,
  /** A fault of the program itself (EX_SOFTWARE). */
  internal: 70,
} as const;

/** Tells what went wrong in one sentence on standard error. @returns the exit code it stands for */
export function explain(error: unknown, write: (text: string) => void): number {
  if (error instanceof CodedError) {
    write(`greenlight: ${error.message}\n`);
    return error.code === 'CONTROL_UNREACHABLE' ? EXIT.unreachable : EXIT.no;
  }
  write(
    `greenlight: internal error: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`,
  );
  return EXIT.internal;
}
