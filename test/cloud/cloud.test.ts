import { expect, it, onTestFinished } from 'vitest';
import { SILENT, SystemClock } from '../../hal/index.js';
import { type CarStatsRow, rowOf } from '../../src/aggregator/batch.js';
import { LocalSink, readRows } from '../../src/aggregator/local-sink.js';
import { Cloud } from '../../src/cloud/index.js';
import { ALLOWED, Broker, memorySessions } from '../../src/core/broker/index.js';
import { memoryShadows, ShadowService } from '../../src/core/shadow/index.js';
import { LevelStore } from '../../src/store/level.js';
import { connectAwsSdk } from '../../src/things/aws-sdk.js';
import { farBroker } from '../support/far-broker.js';
import { temporaryFolder } from '../support/folder.js';
import { until } from '../support/until.js';

const never = new AbortController().signal;

it('makes every way out as configured, starts without the cloud, and stops in time', async () => {
  const clock = new SystemClock();
  const far = await farBroker();
  const store = await LevelStore.open(await temporaryFolder());
  const broker = new Broker({
    policy: { connect: () => ALLOWED, publish: () => ALLOWED, subscribe: () => ALLOWED, pass: () => true },
    sessions: memorySessions(),
    clock,
    log: SILENT,
  });
  const shadowsOf = (of: Broker) =>
    new ShadowService({ port: of.port('GGShadowService'), store: memoryShadows(), clock, log: SILENT });
  const [site, there] = [shadowsOf(broker), shadowsOf(far.broker)];
  await site.start(never);
  await there.start(never);
  const cars = store.section('cars');
  const credentials = await far.thing('Greenlight_Core');
  const cloud = new Cloud({
    cars,
    store: store.section('cloud'),
    local: new LocalSink(cars, SILENT),
    dynamodb: { table: 'CarStats', region: 'us-east-1', endpoint: 'http://127.0.0.1:1', create: true },
    iot: {
      endpoint: far.address.host,
      port: far.address.port,
      broker: broker.port('cloud'),
      ca: far.address.ca,
      credentials: async () => credentials,
      connect: connectAwsSdk,
      backoff: { firstMs: 20, maxMs: 50 },
      up: ['hello/world'],
      down: [],
      batchTopic: 'stats',
      shadows: { local: site, shadows: [{ thing: 'T', shadow: undefined, direction: 'both' }] },
    },
    clock,
    log: SILENT,
    random: () => 0,
  });
  onTestFinished(async () => {
    await cloud.stop();
    await Promise.all([site.stop(), there.stop()]);
    await far.stop();
    await store.close();
  });
  const heard: string[] = [];
  far.broker.port('ear').subscribe('#', ({ topic }) => heard.push(topic));
  far.cut();
  await cloud.start(never);
  const batch = {
    thing: 'L',
    window: 1,
    at: 0,
    totalTraffic: 9,
    totalGreenlights: 3,
    minCars: 1,
    maxCars: 5,
  };
  await cars.write(cloud.sink.accept(batch));
  cloud.sink.accepted(batch);
  await broker.port('GG_HelloWorld').publish({ topic: 'hello/world', payload: '{}' });
  await site.update('T', undefined, { state: { reported: { a: 1 } } }, 'T');
  expect(await readRows(cars)).toEqual([rowOf(batch)] satisfies CarStatsRow[]);
  await until(() => cloud.parts().every(({ state }) => state === 'degraded'));
  far.mend();
  await until(async () => (await there.read('T'))?.state.reported?.a === 1);
  await until(() => heard.includes('stats') && heard.includes('hello/world'));
  await until(() => cloud.parts().filter(({ state }) => state === 'ok').length === 4);
  expect(cloud.parts().map(({ name, state }) => `${name} ${state}`)).toEqual([
    'dynamodb degraded',
    'topic ok',
    'bridge ok',
    'shadow-sync ok',
    'aws-iot ok',
  ]);
  const stopping = Date.now();
  await cloud.stop();
  expect(Date.now() - stopping).toBeLessThan(2_500);
});
