/**
 * The application of crash.ts: a light that goes through its colours, the aggregator that counts its greens, and the
 * DynamoDB sink, on a store on disk. Killed and started again, it goes on where its store says. Ends by itself when all
 * greens are shown and nothing is owed.
 */
import { SILENT, SystemClock } from '../../../hal/index.js';
import { CarAggregator } from '../../../src/aggregator/car-aggregator.js';
import { DynamoDbSink } from '../../../src/cloud/dynamodb-sink.js';
import type { FunctionContext } from '../../../src/core/functions/contract.js';
import { LevelStore } from '../../../src/store/level.js';
import { carsAt } from './cars.js';

const [folder, endpoint, greensWanted, stepMs] = process.argv.slice(2) as [string, string, string, string];
const store = await LevelStore.open(folder);
const section = store.section('cars');
const shadow = store.section('light');
const clock = new SystemClock();

interface Light {
  version: number;
  colour: 'G' | 'Y' | 'R';
  greens: number;
}

const kept = await shadow.get('document');
let light: Light =
  kept === undefined
    ? { version: 0, colour: 'R', greens: 0 }
    : (JSON.parse(Buffer.from(kept).toString()) as Light);

const sink = new DynamoDbSink({
  table: 'CarStats',
  region: 'us-east-1',
  endpoint,
  credentials: async () => ({
    accessKeyId: 'test',
    secretAccessKey: 'test',
    sessionToken: 'test',
    expiration: new Date(Date.now() + 86_400_000),
  }),
  create: true,
  store: section,
  clock,
  log: SILENT,
  random: Math.random,
  backoff: { firstMs: 50, maxMs: 500 },
});
let counted = 0;
const aggregator = new CarAggregator(
  { watch: 'GG_TrafficLight', batchEvery: 3, randomCars: { min: 1, max: 20 } },
  // so that the right figures are known whatever dies: the cars of the n-th green follow from n
  { section, sink, clock, random: () => (carsAt(counted + 1) - 0.5) / 20 },
);
const document = () => ({ version: light.version, state: { reported: { property: light.colour } } });
const context: FunctionContext = {
  name: 'GG_Car_Aggregator',
  log: SILENT,
  signal: new AbortController().signal,
  publish: async () => {},
  getShadow: async () => (light.version === 0 ? undefined : document()),
  updateShadow: async () => ({}),
};

const bytes = await section.get('totals!GG_TrafficLight');
if (bytes !== undefined)
  counted = (JSON.parse(Buffer.from(bytes).toString()) as { totalGreenlights: number }).totalGreenlights;
await sink.start(new AbortController().signal);
await aggregator.start(context);
const NEXT = { G: 'Y', Y: 'R', R: 'G' } as const;
while (light.greens < Number(greensWanted) || light.colour === 'G') {
  const colour = NEXT[light.colour];
  const next: Light = {
    version: light.version + 1,
    colour,
    greens: light.greens + (colour === 'G' ? 1 : 0),
  };
  await shadow.write([{ type: 'put', key: 'document', value: JSON.stringify(next) }]);
  light = next;
  counted = aggregator.totals.totalGreenlights;
  await aggregator.invoke({
    topic: '$aws/things/GG_TrafficLight/shadow/update/documents',
    event: { current: document() },
    from: 'GGShadowService',
  });
  process.send?.({ greens: light.greens });
  await clock.sleep(Number(stepMs));
}
for (;;) {
  const { bytes: owed } = sink.part().figures as { bytes: number };
  process.send?.({ greens: light.greens, owed });
  if (owed === 0) break;
  await clock.sleep(50);
}
await sink.stop();
await store.close();
process.exit(0);
