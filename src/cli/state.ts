import { resolve } from 'node:path';
import { ControlClient } from '../control/client.js';
import type { CliIo } from './io.js';
import type { Command } from './program.js';

export interface StateOptions {
  readonly state?: string;
}

/** `--state`, as every command has it that speaks to a running instance. */
export function withState(command: Command): Command {
  return command.option(
    '--state <dir>',
    'state folder of the instance (default: $GREENLIGHT_STATE, $STATE_DIRECTORY, ./state)',
  );
}

/** The state folder that a command means: `--state`, `GREENLIGHT_STATE`, `$STATE_DIRECTORY` under systemd, `./state`. */
export function stateFolder(options: StateOptions, io: CliIo): string {
  return namedStateFolder(options, io) ?? resolve('state');
}

/** Undefined: nothing but a configuration could say it. */
export function namedStateFolder(options: StateOptions, io: CliIo): string | undefined {
  const fromSystemd = io.env.STATE_DIRECTORY?.split(':')[0];
  const named = options.state ?? io.env.GREENLIGHT_STATE ?? fromSystemd;
  return named === undefined ? undefined : resolve(named);
}

export function instance(options: StateOptions, io: CliIo): ControlClient {
  return new ControlClient(stateFolder(options, io));
}

/** `--state` as the configuration's override: above the environment and the file. */
export function stateOverride(options: StateOptions): { readonly stateDir?: string } {
  return options.state === undefined ? {} : { stateDir: resolve(options.state) };
}
