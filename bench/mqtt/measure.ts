/** What is measured; each answers with figures for one broker. */
import type { Socket } from 'node:net';
import mqtt from 'mqtt';
import { BenchClient, encode, type Target } from './clients.js';

const PAYLOAD = Buffer.alloc(64, 0x78);

function publication(topic: string, qos: 0 | 1, messageId: number): Buffer {
  return encode({ cmd: 'publish', topic, payload: PAYLOAD, qos, messageId, dup: false, retain: false });
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/**
 * One message at a time: publish, and wait until it is back. Microseconds. With the client that things use, so that the
 * figure is what a thing sees; its stream does not wait for more to send (TCP_NODELAY), as the brokers' do not.
 */
export async function roundTrip(
  target: Target,
  qos: 0 | 1,
  count = 3_000,
): Promise<{ p50: number; p99: number }> {
  const client = await mqtt.connectAsync({
    host: '127.0.0.1',
    port: target.port,
    protocol: target.tls ? 'mqtts' : 'mqtt',
    clientId: `rt-${qos}`,
    reconnectPeriod: 0,
    ...(target.tls as object),
  });
  (client.stream as Socket).setNoDelay(true);
  await client.subscribeAsync('rt', { qos });
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const begun = process.hrtime.bigint();
    const back = new Promise<void>((resolve) => {
      client.once('message', () => resolve());
    });
    client.publish('rt', PAYLOAD, { qos });
    await back;
    // the first ones warm up both sides
    if (i > count / 5) times.push(Number(process.hrtime.bigint() - begun) / 1_000);
  }
  await client.endAsync(true);
  times.sort((a, b) => a - b);
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

export interface Load {
  readonly publishers: number;
  readonly subscribers: number;
  readonly qos: 0 | 1;
  /** Messages per second counted where they arrive. */
  readonly seconds?: number;
  /** Each publisher has its own topic and each subscriber one publisher's. */
  readonly pairs?: boolean;
}

/** As many as go through: publishers keep a window of unanswered messages. */
export async function throughput(target: Target, load: Load): Promise<number> {
  const { publishers, subscribers, qos, seconds = 3, pairs = false } = load;
  const subs: BenchClient[] = [];
  for (let i = 0; i < subscribers; i += 1) {
    const client = await BenchClient.open(target, `s${i}`);
    await client.subscribe(pairs ? `load/${i}` : 'load/#', qos);
    subs.push(client);
  }
  const pubs: BenchClient[] = [];
  for (let i = 0; i < publishers; i += 1) pubs.push(await BenchClient.open(target, `p${i}`));
  // a publisher's window closes with what its first reader has
  const window = Math.max(8, Math.floor(400 / publishers));
  const sent = new Array<number>(publishers).fill(0);
  const packets = pubs.map((_, i) => Buffer.concat(new Array(window).fill(publication(`load/${i}`, qos, 1))));
  const one = pubs.map((_, i) => publication(`load/${i}`, qos, 1));
  let running = true;
  const arrived = new Array<number>(publishers).fill(0);
  const refill = (i: number): void => {
    if (!running) return;
    const room = window - ((sent[i] as number) - (arrived[i] as number));
    if (room < window / 2) return;
    sent[i] = (sent[i] as number) + room;
    const bytes = (packets[i] as Buffer).subarray(0, (one[i] as Buffer).length * room);
    (pubs[i] as BenchClient).socket.write(bytes);
  };
  const gauge = (sub: BenchClient, fixed: number | undefined): void => {
    sub.onMessage = (bytes) => {
      const i = fixed ?? Number(bytes.toString('latin1', 7, 2 + bytes.readUInt16BE(0)));
      arrived[i] = (arrived[i] as number) + 1;
      refill(i);
    };
  };
  if (pairs)
    subs.forEach((sub, i) => {
      gauge(sub, i);
    });
  else gauge(subs[0] as BenchClient, publishers === 1 ? 0 : undefined);
  const total = (): number => subs.reduce((sum, sub) => sum + sub.messages, 0);
  for (let i = 0; i < publishers; i += 1) refill(i);
  await sleep(500);
  const before = total();
  const begun = performance.now();
  await sleep(seconds * 1_000);
  const rate = ((total() - before) * 1_000) / (performance.now() - begun);
  running = false;
  for (const client of [...subs, ...pubs]) client.close();
  await sleep(200);
  return rate;
}

/** All at once; milliseconds until the last is connected. */
export async function storm(
  target: Target,
  count: number,
  parallel = count,
  name = 'storm',
): Promise<{ ms: number; clients: BenchClient[] }> {
  const begun = performance.now();
  const clients: BenchClient[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next;
      next += 1;
      clients.push(await BenchClient.open(target, `${name}-${i}`));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return { ms: performance.now() - begun, clients };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
