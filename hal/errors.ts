/**
 * The root of every error that this project throws on purpose.
 *
 * `code` is stable and is what callers match on; the message is for people and may change. It says what happened,
 * where (path, line, thing) and what to do. Every code stands in docs/errors.md.
 */
export abstract class CodedError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

export type HalErrorCode =
  /** The line is held by another consumer; the message names it. */
  | 'HAL_LINE_BUSY'
  /** No chip has a line of that name, position or offset. */
  | 'HAL_LINE_UNKNOWN'
  /** The line was closed, or the driver stopped. */
  | 'HAL_CLOSED'
  /** This driver cannot do what was asked; the message names the setting and a driver that can. */
  | 'HAL_UNSUPPORTED'
  /** The driver cannot run here (missing package, device file, board, privilege). */
  | 'HAL_UNAVAILABLE'
  /** The operating system denies access; the message says how to get it. */
  | 'HAL_PERMISSION'
  /** A value outside its documented range, or a line address of no known form. */
  | 'HAL_ARGUMENT'
  /** The hardware or kernel reported a failure; the cause is kept. */
  | 'HAL_IO'
  /** A sensor gave no valid reading. */
  | 'HAL_SENSOR';

/** A failure at the hardware boundary. A read never answers "inactive" because it failed: it throws one of these. */
export class HalError extends CodedError {
  constructor(
    readonly code: HalErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The text of anything thrown, for a message or a log line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
