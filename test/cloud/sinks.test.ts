import type { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { onTestFinished } from 'vitest';
import { SILENT, SystemClock } from '../../hal/index.js';
import type { CarStatsRow } from '../../src/aggregator/batch.js';
import { LocalSink, readRows } from '../../src/aggregator/local-sink.js';
import { allSinks } from '../../src/cloud/all-sinks.js';
import { DynamoDbSink } from '../../src/cloud/dynamodb-sink.js';
import { TopicSink } from '../../src/cloud/topic-sink.js';
import { MemoryStore } from '../../src/store/memory.js';
import { Link } from '../../src/things/link.js';
import { connectMqtt } from '../../src/things/mqtt.js';
import { describeSink } from '../contract/sink.js';
import { farBroker } from '../support/far-broker.js';

const never = new AbortController().signal;
const clock = new SystemClock();
const common = { clock, log: SILENT, random: () => 0, backoff: { firstMs: 20, maxMs: 50 } };
const byWindow = (a: CarStatsRow, b: CarStatsRow) => a.Window - b.Window;

describeSink('local', async () => {
  const section = new MemoryStore().section('cars');
  const make = () => new LocalSink(section, SILENT);
  return { sink: make(), section, rows: () => readRows(section), restart: async () => make() };
});

describeSink('DynamoDB', async () => {
  const server = dynalite({ createTableMs: 5 }) as ReturnType<typeof createServer>;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new DynamoDBClient({ region: 'us-east-1', endpoint, credentials: keys, maxAttempts: 1 });
  const section = new MemoryStore().section('cars');
  let sink: DynamoDbSink | undefined;
  const make = async () => {
    await sink?.stop();
    sink = new DynamoDbSink({
      ...common,
      table: 'CarStats',
      region: 'us-east-1',
      endpoint,
      credentials: async () => ({ ...keys, sessionToken: 'c', expiration: new Date(Date.now() + 3_600_000) }),
      create: true,
      store: section,
    });
    await sink.start(never);
    return sink;
  };
  onTestFinished(async () => {
    await sink?.stop();
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  const rows = async (): Promise<CarStatsRow[]> => {
    // until it is created there is no table
    const { Items = [] } = await client
      .send(new ScanCommand({ TableName: 'CarStats' }))
      .catch(() => ({ Items: [] }));
    return Items.map(
      (item) =>
        Object.fromEntries(
          Object.entries(item).map(([key, value]) => [key, value.S ?? Number(value.N)]),
        ) as unknown as CarStatsRow,
    ).sort(byWindow);
  };
  return { sink: await make(), section, rows, restart: make };
});

for (const name of ['topic', 'local and topic'] as const) {
  describeSink(name, async () => {
    const far = await farBroker();
    const credentials = await far.thing('Greenlight_Core');
    const arrived = new Map<number, CarStatsRow>();
    far.broker.port('ear').subscribe('stats/cars', ({ payload }) => {
      const row = JSON.parse(payload.toString()) as CarStatsRow;
      arrived.set(row.Window, row);
    });
    const section = new MemoryStore().section('cars');
    let current: { link: Link; sink: TopicSink } | undefined;
    const end = async () => {
      await current?.link.stop();
      await current?.sink.stop();
    };
    const make = async () => {
      await end();
      const link = new Link({
        ...common,
        credentials: async () => credentials,
        locate: async () => [far.address],
        connect: connectMqtt,
      });
      const sink = new TopicSink({ ...common, topic: 'stats/cars', link, store: section });
      current = { link, sink };
      await sink.start(never);
      await link.start(never);
      return name === 'topic' ? sink : allSinks([new LocalSink(section, SILENT), sink]);
    };
    onTestFinished(async () => {
      await end();
      await far.stop();
    });
    const rows = async () => [...arrived.values()].sort(byWindow);
    return { sink: await make(), section, rows, restart: make };
  });
}
