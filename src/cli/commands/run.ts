import { SystemClock } from '../../../hal/index.js';
import type { App } from '../../app.js';
import { EXIT } from '../exit.js';
import { type CliIo, defaultConfigFile } from '../io.js';
import { LampView } from '../lamps.js';
import type { Register } from '../program.js';
import { stateOverride } from '../state.js';

interface RunOptions {
  readonly config: string;
  readonly state?: string;
}

/** `greenlight run`: until Ctrl-C or SIGTERM, then everything stops in order, outputs safe. */
export const registerRun: Register = (program, { io, action }) => {
  program
    .command('run')
    .description('run what the configuration says')
    .option('-c, --config <file>', 'configuration file', defaultConfigFile())
    .option('--state <dir>', 'state folder, instead of the one in the configuration')
    .action(action((options: RunOptions) => run(options, io)));
};

async function run(options: RunOptions, io: CliIo): Promise<number> {
  const [
    { createApp },
    { loadConfig },
    { CATALOG },
    { createLog, isJournal, LogLevels },
    { ServiceManager },
  ] = await Promise.all([
    import('../../app.js'),
    import('../../config/index.js'),
    import('../../catalog.js'),
    import('../../log/index.js'),
    import('../../notify/index.js'),
  ]);
  const config = await loadConfig(options.config, {
    catalog: CATALOG,
    env: io.env,
    overrides: stateOverride(options),
  });
  const clock = new SystemClock();
  const levels = new LogLevels({ ...config.log, clock });
  const log = await createLog({ levels, pretty: io.interactive, journal: isJournal(io.env, 1) });
  const app = createApp({ config, log, levels, clock, random: Math.random, env: io.env });
  const manager = new ServiceManager({
    env: io.env,
    pid: process.pid,
    clock,
    log,
    status: () => app.status(),
  });
  if (io.interactive) showLamps(app, io);
  try {
    await manager.open();
    await app.start(io.signal);
    await manager.start(io.signal);
    if (io.interactive && app.dashboard) io.out(`Open ${app.dashboard} in a browser.\n`);
    await untilAborted(io.signal);
  } catch (error) {
    // a start that Ctrl-C ended is no failure
    if (!io.signal.aborted) throw error;
  } finally {
    await manager.stop();
    await app.stop();
  }
  return EXIT.done;
}

function showLamps(app: App, io: CliIo): void {
  const view = new LampView(io, Date.now);
  app.events.on('thing', ({ name, state }) => view.light(name, state));
  app.events.on('green', ({ thing, totals, batch }) => view.green(thing, totals, batch));
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
