import { on } from 'node:events';
import { onTestFinished } from 'vitest';
import { MockBoard } from '../../hal/drivers/mock/index.js';
import { type Clock, type Log, SILENT, SystemClock } from '../../hal/index.js';
import { type App, type AppEvents, createApp } from '../../src/app.js';
import { CATALOG } from '../../src/catalog.js';
import { checkConfig } from '../../src/config/index.js';
import { ControlClient } from '../../src/control/client.js';
import type { LogLevels } from '../../src/log/index.js';
import type { MdnsOptions } from '../../src/mdns/index.js';
import { temporaryFolder } from './folder.js';

export { FAST_CROSSING } from './fast-crossing.js';

export interface RunningApp {
  readonly app: App;
  readonly board: MockBoard;
  readonly stateDir: string;
  readonly control: ControlClient;
  stop(): Promise<void>;
}

/** Runs a configuration in this process on a mock board; stopped when the test is over. */
export async function runApp(
  text: string,
  options: {
    stateDir?: string;
    log?: Log;
    levels?: LogLevels;
    clock?: Clock;
    mdns?: MdnsOptions;
    /** Takes what ends it; default: when the test is over. */
    onEnd?: (stop: () => Promise<void>) => void;
  } = {},
): Promise<RunningApp> {
  const stateDir = options.stateDir ?? (await temporaryFolder());
  const { config, problems } = await checkConfig(
    { file: `${stateDir}/test.yaml`, text },
    { catalog: CATALOG, env: {}, overrides: { stateDir } },
  );
  if (config === undefined) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join('\n'));
  const clock = options.clock ?? new SystemClock();
  const board = new MockBoard({ clock });
  const app = createApp({
    config,
    clock,
    log: options.log ?? SILENT,
    ...(options.levels && { levels: options.levels }),
    ...(options.mdns && { mdns: options.mdns }),
    random: Math.random,
    env: {},
    mock: board,
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= app.stop();
    return stopped;
  };
  (options.onEnd ?? onTestFinished)(stop);
  await app.start(new AbortController().signal);
  return { app, board, stateDir, control: new ControlClient(stateDir), stop };
}

/** Resolves with the first event for which `wanted` says yes; rejects after `limitMs`. */
export async function eventually<K extends keyof AppEvents>(
  app: App,
  name: K,
  wanted: (event: AppEvents[K][0]) => boolean,
  limitMs = 10_000,
): Promise<AppEvents[K][0]> {
  for await (const [event] of on(app.events, name, { signal: AbortSignal.timeout(limitMs) })) {
    if (wanted(event as AppEvents[K][0])) return event as AppEvents[K][0];
  }
  throw new Error('unreachable');
}
