/** The application on a mock board with every port free to choose, for a browser to look at. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockBoard } from '../../hal/drivers/mock/index.js';
import { SILENT, SystemClock } from '../../hal/index.js';
import { type App, createApp } from '../../src/app.js';
import { CATALOG } from '../../src/catalog.js';
import { checkConfig } from '../../src/config/index.js';

export const SHOWN = `
version: 1
group: { name: crossing }
hal: { driver: mock }
core:
  mqtt: { host: 127.0.0.1, port: 0 }
  discovery: { host: 127.0.0.1, port: 0 }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
  - { name: GG_Switch, role: light-controller, controls: GG_TrafficLight, sequence: [G, Y, R], line: GPIO23 }
  - { name: GG_Relay, role: relay, line: GPIO5 }
  - { name: GG_Led, role: led, line: GPIO18, dimmable: true }
  - { name: GG_Motion, role: motion, line: GPIO24, clearAfter: 1s }
  - { name: GG_Weather, role: climate, line: GPIO4, sample: 2s, every: 2s }
  - { name: GG_Distance, role: distance, trigger: GPIO20, echo: GPIO21 }
  - { name: HelloWorld_Publisher, role: publisher, topic: hello/world/pubsub, to: [HelloWorld_Subscriber], every: 1s }
  - { name: HelloWorld_Subscriber, role: subscriber, topic: hello/world/pubsub, from: HelloWorld_Publisher }
  - { name: Far_Counter }
functions:
  - { name: GG_Car_Aggregator, builtin: car-aggregator, watch: GG_TrafficLight, batchEvery: 3 }
dashboard: { port: 0 }
`;

export interface Shown {
  readonly app: App;
  readonly board: MockBoard;
  readonly url: string;
  readonly stateDir: string;
  stop(): Promise<void>;
}

export async function showApp(text = SHOWN, folder?: string): Promise<Shown> {
  const stateDir = folder ?? (await mkdtemp(join(tmpdir(), 'greenlight-browser-')));
  const { config, problems } = await checkConfig(
    { file: join(stateDir, 'test.yaml'), text },
    { catalog: CATALOG, env: {}, overrides: { stateDir } },
  );
  if (config === undefined)
    throw new Error(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const clock = new SystemClock();
  const board = new MockBoard({ clock });
  const app = createApp({ config, clock, log: SILENT, random: Math.random, env: {}, mock: board });
  const stop = async (): Promise<void> => {
    await app.stop();
    if (folder === undefined) await rm(stateDir, { recursive: true, force: true });
  };
  try {
    await app.start(new AbortController().signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { app, board, url: app.dashboard!, stateDir, stop };
}
