import type { Log } from '../../hal/index.js';

export interface LogLine {
  /** ms since the epoch. */
  readonly at: number;
  readonly level: 'info' | 'warn' | 'error';
  /** The part that wrote it. */
  readonly part: string | undefined;
  readonly message: string;
}

const KEPT = 200;
const MESSAGE_LIMIT = 500;

/** The last log lines, for the page. Keeps the sentence and the part, never the fields: those may hold secrets. */
export class LogTail {
  #lines: LogLine[] = [];
  #listener: ((line: LogLine) => void) | undefined;

  constructor(private readonly now: () => number) {}

  /** Oldest first, at most 200. */
  lines(): readonly LogLine[] {
    return this.#lines.slice(-KEPT);
  }

  /** One listener at a time; undefined ends it. It must not write to the log. */
  listen(listener: ((line: LogLine) => void) | undefined): void {
    this.#listener = listener;
  }

  /** A log that writes to `log`, and here. */
  over(log: Log, part?: string): Log {
    const note = (level: LogLine['level'], fields: object, message: string): void => {
      const line = {
        at: this.now(),
        level,
        part: partOf(fields) ?? part,
        message: message.slice(0, MESSAGE_LIMIT),
      };
      this.#lines.push(line);
      if (this.#lines.length > KEPT * 2) this.#lines = this.#lines.slice(-KEPT);
      this.#listener?.(line);
    };
    return {
      debug: (fields, message) => log.debug(fields, message),
      info: (fields, message) => {
        log.info(fields, message);
        note('info', fields, message);
      },
      warn: (fields, message) => {
        log.warn(fields, message);
        note('warn', fields, message);
      },
      error: (fields, message) => {
        log.error(fields, message);
        note('error', fields, message);
      },
      child: (fields) => this.over(log.child(fields), partOf(fields) ?? part),
    };
  }
}

function partOf(fields: object): string | undefined {
  const { part } = fields as { part?: unknown };
  return typeof part === 'string' ? part : undefined;
}
