#!/usr/bin/env node
import { EXIT, explain } from './cli/exit.js';
import { processIo } from './cli/io.js';
import { runCli } from './cli/program.js';
import { packageVersion } from './package.js';

/** Time in ms after which a process that was told to stop is ended, whatever hangs. */
const LAST_RESORT_MS = 8_000;

const ending = new AbortController();
const io = processIo(ending.signal);

function end(signal: NodeJS.Signals): void {
  // a second Ctrl-C means now
  if (ending.signal.aborted) process.exit(EXIT.internal);
  ending.abort(new Error(`ended by ${signal}`));
  setTimeout(() => process.exit(EXIT.internal), LAST_RESORT_MS).unref();
}

function crash(error: unknown): void {
  explain(error, io.err);
  process.exitCode = EXIT.internal;
  if (ending.signal.aborted) process.exit(EXIT.internal);
  // outputs are made safe on the way out of a fault too
  ending.abort(error);
  setTimeout(() => process.exit(EXIT.internal), LAST_RESORT_MS).unref();
}

process.on('SIGINT', end);
process.on('SIGTERM', end);
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
// the reader of our output left: nothing to tell it any more
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  error.code === 'EPIPE' ? process.exit(EXIT.done) : crash(error),
);

const code = await runCli(process.argv.slice(2), packageVersion(), io);
process.exitCode ??= code;
// commands that are done leave nothing running; what a library keeps open must not hold the shell
setTimeout(() => process.exit(), 500).unref();
