import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT, SystemClock } from '../../hal/index.js';
import { AwsIot } from '../../src/cloud/aws-iot.js';
import { Bridge } from '../../src/cloud/bridge.js';
import { SPOOL_LIMITS, Spool } from '../../src/cloud/spool/index.js';
import { ALLOWED, Broker, memorySessions } from '../../src/core/broker/index.js';
import { LevelStore } from '../../src/store/level.js';
import { MemoryStore } from '../../src/store/memory.js';
import { connectAwsSdk } from '../../src/things/aws-sdk.js';
import { connectMqtt } from '../../src/things/mqtt.js';
import { CLOUDS, type CloudStandIn } from '../../test/support/cloud-stand-in.js';
import { type DestinationOfDay, dayOffline } from '../../test/support/day-offline.js';
import { edit, stateOf, syncedSite } from '../../test/support/synced-site.js';
import { until } from '../../test/support/until.js';
import { perSecond, quantile, type Row, time } from '../support/figures.js';

const never = new AbortController().signal;
const clock = new SystemClock();
const PAYLOAD = Buffer.alloc(120, 'x');
const QUEUED = 26_000;
const ONE_BY_ONE = 300;
const TOGETHER = 100;
const SAMPLES = 100;
const BRIDGED = 500;

/** The spool on this disk, shadows and messages over AWS's SDK, and a day offline. */
export async function cloud(): Promise<readonly Row[]> {
  const rows = [...(await spoolRows())];
  for (const [name, possible, make] of CLOUDS) {
    if (!possible) continue;
    const far = await make();
    try {
      rows.push(...(await syncRows(name, far)), ...(await bridgeRows(name, far)));
    } finally {
      await far.stop();
    }
  }
  return [...rows, ...(await dayRows())];
}

async function spoolRows(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-bench-'));
  const way = { open: false, delivered: 0 };
  const make = (store: LevelStore) =>
    new Spool({
      name: 'bench',
      store,
      clock,
      log: SILENT,
      random: () => 0,
      deliver: async () => {
        if (!way.open) throw new Error('no way');
        way.delivered += 1;
      },
    });
  const put = (spool: Spool) => spool.enqueue({ subject: 'climate/GG_Climate', payload: PAYLOAD });
  const started = async (spool: Spool): Promise<number> => {
    const begin = performance.now();
    await spool.start(never);
    return performance.now() - begin;
  };
  let store = await LevelStore.open(folder);
  let spool = make(store);
  const emptyMs = await started(spool);
  let begin = performance.now();
  for (let i = 0; i < ONE_BY_ONE; i++) await put(spool);
  const oneMs = performance.now() - begin;
  begin = performance.now();
  for (let i = ONE_BY_ONE; i < QUEUED; i += TOGETHER)
    await Promise.all(Array.from({ length: TOGETHER }, () => put(spool)));
  const togetherMs = performance.now() - begin;
  await spool.stop();
  await store.close();

  store = await LevelStore.open(folder);
  spool = make(store);
  const fullMs = await started(spool);
  way.open = true;
  begin = performance.now();
  spool.kick();
  await until(() => spool.status().queued === 0, 120_000);
  const drainMs = performance.now() - begin;
  await spool.stop();
  await store.close();
  await rm(folder, { recursive: true, force: true });
  return [
    { what: 'spool: durable writes, one after the other', ours: perSecond(ONE_BY_ONE, oneMs) },
    { what: `spool: durable writes, ${TOGETHER} at once`, ours: perSecond(QUEUED - ONE_BY_ONE, togetherMs) },
    { what: 'spool: sent, by a destination that takes all at once', ours: perSecond(QUEUED, drainMs) },
    { what: 'spool: start with nothing queued', ours: time(emptyMs) },
    { what: `spool: start with ${QUEUED} queued`, ours: time(fullMs), target: '< 100 ms', met: fullMs < 100 },
  ];
}

async function syncRows(name: string, far: CloudStandIn): Promise<readonly Row[]> {
  const site = await syncedSite(far);
  await edit(site.shadows, { reported: { i: -1 } });
  await until(() => site.part().figures?.queued === 0, 10_000);
  const measure = async (from: typeof site.shadows, to: typeof site.shadows): Promise<number[]> => {
    const samples: number[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      const begin = performance.now();
      const there = new Promise<void>((resolve) => {
        const look = async () => {
          if ((await stateOf(to))?.reported?.i !== i) return;
          to.events.off('changed', look);
          resolve();
        };
        to.events.on('changed', look);
      });
      await edit(from, { reported: { i } });
      await there;
      samples.push(performance.now() - begin);
    }
    return samples;
  };
  const up = await measure(site.shadows, far.shadows);
  await until(() => site.part().figures?.queued === 0);
  await edit(far.shadows, { reported: { i: -1 } });
  await until(async () => (await stateOf(site.shadows))?.reported?.i === -1);
  const down = await measure(far.shadows, site.shadows);
  await site.stop();
  return [
    { what: `shadow, site to ${name}: p50 / p99`, ours: spread(up) },
    { what: `shadow, ${name} to site: p50 / p99`, ours: spread(down) },
  ];
}

async function bridgeRows(name: string, far: CloudStandIn): Promise<readonly Row[]> {
  const broker = new Broker({
    policy: { connect: () => ALLOWED, publish: () => ALLOWED, subscribe: () => ALLOWED, pass: () => true },
    sessions: memorySessions(),
    clock,
    log: SILENT,
  });
  await broker.start(never);
  const credentials = await far.thing('Greenlight_Core');
  const { host, port, ca } = far.address;
  const common = { clock, log: SILENT, random: () => 0 };
  const iot = new AwsIot({
    ...common,
    endpoint: host,
    port,
    ca,
    credentials: async () => credentials,
    connect: connectAwsSdk,
  });
  const bridge = new Bridge({
    ...common,
    port: broker.port('cloud'),
    link: iot.link,
    up: ['up'],
    down: [],
    store: new MemoryStore(),
  });
  await bridge.start(never);
  await iot.start(never);
  await until(() => iot.part().state === 'ok', 10_000);
  let heard = 0;
  const listener = await connectMqtt({
    address: far.direct,
    credentials: await far.thing('Listener'),
    signal: never,
    onMessage: () => {
      heard += 1;
    },
    onClose: () => {},
  });
  await listener.subscribe(['up']);
  const source = broker.port('GG_Function');
  const begin = performance.now();
  for (let i = 0; i < BRIDGED; i++) await source.publish({ topic: 'up', payload: PAYLOAD, qos: 1 });
  await until(() => heard >= BRIDGED, 60_000);
  const ms = performance.now() - begin;
  await listener.close();
  await iot.stop();
  await bridge.stop();
  await broker.stop();
  return [
    { what: `messages to ${name}, in order, QoS 1 (AWS IoT takes 100/s)`, ours: perSecond(BRIDGED, ms) },
  ];
}

async function dayRows(): Promise<readonly Row[]> {
  const day = await dayOffline({ sensors: 10, everyS: 10 });
  const { maxBytes, maxAgeMs } = SPOOL_LIMITS;
  const row = (what: string, { handedOver, offline, after, outOfOrder }: DestinationOfDay): Row => {
    const dropped = offline.droppedForAge + offline.droppedForSize;
    return {
      what: `a day offline, ${what}: handed over / queued / dropped / sent afterwards`,
      ours: `${handedOver} / ${offline.queued} (${(offline.bytes / 1e6).toFixed(1)} MB) / ${dropped} / ${after.delivered}`,
      target: `all, below ${maxBytes / 2 ** 20} MiB and ${maxAgeMs / 86_400_000} days`,
      met: dropped === 0 && after.delivered === handedOver && outOfOrder === 0,
    };
  };
  return [
    row('10 sensors every 10 s', day.messages),
    row('a batch every 2 min', day.batches),
    { what: 'a day offline: start with what it left', ours: time(day.startMs) },
  ];
}

function spread(samples: readonly number[]): string {
  return `${time(quantile(samples, 0.5))} / ${time(quantile(samples, 0.99))}`;
}
