import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, SystemClock } from '../../hal/index.js';
import { type Batch, type CarStatsRow, rowOf } from '../../src/aggregator/batch.js';
import { DynamoDbSink, type DynamoDbSinkOptions } from '../../src/cloud/dynamodb-sink.js';
import { MemoryStore } from '../../src/store/memory.js';

const never = new AbortController().signal;
const keys = async () => ({
  accessKeyId: 'test',
  secretAccessKey: 'test',
  sessionToken: 'test',
  expiration: new Date(Date.now() + 3_600_000),
});
const sinks = new Set<DynamoDbSink>();

afterEach(async () => {
  for (const sink of sinks) await sink.stop();
  sinks.clear();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const database = () => listen(dynalite({ createTableMs: 5 }));

async function sinkFor(endpoint: string, over: Partial<DynamoDbSinkOptions> = {}) {
  const section = over.store ?? new MemoryStore();
  const sink = new DynamoDbSink({
    table: 'CarStats',
    region: 'us-east-1',
    endpoint,
    credentials: keys,
    create: true,
    store: section,
    clock: new SystemClock(),
    log: SILENT,
    random: () => 0,
    backoff: { firstMs: 20, maxMs: 40 },
    ...over,
  });
  await sink.start(never);
  sinks.add(sink);
  const hand = async (batch: Batch) => {
    await section.write(sink.accept(batch));
    sink.accepted(batch);
  };
  return { sink, hand, section };
}

const batch = (window: number, over: Partial<Batch> = {}): Batch => ({
  thing: 'L',
  window,
  at: Date.UTC(2026, 10, 23, 12, 0, window),
  totalTraffic: window * 30,
  totalGreenlights: window * 3,
  minCars: 1,
  maxCars: 20,
  ...over,
});

async function api(endpoint: string, operation: string, body: object): Promise<Record<string, never>> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=a',
      'x-amz-date': '20260101T000000Z',
    },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, never>;
}

async function rows(endpoint: string): Promise<CarStatsRow[]> {
  const { Items } = (await api(endpoint, 'Scan', { TableName: 'CarStats' })) as {
    Items?: Record<string, { S?: string; N?: string }>[];
  };
  return (Items ?? [])
    .map(
      (item) =>
        Object.fromEntries(
          Object.entries(item).map(([key, value]) => [key, value.S ?? Number(value.N)]),
        ) as unknown as CarStatsRow,
    )
    .sort((a, b) => (a.Time < b.Time ? -1 : 1));
}

async function until(what: () => boolean, ms = 5_000): Promise<void> {
  const end = Date.now() + ms;
  while (!what()) {
    if (Date.now() > end) throw new Error('it did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const figures = (sink: DynamoDbSink) => sink.part().figures as Record<string, number>;

describe('DynamoDB sink', () => {
  it('creates the table, billed on demand, and writes each batch as its row', async () => {
    const endpoint = await database();
    const { sink, hand } = await sinkFor(endpoint);
    await hand(batch(1));
    await hand(batch(2));
    await until(() => figures(sink).delivered === 2);
    expect(await rows(endpoint)).toEqual([rowOf(batch(1)), rowOf(batch(2))]);
    const { Table } = (await api(endpoint, 'DescribeTable', { TableName: 'CarStats' })) as unknown as {
      Table: object;
    };
    expect(Table).toMatchObject({
      KeySchema: [{ AttributeName: 'Time', KeyType: 'HASH' }],
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    });
    expect(sink.part()).toMatchObject({ name: 'dynamodb', kind: 'spool', state: 'ok' });
  });

  it('meets what it wrote before and counts it as done', async () => {
    const endpoint = await database();
    const first = await sinkFor(endpoint);
    await first.hand(batch(1));
    await until(() => figures(first.sink).delivered === 1);
    const again = await sinkFor(endpoint, { store: new MemoryStore() });
    await again.hand(batch(1));
    await until(() => figures(again.sink).delivered === 1);
    expect(await rows(endpoint)).toHaveLength(1);
  });

  it('keeps both rows of two lights that turned green in the same millisecond, each once', async () => {
    const endpoint = await database();
    const { sink, hand } = await sinkFor(endpoint);
    const same = { at: Date.UTC(2026, 0, 1) };
    await hand(batch(999, { ...same, thing: 'A' }));
    await hand(batch(999, { ...same, thing: 'B' }));
    await until(() => figures(sink).delivered === 2);
    const again = await sinkFor(endpoint, { store: new MemoryStore() });
    await again.hand(batch(999, { ...same, thing: 'B' }));
    await until(() => figures(again.sink).delivered === 1);
    expect((await rows(endpoint)).map((row) => [row.Thing, row.Time])).toEqual([
      ['B', '2026-01-01 00:00:00.000000'],
      ['A', '2026-01-01 00:00:00.000999'],
    ]);
  });

  it('says so when a row of the same thing, but not this one, has the key, and goes on', async () => {
    const endpoint = await database();
    const { sink, hand } = await sinkFor(endpoint);
    await hand(batch(1));
    await hand(batch(1, { totalTraffic: 7 }));
    await hand(batch(2));
    await until(() => figures(sink).delivered === 2);
    expect(figures(sink)).toMatchObject({ refused: 1, bytes: 0 });
    expect(await rows(endpoint)).toEqual([rowOf(batch(1)), rowOf(batch(2))]);
  });

  it('does not create a table when that is not allowed, says what to do, and goes on once it is there', async () => {
    const endpoint = await database();
    const told: object[] = [];
    const log = { ...SILENT, warn: (fields: object) => void told.push(fields) };
    const { sink, hand } = await sinkFor(endpoint, { create: false, log });
    await hand(batch(1));
    await until(() => sink.part().state === 'degraded');
    expect(sink.part().cause).toBe(
      'DynamoDB table CarStats does not exist in us-east-1; create it with hash key Time (string) or allow it with create: true',
    );
    expect(told).toEqual([{ code: 'CLOUD_TABLE' }]);
    await api(endpoint, 'CreateTable', {
      TableName: 'CarStats',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'Time', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'Time', AttributeType: 'S' }],
    });
    await until(() => figures(sink).delivered === 1);
  });

  it('writes once through throttling, failures, and answers that are lost on the way back', async () => {
    const endpoint = await database();
    const script = ['throttle', '429', '500', 'lose', 'cut', 'lose'];
    const proxy = await listen(
      createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const fault = script.shift();
        if (fault === 'cut') return response.destroy();
        if (fault === 'throttle') {
          response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
          return response.end(
            '{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow"}',
          );
        }
        if (fault === '429' || fault === '500') {
          response.writeHead(Number(fault));
          return response.end('{}');
        }
        const headers = Object.fromEntries(
          Object.entries(request.headers).filter(
            ([name]) => !['host', 'content-length', 'connection'].includes(name),
          ),
        ) as Record<string, string>;
        const answer = await fetch(endpoint, { method: 'POST', headers, body: Buffer.concat(chunks) });
        const body = await answer.text();
        if (fault === 'lose') return response.destroy();
        response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
        return response.end(body);
      }),
    );
    const { sink, hand } = await sinkFor(proxy);
    for (let window = 1; window <= 5; window++) await hand(batch(window));
    await until(() => figures(sink).delivered === 5);
    expect(script).toEqual([]);
    expect(await rows(endpoint)).toEqual([1, 2, 3, 4, 5].map((window) => rowOf(batch(window))));
  });
});
