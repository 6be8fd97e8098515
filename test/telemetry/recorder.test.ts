import { expect, it, onTestFinished } from 'vitest';
import { SILENT, VirtualClock } from '../../hal/index.js';
import { ALLOWED, Broker, memorySessions } from '../../src/core/broker/index.js';
import type { Store } from '../../src/store/contract.js';
import { MemoryStore } from '../../src/store/memory.js';
import { readTelemetry, type TelemetryLimits, TelemetryRecorder } from '../../src/telemetry/index.js';
import { until } from '../support/until.js';

const never = new AbortController().signal;
const DAY = 86_400_000;

async function recording(limits: Partial<TelemetryLimits> = {}, section: Store = new MemoryStore()) {
  const clock = new VirtualClock();
  const broker = new Broker({
    policy: { connect: () => ALLOWED, publish: () => ALLOWED, subscribe: () => ALLOWED, pass: () => true },
    sessions: memorySessions(),
    clock,
    log: SILENT,
  });
  const recorder = new TelemetryRecorder({
    port: broker.port('@telemetry'),
    subjects: ['climate/+'],
    section,
    limits,
    clock,
    log: SILENT,
  });
  await recorder.start(never);
  onTestFinished(() => recorder.stop());
  const publish = (thing: string, payload: string, topic = `climate/${thing}`) =>
    broker.port(thing).publish({ topic, payload });
  const read = async (thing: string, since = 0) =>
    (await readTelemetry(section, thing, { since })).records.map(({ values }) => values);
  const kept = (count: number) => until(() => recorder.part().figures?.kept === count);
  return { clock, recorder, section, publish, read, kept };
}

it('keeps what each thing published in order, and gives it from a time on', async () => {
  const { clock, publish, read, kept } = await recording();
  for (let n = 1; n <= 3; n += 1) {
    await publish('Out', JSON.stringify({ n }));
    await publish('Out2', JSON.stringify({ other: n }));
    await kept(2 * n);
    await clock.advance(1_000);
  }
  expect(await read('Out')).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(await read('Out', clock.now() - 2_000)).toEqual([{ n: 2 }, { n: 3 }]);
  expect(await read('Out2')).toEqual([{ other: 1 }, { other: 2 }, { other: 3 }]);
  expect(await read('Ou')).toEqual([]);
});

it('keeps several of one moment, and what is no JSON object', async () => {
  const { publish, read, kept } = await recording();
  for (const payload of ['21.5', '{"a":1}', 'warm']) await publish('Out', payload);
  await kept(3);
  expect(await read('Out')).toEqual([{ value: 21.5 }, { a: 1 }, { value: 'warm' }]);
});

it('forgets what is older than its time, of things too that publish no more', async () => {
  const { clock, publish, read, kept } = await recording({ keepMs: 30 * DAY });
  await publish('Gone', '{"n":1}');
  await publish('Out', '{"n":1}');
  await kept(2);
  await clock.advance(20 * DAY);
  await publish('Out', '{"n":2}');
  await kept(3);
  await clock.advance(10 * DAY + 2 * 3_600_000);
  await until(async () => (await read('Gone')).length === 0);
  await until(async () => (await read('Out')).length === 1);
  expect(await read('Out')).toEqual([{ n: 2 }]);
});

it('keeps a limited number of each thing, the newest, also over restarts', async () => {
  const section = new MemoryStore();
  const first = await recording({ perThing: 20 }, section);
  for (let n = 1; n <= 15; n += 1) await first.publish('Out', JSON.stringify({ n }));
  await first.kept(15);
  await first.recorder.stop();
  const { clock, publish, read, kept } = await recording({ perThing: 20 }, section);
  await clock.advance(1);
  for (let n = 16; n <= 40; n += 1) {
    await publish('Out', JSON.stringify({ n }));
    await kept(n - 15);
  }
  const left = (await read('Out')).map(({ n }) => n as number);
  expect(left.at(-1)).toBe(40);
  expect(left.length).toBeGreaterThanOrEqual(20);
  expect(left.length).toBeLessThan(23);
});

it('tells what it could not keep', async () => {
  const { publish, recorder, kept } = await recording({ messageBytes: 10 });
  await publish('Out', '"01234567890"');
  await until(() => recorder.part().state === 'degraded');
  expect(recorder.part()).toMatchObject({
    cause: 'a message of Out has 13 bytes, 10 are kept at most',
    figures: { kept: 0, lost: 1 },
  });
  await publish('Out', '1');
  await kept(1);
  expect(recorder.part().state).toBe('ok');
});

it('says so when the disk refuses, and goes on when there is room', async () => {
  const memory = new MemoryStore();
  let full = true;
  const section: Store = {
    write: (operations) =>
      full ? Promise.reject(new Error('no space left on device')) : memory.write(operations),
    get: (key) => memory.get(key),
    entries: (range) => memory.entries(range),
    section: (name) => memory.section(name),
  };
  const { publish, recorder, read, kept } = await recording({}, section);
  await publish('Out', '{"n":1}');
  await until(() => recorder.part().cause === 'no space left on device');
  full = false;
  await publish('Out', '{"n":2}');
  await kept(1);
  expect(recorder.part()).toMatchObject({ state: 'ok', figures: { lost: 1 } });
  expect(await read('Out')).toEqual([{ n: 2 }]);
});

it('hears other subjects when the group changes', async () => {
  const { publish, recorder, read, kept } = await recording();
  recorder.follow(['air/+']);
  await publish('Out', '{"n":1}');
  await publish('Out', '{"n":2}', 'air/Out');
  await kept(1);
  expect(await read('Out')).toEqual([{ n: 2 }]);
});

it('gives long series page by page', async () => {
  const { publish, section, kept } = await recording();
  for (let n = 1; n <= 5; n += 1) await publish('Out', JSON.stringify({ n }));
  await kept(5);
  const seen: unknown[] = [];
  let next: string | undefined;
  do {
    const page = await readTelemetry(section, 'Out', { limit: 2, ...(next !== undefined && { next }) });
    seen.push(...page.records.map(({ values }) => values.n));
    next = page.next;
  } while (next !== undefined);
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});
