import { HalError, messageOf, SILENT, SystemClock } from '../../../hal/index.js';
import { openDriver } from '../../../hal/registry.js';
import { outputsFile, readOutputs, type SafeOutputs } from '../../app/outputs-file.js';
import { EXIT } from '../exit.js';
import { type CliIo, defaultConfigFile } from '../io.js';
import type { Register } from '../program.js';
import { namedStateFolder, stateOverride } from '../state.js';

/** What shows as holder of a line for the moment in which it is set. */
const CONSUMER = 'greenlight-safe';

/** `greenlight safe-state`: what a process that was killed could not do any more. For `ExecStopPost=`. */
export const registerSafeState: Register = (program, { io, action }) => {
  program
    .command('safe-state')
    .description(
      'put every output of the last run, or of the configuration, to its safe value; for use after a crash',
    )
    .option('-c, --config <file>', 'configuration file', defaultConfigFile())
    .option('--state <dir>', 'state folder of the instance that ended')
    .action(action((options: SafeStateOptions) => safeState(options, io)));
};

interface SafeStateOptions {
  readonly config: string;
  readonly state?: string;
}

async function safeState({ config, state }: SafeStateOptions, io: CliIo): Promise<number> {
  // systemd says how the service ended; after a clean stop the outputs are safe
  if (io.env.SERVICE_RESULT === 'success') return EXIT.done;
  const { driver: name, outputs } = await outputsToSet(config, state, io);
  if (outputs.length === 0) return EXIT.done;
  const { driver } = await openDriver(
    name,
    { clock: new SystemClock(), log: SILENT, env: io.env },
    { signal: io.signal },
  );
  let failed = 0;
  try {
    for (const { address, safe, activeLow } of outputs) {
      try {
        const line = await driver.output(address, CONSUMER, { initial: safe, safe, activeLow });
        io.out(`${line.identity.name || JSON.stringify(address)}: ${safe}\n`);
        await line.close();
      } catch (error) {
        // the other lines must have their turn
        failed += 1;
        const taken = error instanceof HalError && error.code === 'HAL_LINE_BUSY';
        io.err(`greenlight: ${messageOf(error)}${taken ? '; its holder is responsible for it' : ''}\n`);
      }
    }
  } finally {
    await driver.stop();
  }
  return failed === 0 ? EXIT.done : EXIT.no;
}

/** What the instance last ran with, a deployed group's lines among them; or the configuration, when none has run. */
async function outputsToSet(file: string, state: string | undefined, io: CliIo): Promise<SafeOutputs> {
  const options = state === undefined ? {} : { state };
  const named = namedStateFolder(options, io);
  // without a look at the configuration, which takes most of the time
  const known = named === undefined ? undefined : await readOutputs(outputsFile(named));
  if (known !== undefined) return known;
  const [{ loadConfig }, { CATALOG }, { outputsOf }] = await Promise.all([
    import('../../config/index.js'),
    import('../../catalog.js'),
    import('../../app/outputs.js'),
  ]);
  const overrides = stateOverride(options);
  const config = await loadConfig(file, { catalog: CATALOG, env: io.env, overrides });
  const kept = await readOutputs(outputsFile(config.stateDir));
  return kept ?? { driver: config.hal.driver, outputs: outputsOf(config.things) };
}
