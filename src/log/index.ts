/** Doorway of `pino` and `pino-pretty`. */
import { fstatSync } from 'node:fs';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Log } from '../../hal/index.js';
import { type LogLevels, SEVERITY, type Threshold } from './levels.js';

export { DEBUG_LINES_PER_SECOND, DebugBudget } from './budget.js';
export { type LevelChange, type LevelsView, type LevelView, LOG_LEVELS, LogLevels } from './levels.js';
export { LOG_PARTS } from './parts.js';

export interface LogOptions {
  readonly levels: LogLevels;
  /** Readable lines for people; otherwise one JSON object per line. */
  readonly pretty: boolean;
  /** JSON lines begin with the priority that systemd's journal takes off and keeps (sd-daemon(3)). */
  readonly journal?: boolean;
  /** Where lines go; default: standard output. Writes must not block for long. */
  readonly destination?: DestinationStream;
}

/** What must never be in a log, wherever it turns up. */
const SECRETS = ['*.privateKey', '*.key', '*.password', 'privateKey', 'key', 'password'];

/** The application's log. A child with a `part` follows that part's level. */
export async function createLog(options: LogOptions): Promise<Log> {
  const settings = {
    // the levels decide
    level: 'trace',
    base: null,
    redact: { paths: SECRETS, censor: '(secret)' },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const destination = await destinationOf(options);
  const logger = pino(settings, options.journal ? withPriority(destination) : destination);
  return new LeveledLog(logger, options.levels, options.levels.threshold(undefined));
}

/** pino's children copy their level when they are made; these look at it before each line. */
class LeveledLog implements Log {
  readonly #logger: Logger;
  readonly #levels: LogLevels;
  readonly #threshold: Threshold;

  constructor(logger: Logger, levels: LogLevels, threshold: Threshold) {
    this.#logger = logger;
    this.#levels = levels;
    this.#threshold = threshold;
  }

  debug(fields: object, message: string): void {
    if (this.#threshold.severity <= SEVERITY.debug) this.#logger.debug(fields, message);
  }

  info(fields: object, message: string): void {
    if (this.#threshold.severity <= SEVERITY.info) this.#logger.info(fields, message);
  }

  warn(fields: object, message: string): void {
    if (this.#threshold.severity <= SEVERITY.warn) this.#logger.warn(fields, message);
  }

  error(fields: object, message: string): void {
    if (this.#threshold.severity <= SEVERITY.error) this.#logger.error(fields, message);
  }

  child(fields: object): Log {
    const { part } = fields as { part?: unknown };
    const threshold = typeof part === 'string' ? this.#levels.threshold(part) : this.#threshold;
    return new LeveledLog(this.#logger.child(fields), this.#levels, threshold);
  }
}

/** Severities of pino, and priorities of syslog(3): info, warning, error, critical; debug is for all below. */
const PRIORITIES: readonly (readonly [severity: number, priority: number])[] = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
];

function withPriority(inner: DestinationStream): DestinationStream {
  return {
    // pino then sets lastLevel before each line
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      const priority = PRIORITIES.find(([severity]) => this.lastLevel >= severity)?.[1] ?? 7;
      inner.write(`<${priority}>${line}`);
    },
  } as DestinationStream & { lastLevel: number };
}

/** Whether a file descriptor is systemd's journal: `JOURNAL_STREAM` names its device and inode (systemd.exec(5)). */
export function isJournal(env: Readonly<Record<string, string | undefined>>, fd: number): boolean {
  if (!env.JOURNAL_STREAM) return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return env.JOURNAL_STREAM === `${dev}:${ino}`;
}

async function destinationOf(options: LogOptions): Promise<DestinationStream> {
  if (!options.pretty) return options.destination ?? pino.destination({ dest: 1, sync: true });
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    colorize: process.stdout.isTTY === true && !process.env.NO_COLOR,
    translateTime: 'SYS:HH:MM:ss',
    // the sentence says it; the fields are for machines
    hideObject: true,
    messageFormat: '{if part}{part}: {end}{msg}',
    sync: true,
    ...(options.destination && { destination: options.destination }),
  });
}
