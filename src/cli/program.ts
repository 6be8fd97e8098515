/** Doorway of `commander`. */
import { Command, CommanderError } from 'commander';
import { registerCheck } from './commands/check.js';
import { registerDeploy } from './commands/deploy.js';
import { registerDoctor } from './commands/doctor.js';
import { registerGpio } from './commands/gpio.js';
import { registerLog } from './commands/log.js';
import { registerMqtt } from './commands/mqtt.js';
import { registerPackage } from './commands/package.js';
import { registerRun } from './commands/run.js';
import { registerSafeState } from './commands/safe-state.js';
import { registerShadow } from './commands/shadow.js';
import { registerStats } from './commands/stats.js';
import { registerStatus } from './commands/status.js';
import { registerSubscriptions } from './commands/subscriptions.js';
import { registerTelemetry } from './commands/telemetry.js';
import { registerThing } from './commands/thing.js';
import { registerUpdate } from './commands/update.js';
import { EXIT, explain } from './exit.js';
import type { CliIo } from './io.js';

export type { Command } from 'commander';

/** Adds one command, or a family of them. `done` takes the exit code. */
export type Register = (program: Command, context: CommandContext) => void;

export interface CommandContext {
  readonly io: CliIo;
  /** Wraps an action: what it returns is the exit code (0 when nothing), what it throws is explained. */
  action<A extends unknown[]>(
    work: (...args: A) => Promise<number | undefined>,
  ): (...args: A) => Promise<void>;
}

const COMMANDS: readonly Register[] = [
  registerRun,
  registerCheck,
  registerThing,
  registerShadow,
  registerStats,
  registerTelemetry,
  registerStatus,
  registerLog,
  registerDeploy,
  registerDoctor,
  registerGpio,
  registerMqtt,
  registerSubscriptions,
  registerPackage,
  registerSafeState,
  registerUpdate,
];

/** Runs one command line. @returns the exit code */
export async function runCli(argv: readonly string[], version: string, io: CliIo): Promise<number> {
  let code: number = EXIT.done;
  const context: CommandContext = {
    io,
    action:
      (work) =>
      async (...args) => {
        try {
          code = (await work(...args)) ?? EXIT.done;
        } catch (error) {
          code = explain(error, io.err);
        }
      },
  };
  const program = new Command('greenlight')
    .description(
      'Raspberry Pi GPIO devices as AWS IoT things, and the Greengrass-compatible core that carries them',
    )
    .version(version)
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError('(see greenlight --help)')
    .exitOverride();
  for (const register of COMMANDS) register(program, context);
  for (const command of everyCommand(program))
    command.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // help and version end with 0; everything else was said by commander on standard error
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  return code;
}

function* everyCommand(command: Command): Iterable<Command> {
  for (const child of command.commands) {
    yield child;
    yield* everyCommand(child);
  }
}
