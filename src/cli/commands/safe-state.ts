import { ROLES } from '../../../devices/index.js';
import { HalError, messageOf, SILENT, SystemClock } from '../../../hal/index.js';
import { openDriver } from '../../../hal/registry.js';
import { EXIT } from '../exit.js';
import { type CliIo, defaultConfigFile } from '../io.js';
import type { Register } from '../program.js';

/** What shows as holder of a line for the moment in which it is set. */
const CONSUMER = 'greenlight-safe';

/** `greenlight safe-state`: what a process that was killed could not do any more. For `ExecStopPost=`. */
export const registerSafeState: Register = (program, { io, action }) => {
  program
    .command('safe-state')
    .description('put every output of the configuration to its safe value; for use after a crash')
    .option('-c, --config <file>', 'configuration file', defaultConfigFile())
    .action(action((options: { config: string }) => safeState(options.config, io)));
};

async function safeState(file: string, io: CliIo): Promise<number> {
  // systemd says how the service ended; after a clean stop the outputs are safe
  if (io.env.SERVICE_RESULT === 'success') return EXIT.done;
  const [{ loadConfig }, { CATALOG }] = await Promise.all([
    import('../../config/index.js'),
    import('../../catalog.js'),
  ]);
  const config = await loadConfig(file, { catalog: CATALOG, env: io.env });
  const outputs = config.things.flatMap(({ role, options }) =>
    (role === undefined ? [] : (ROLES.get(role)?.lines(options) ?? [])).filter(
      ({ direction }) => direction === 'output',
    ),
  );
  if (outputs.length === 0) return EXIT.done;
  const { driver } = await openDriver(
    config.hal.driver,
    { clock: new SystemClock(), log: SILENT, env: io.env },
    { signal: io.signal },
  );
  let failed = 0;
  try {
    for (const { address, safe = 'inactive', activeLow = false } of outputs) {
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
