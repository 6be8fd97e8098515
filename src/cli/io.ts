import { resolve } from 'node:path';
import { packageFolder } from '../package.js';

/** What a command has of the outside world; injected so that tests run commands in-process. */
export interface CliIo {
  readonly env: NodeJS.ProcessEnv;
  /** Standard output is a terminal. */
  readonly interactive: boolean;
  out(text: string): void;
  err(text: string): void;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

export function processIo(signal: AbortSignal): CliIo {
  return {
    env: process.env,
    interactive: process.stdout.isTTY === true,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    signal,
  };
}

/** The configuration that runs when none is named. */
export function defaultConfigFile(): string {
  return resolve(packageFolder(), 'config/laptop.yaml');
}
