/**
 * Throws bytes at the message manager: mutated and truncated packets, and random valid sequences, over streams in
 * memory: `npx tsx test/deep/broker/fuzz.ts [streams] [seed]`. Exits 1 when it throws, hangs, grows, sends what is no
 * packet, or answers a protocol error with anything but what the standard says.
 */
import { Duplex } from 'node:stream';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { type Log, SILENT, SystemClock } from '../../../hal/index.js';
import { Broker, memorySessions } from '../../../src/core/broker/index.js';
import { OPEN } from '../../mqtt/open-broker.js';

const STREAMS = Number(process.argv[2] ?? 200_000);
let seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
/** Streams open at the same time. */
const PARALLEL = 50;
const GROWTH_LIMIT = 64 * 1_048_576;

console.log(`message manager: fuzzing with ${STREAMS} streams, seed ${seed}`);

/** mulberry32 */
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const below = (limit: number): number => Math.floor(random() * limit);
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;

/** A stream in memory; what the broker writes is kept. */
class Wire extends Duplex {
  readonly written: Buffer[] = [];
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk);
    done();
  }
}

const TOPICS = ['a', 'a/b', '$x/y', 'ä/€', 'a//', ''];
const FILTERS = ['#', '+', 'a/#', 'a/+', '$share/g/a/#', '$x/#', 'a+', 'a/#/b', '', '+/+/#'];

function properties(): object | undefined {
  if (random() < 0.5) return undefined;
  return {
    ...(random() < 0.3 && { messageExpiryInterval: below(100) }),
    ...(random() < 0.3 && { topicAlias: below(40) }),
    ...(random() < 0.3 && { contentType: 'text' }),
    ...(random() < 0.3 && { userProperties: { k: ['v', 'w'] } }),
    ...(random() < 0.2 && { correlationData: Buffer.from([1, 2, 0]) }),
    ...(random() < 0.2 && { responseTopic: pick(TOPICS) }),
  };
}

function packet(): Packet {
  const messageId = 1 + below(4);
  switch (below(10)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const qos = below(3) as 0 | 1 | 2;
      const given = properties();
      return {
        cmd: 'publish',
        topic: pick(TOPICS),
        payload: 'x'.repeat(below(50)),
        qos,
        messageId,
        retain: random() < 0.2,
        dup: qos > 0 && random() < 0.2,
        ...(given && { properties: given }),
      };
    }
    case 4:
      return {
        cmd: 'subscribe',
        messageId,
        subscriptions: Array.from({ length: 1 + below(3) }, () => ({
          topic: pick(FILTERS),
          qos: below(3) as 0 | 1 | 2,
          nl: random() < 0.2,
          rap: random() < 0.5,
          rh: below(3),
        })),
        ...(random() < 0.3 && { properties: { subscriptionIdentifier: 1 + below(1_000) } }),
      };
    case 5:
      return { cmd: 'unsubscribe', messageId, unsubscriptions: [pick(FILTERS) || 'a'] };
    case 6:
      return { cmd: pick(['puback', 'pubrec', 'pubrel', 'pubcomp'] as const), messageId };
    case 7:
      return { cmd: 'pingreq' };
    case 8:
      return { cmd: 'pubrel', messageId };
    default:
      return random() < 0.2 ? { cmd: 'disconnect', reasonCode: 0 } : { cmd: 'pingreq' };
  }
}

function connect(version: 4 | 5): Packet {
  return {
    cmd: 'connect',
    clientId: `c${below(20)}`,
    protocolVersion: version,
    clean: random() < 0.7,
    keepalive: below(100),
    ...(random() < 0.2 && { username: 'u', password: Buffer.from('p') }),
    ...(random() < 0.2 && {
      will: { topic: 'a/will', payload: Buffer.from('w'), qos: below(3) as 0 | 1 | 2, retain: false },
    }),
    ...(version === 5 && {
      properties: {
        sessionExpiryInterval: below(3),
        receiveMaximum: 1 + below(10),
        topicAliasMaximum: below(3),
      },
    }),
  };
}

function mutate(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 1 + below(4); i > 0 && copy.length > 0; i -= 1) {
    const at = below(copy.length);
    const kind = below(4);
    if (kind === 0) copy[at] = below(256);
    else if (kind === 1) copy[at] = (copy[at] as number) ^ (1 << below(8));
    else if (kind === 2) copy[at] = pick([0, 0x7f, 0x80, 0xff]);
    else return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.min(copy.length, at + below(5)))]);
  }
  return random() < 0.3 ? copy.subarray(0, below(copy.length + 1)) : copy;
}

const internal: string[] = [];
const log: Log = {
  ...SILENT,
  error: (fields, message) => void internal.push(`${message}: ${JSON.stringify(fields)}`),
};
log.child = () => log;
const limits = { maximumRetained: 100, maximumQueued: 100, maximumSessions: 200 };
const broker = new Broker({
  policy: OPEN,
  sessions: memorySessions(),
  clock: new SystemClock(),
  log,
  limits,
});
await broker.start(new AbortController().signal);

const counts = { valid: 0, mutated: 0, refused: 0, alive: 0 };

/** @returns what was wrong, or undefined */
async function one(): Promise<string | undefined> {
  const version = random() < 0.5 ? 4 : 5;
  const valid = random() < 0.25;
  const options = { protocolVersion: version };
  const packets = [connect(version), ...Array.from({ length: below(8) }, packet)];
  let bytes: Buffer = Buffer.concat(packets.map((item) => mqttPacket.generate(item, options)));
  if (!valid) bytes = mutate(bytes);
  counts[valid ? 'valid' : 'mutated'] += 1;
  const wire = new Wire();
  wire.on('error', () => {});
  broker.accept(wire, { address: 'fuzz' });
  for (let at = 0; at < bytes.length; ) {
    const length = random() < 0.3 ? 1 + below(bytes.length) : bytes.length;
    if (wire.readableEnded || wire.destroyed) break;
    wire.push(bytes.subarray(at, at + length));
    at += length;
    if (random() < 0.2) await turn();
  }
  await turn();
  await turn();
  const ended = wire.writableEnded || wire.destroyed;
  counts[ended ? 'refused' : 'alive'] += 1;
  const problem = check(wire, version, ended);
  wire.destroy();
  return problem && `${problem}; sent ${bytes.toString('hex')}`;
}

/** Whatever comes back is whole packets; CONNACK first and once; after DISCONNECT nothing. */
function check(wire: Wire, version: 4 | 5, ended: boolean): string | undefined {
  const got: Packet[] = [];
  let failure: string | undefined;
  const parser = mqttPacket.parser({ protocolVersion: version });
  parser.on('packet', (item) => got.push(item));
  parser.on('error', (error: Error) => {
    failure = error.message;
  });
  const answer = Buffer.concat(wire.written);
  // a mutated level makes the server answer in the form of the other version
  const other = answer.length > 1 && answer[0] === 0x20 && (answer[1] === 2) === (version === 5);
  if (other) return undefined;
  const left = parser.parse(answer);
  if (failure !== undefined || left > 0)
    return `answered with no packet: ${failure ?? `${left} bytes too many`} ${answer.toString('hex')}`;
  if (got.length === 0) return undefined;
  if (got[0]?.cmd !== 'connack') return `began with ${got[0]?.cmd}`;
  if (got.filter(({ cmd }) => cmd === 'connack').length > 1) return 'answered CONNECT twice';
  const goodbye = got.findIndex(({ cmd }) => cmd === 'disconnect');
  if (goodbye >= 0 && goodbye < got.length - 1) return 'went on after DISCONNECT';
  if (goodbye >= 0 && !ended) return 'said DISCONNECT and stayed';
  const [{ reasonCode = 0, returnCode = 0 }] = got as unknown as [
    { reasonCode?: number; returnCode?: number },
  ];
  if (reasonCode + returnCode > 0 && (!ended || got.length > 1)) return 'refused CONNECT and stayed';
  return undefined;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const begun = Date.now();
let failure: string | undefined;
let before = 0;
for (let done = 0; done < STREAMS && failure === undefined; done += PARALLEL) {
  const hang = new Promise<string>((resolve) => {
    const timer = setTimeout(() => resolve('the broker hangs'), 20_000);
    timer.unref();
  });
  const results = await Promise.race([Promise.all(Array.from({ length: PARALLEL }, one)), hang]);
  failure = typeof results === 'string' ? results : results.find((result) => result !== undefined);
  if (internal.length > 0) failure ??= internal[0];
  if (done >= STREAMS / 2 && before === 0) {
    globalThis.gc?.();
    before = process.memoryUsage().rss;
  }
}
globalThis.gc?.();
const growth = process.memoryUsage().rss - before;
if (growth > GROWTH_LIMIT) failure ??= `grew by ${Math.round(growth / 1_048_576)} MiB over the second half`;
await broker.stop();
const seconds = Math.round((Date.now() - begun) / 1_000);
console.log(
  `message manager: ${counts.valid + counts.mutated} streams in ${seconds} s (${counts.mutated} mutated, ${counts.valid} valid), ` +
    `${counts.refused} ended by the broker; growth over the second half ${Math.round(growth / 1_048_576)} MiB; ${failure ?? 'no failure'}`,
);
process.exit(failure === undefined ? 0 : 1);
