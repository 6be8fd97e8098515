/** A day without the cloud, in injected time: what sensors publish and what lights are counted to, spooled on a real disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT, VirtualClock } from '../../hal/index.js';
import { SPOOL_LIMITS, Spool, type SpoolLimits, type SpoolStatus } from '../../src/cloud/spool/index.js';
import { LevelStore } from '../../src/store/level.js';
import { until } from './until.js';

export interface DayOptions {
  /** Absent: those of the product. */
  readonly limits?: Partial<SpoolLimits>;
  readonly sensors: number;
  /** Each publishes every so many seconds, and there is a batch every two minutes, or as often. */
  readonly everyS: number;
}

export interface DestinationOfDay {
  readonly handedOver: number;
  /** At the end of the day, before anything was sent. */
  readonly offline: SpoolStatus;
  /** After the cloud was back. */
  readonly after: SpoolStatus;
  /** Entries that did not come in the order in which they were handed over, or twice. */
  readonly outOfOrder: number;
}

export interface Day {
  readonly messages: DestinationOfDay;
  readonly batches: DestinationOfDay;
  readonly writeMs: number;
  /** To start with what the day left. */
  readonly startMs: number;
  readonly drainMs: number;
}

const BATCH_EVERY_S = 120;
const DAY_S = 86_400;
const READING = 'x'.repeat(100);
const never = new AbortController().signal;

export async function dayOffline({ limits, sensors, everyS }: DayOptions): Promise<Day> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-day-'));
  const clock = new VirtualClock();
  const way = { open: false };
  const last = new Map<string, number>();
  const wrong = { 'aws-iot': 0, dynamodb: 0 };
  const make = (store: LevelStore, name: 'aws-iot' | 'dynamodb') =>
    new Spool({
      name,
      store,
      clock,
      log: SILENT,
      random: Math.random,
      ...(limits && { limits }),
      deliver: async ({ subject, payload }) => {
        if (!way.open) throw new Error('no way to the cloud');
        const n = Number(Buffer.from(payload).toString().split(' ')[0]);
        if (n <= (last.get(subject) ?? -1)) wrong[name] += 1;
        last.set(subject, n);
      },
    });
  const open = async () => {
    const store = await LevelStore.open(folder);
    const [messages, batches] = [make(store, 'aws-iot'), make(store, 'dynamodb')];
    const begin = performance.now();
    await messages.start(never);
    await batches.start(never);
    const startMs = performance.now() - begin;
    const stop = async () => {
      await messages.stop();
      await batches.stop();
      await store.close();
    };
    return { messages, batches, startMs, stop };
  };

  let now = await open();
  const handed = { messages: 0, batches: 0 };
  const writing = performance.now();
  for (let second = 0; second < DAY_S; second += everyS) {
    const work: Promise<void>[] = [];
    for (let sensor = 0; sensor < sensors; sensor++) {
      const payload = Buffer.from(`${handed.messages++} ${READING}`);
      work.push(now.messages.enqueue({ subject: `climate/${sensor}`, payload }));
    }
    if (second % BATCH_EVERY_S === 0) {
      const payload = Buffer.from(`${handed.batches++} ${READING}`);
      work.push(now.batches.enqueue({ subject: 'CarStats', payload }));
    }
    await Promise.all(work);
    await clock.advance(everyS * 1000);
  }
  const writeMs = performance.now() - writing;
  // room is made behind the write that took it
  const { maxBytes } = { ...SPOOL_LIMITS, ...limits };
  await until(() => now.messages.status().bytes <= maxBytes && now.batches.status().bytes <= maxBytes);
  const offline = { messages: now.messages.status(), batches: now.batches.status() };
  await now.stop();

  now = await open();
  const { startMs } = now;
  way.open = true;
  now.messages.kick();
  now.batches.kick();
  const draining = performance.now();
  while (now.messages.status().bytes > 0 || now.batches.status().bytes > 0) {
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const drainMs = performance.now() - draining;
  const after = { messages: now.messages.status(), batches: now.batches.status() };
  await now.stop();
  await rm(folder, { recursive: true, force: true });
  const of = (what: 'messages' | 'batches', name: keyof typeof wrong): DestinationOfDay => ({
    handedOver: handed[what],
    offline: offline[what],
    after: after[what],
    outOfOrder: wrong[name],
  });
  return {
    messages: of('messages', 'aws-iot'),
    batches: of('batches', 'dynamodb'),
    writeMs,
    startMs,
    drainMs,
  };
}
