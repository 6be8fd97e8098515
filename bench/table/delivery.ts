/**
 * Messages from one thing to another through the whole core (mutual TLS, broker, table), beside mosquitto without any table,
 * with the same clients in the same run.
 */
import type { CoreAddress, Credentials } from '../../src/things/connection.js';
import { BenchClient, encode, type Target } from '../mqtt/clients.js';
import { type CoreProcess, serverFor, startCore } from '../support/core.js';
import type { Row } from '../support/figures.js';
import { type Mosquitto, startMosquitto } from '../support/mosquitto.js';

const SIZES = [10, 1_000, 10_000];
/** Messages on the way at once. */
const WINDOW = 400;
const SECONDS = 2;
/** Each is measured so often, in turns, and the best counts: what else the machine does must not decide. */
const TURNS = 3;
const TARGET = 0.8;
const TOPIC = 'bench/delivered';

export async function delivery(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) {
    const core = await startCore(configOf(size));
    const mosquitto = await startMosquitto(await serverFor(core.stateDir));
    try {
      const [teller, hearer] = [await core.member('Teller'), await core.member('Hearer')];
      for (const qos of [0, 1] as const)
        rows.push(await compared({ size, qos, core, mosquitto, teller, hearer }));
    } finally {
      await mosquitto?.stop();
      await core.stop();
    }
  }
  return rows;
}

interface Pair {
  readonly teller: Credentials;
  readonly hearer: Credentials;
}

async function compared(
  run: Pair & {
    readonly size: number;
    readonly qos: 0 | 1;
    readonly core: CoreProcess;
    readonly mosquitto: Mosquitto | undefined;
  },
): Promise<Row> {
  const { size, qos, core, mosquitto } = run;
  let [ours, peer] = [0, 0];
  for (let turn = 0; turn < TURNS; turn += 1) {
    ours = Math.max(ours, await rate(core.address, run, qos));
    if (mosquitto) {
      peer = Math.max(peer, await rate({ ...core.address, port: mosquitto.tlsPort }, run, qos));
    }
  }
  const ratio = ours / peer;
  return {
    what: `${size} rows: delivered from a thing to another, QoS ${qos}`,
    ours: `${Math.round(ours)}/s`,
    target: `≥ ${TARGET} ×`,
    ...(mosquitto && { peer: `${Math.round(peer)}/s`, ratio: ratio.toFixed(2), met: ratio >= TARGET }),
  };
}

/** Messages per second, counted where they arrive. */
async function rate({ port, ca }: CoreAddress, { teller, hearer }: Pair, qos: 0 | 1): Promise<number> {
  const target = ({ certificate, privateKey }: Credentials): Target => ({
    port,
    tls: { ca, cert: certificate, key: privateKey },
  });
  const to = await BenchClient.open(target(hearer), hearer.thing);
  await to.subscribe(TOPIC, qos);
  const from = await BenchClient.open(target(teller), teller.thing);
  const packets = Array.from({ length: WINDOW }, (_, n) =>
    encode({
      cmd: 'publish',
      topic: TOPIC,
      payload: Buffer.alloc(64, 0x78),
      qos,
      messageId: n + 1,
      dup: false,
      retain: false,
    }),
  );
  let [sent, running] = [0, true];
  const fill = (): void => {
    const room = WINDOW - (sent - to.messages);
    if (!running || room < WINDOW / 2) return;
    const next = Array.from({ length: room }, (_, n) => packets[(sent + n) % WINDOW]!);
    sent += room;
    from.socket.write(Buffer.concat(next));
  };
  to.onMessage = fill;
  fill();
  await pause(500);
  const before = to.messages;
  const begun = performance.now();
  await pause(SECONDS * 1_000);
  const perSecond = ((to.messages - before) * 1_000) / (performance.now() - begun);
  running = false;
  from.close();
  to.close();
  await pause(200);
  return perSecond;
}

/** All rows but one are for other subjects, half of them with a wildcard. */
function configOf(size: number): string {
  const rows = Array.from(
    { length: size - 1 },
    (_, n) => `  - { source: Teller, subject: 'bench/${n}/${n % 2 ? '+' : 'x'}', target: Hearer }`,
  );
  return `version: 1
group: { name: bench }
core:
  mqtt: { host: 127.0.0.1, port: 0 }
  discovery: { host: 127.0.0.1, port: 0 }
things:
  - { name: Teller }
  - { name: Hearer }
subscriptions:
  - { source: Teller, subject: ${TOPIC}, target: Hearer }
${rows.join('\n')}
`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
