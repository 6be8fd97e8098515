/**
 * A day without the cloud, in injected time, with default settings: a light whose third greens are batches, ten sensors
 * that publish every ten seconds. Prints what is queued, kept, dropped, and how long starting and sending it takes.
 * `npx tsx test/deep/cloud/day-offline.ts`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT, VirtualClock } from '../../../hal/index.js';
import { SPOOL_LIMITS, Spool } from '../../../src/cloud/spool/index.js';
import { LevelStore } from '../../../src/store/level.js';

const SENSORS = 10;
const EVERY_S = 10;
const BATCH_EVERY_S = 120;
const never = new AbortController().signal;
const folder = await mkdtemp(join(tmpdir(), 'greenlight-day-'));
const clock = new VirtualClock();
const way = { open: false };
const arrived = new Map<string, number>();
let wrongOrder = 0;
const last = new Map<string, number>();

const make = (store: LevelStore, name: string) =>
  new Spool({
    name,
    store,
    clock,
    log: SILENT,
    random: Math.random,
    deliver: async ({ subject, payload }) => {
      if (!way.open) throw new Error('no way to the cloud');
      const n = Number(Buffer.from(payload).toString().split(' ')[0]);
      if (n <= (last.get(subject) ?? -1)) wrongOrder += 1;
      last.set(subject, n);
      arrived.set(name, (arrived.get(name) ?? 0) + 1);
    },
  });

let store = await LevelStore.open(folder);
let telemetry = make(store, 'aws-iot');
let batches = make(store, 'dynamodb');
await telemetry.start(never);
await batches.start(never);
const sent = { telemetry: 0, batches: 0 };
const reading = 'x'.repeat(100);
const writing = Date.now();
for (let second = 0; second < 86_400; second += EVERY_S) {
  const work: Promise<void>[] = [];
  for (let sensor = 0; sensor < SENSORS; sensor++) {
    work.push(
      telemetry.enqueue({
        subject: `climate/${sensor}`,
        payload: Buffer.from(`${sent.telemetry++} ${reading}`),
      }),
    );
  }
  if (second % BATCH_EVERY_S === 0) {
    work.push(batches.enqueue({ subject: 'CarStats', payload: Buffer.from(`${sent.batches++} ${reading}`) }));
  }
  await Promise.all(work);
  await clock.advance(EVERY_S * 1000);
}
const writeMs = Date.now() - writing;
const queued = { telemetry: telemetry.status(), batches: batches.status() };
await telemetry.stop();
await batches.stop();
await store.close();

store = await LevelStore.open(folder);
telemetry = make(store, 'aws-iot');
batches = make(store, 'dynamodb');
const starting = performance.now();
await telemetry.start(never);
await batches.start(never);
const startMs = performance.now() - starting;
way.open = true;
telemetry.kick();
batches.kick();
const draining = performance.now();
while (telemetry.status().bytes > 0 || batches.status().bytes > 0) {
  await clock.advance(1_000);
  await new Promise((resolve) => setTimeout(resolve, 1));
}
const drainMs = performance.now() - draining;
await telemetry.stop();
await batches.stop();
const after = { telemetry: telemetry.status(), batches: batches.status() };
await store.close();
await rm(folder, { recursive: true, force: true });

console.log(`limits: ${SPOOL_LIMITS.maxBytes} bytes, ${SPOOL_LIMITS.maxAgeMs / 86_400_000} days`);
for (const name of ['telemetry', 'batches'] as const) {
  const { bytes, droppedForAge, droppedForSize } = queued[name];
  console.log(
    `${name}: handed over ${sent[name]}, queued after a day ${bytes} bytes, dropped ${droppedForAge + droppedForSize}, delivered afterwards ${after[name].delivered}`,
  );
}
console.log(
  `writing ${writeMs} ms; start with the queue ${startMs.toFixed(1)} ms; sending it ${drainMs.toFixed(0)} ms; out of order ${wrongOrder}`,
);
const right =
  wrongOrder === 0 &&
  after.telemetry.delivered === sent.telemetry &&
  after.batches.delivered === sent.batches &&
  startMs < 1_000;
process.exit(right ? 0 : 1);
