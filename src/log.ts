/** Doorway of `pino` and `pino-pretty`. */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Log } from '../hal/index.js';
import type { LogLevel } from './config/model.js';

export interface LogOptions {
  readonly level: LogLevel;
  /** Readable lines for people; otherwise one JSON object per line. */
  readonly pretty: boolean;
  /** Where lines go; default: standard output. Writes must not block for long. */
  readonly destination?: DestinationStream;
}

/** What must never be in a log, wherever it turns up. */
const SECRETS = ['*.privateKey', '*.key', '*.password', 'privateKey', 'key', 'password'];

/** The application's log; it has the methods of {@link Log} and a level that may be changed while running. */
export async function createLog(options: LogOptions): Promise<Log & { level: string }> {
  const settings = {
    level: options.level,
    base: null,
    redact: { paths: SECRETS, censor: '(secret)' },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const logger: Logger = pino(settings, await destinationOf(options));
  return logger as Log & { level: string };
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
