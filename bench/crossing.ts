/** The main job, measured end to end, beside mosquitto's raw round trip with the same client in the same run. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MockBoard } from '../hal/drivers/mock/index.js';
import { SILENT, SystemClock } from '../hal/index.js';
import { createApp } from '../src/app.js';
import { CATALOG } from '../src/catalog.js';
import { checkConfig } from '../src/config/index.js';
import { ControlClient } from '../src/control/client.js';
import { LevelStore } from '../src/store/level.js';
import type { Connection, CoreAddress, Credentials } from '../src/things/connection.js';
import { connectMqtt } from '../src/things/mqtt.js';
import { type Issued, serverFor, startCore } from './support/core.js';
import { perSecond, quantile, type Row, residentMb, time } from './support/figures.js';
import { startMosquitto } from './support/mosquitto.js';

const ROUNDS = 2_000;
const WARM_UP = 300;
const MESSAGES = 20_000;
const ECHO = 'echo/Asker';
/** Messages on the way at once when throughput is measured. */
const WINDOW = 200;

const CONFIG = `
version: 1
group: { name: bench }
hal: { driver: mock }
core:
  mqtt: { host: 127.0.0.1, port: 0 }
  discovery: { host: 127.0.0.1, port: 0 }
things:
  - { name: Light, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
  - { name: Switch }
  - { name: Asker }
  - { name: Teller }
  - { name: Hearer }
subscriptions:
  - { source: Switch, subject: $aws/things/Light/shadow/update, target: GGShadowService }
  - { source: GGShadowService, subject: $aws/things/Light/shadow/update/documents, target: Switch }
  - { source: Teller, subject: bench/#, target: Hearer }
  - { source: Asker, subject: echo/Asker, target: Asker }
`;

export async function crossing(): Promise<Row[]> {
  return [...(await onTheWire()), ...(await toTheLamp()), ...(await wholeGroup())];
}

/** Core and client in processes of their own, as mosquitto and its client are. */
async function onTheWire(): Promise<Row[]> {
  const core = await startCore(CONFIG);
  const mosquitto = await startMosquitto(await serverFor(core.stateDir));
  try {
    const peer = mosquitto && { ...core.address, port: mosquitto.tlsPort };
    const asker = await core.member('Asker');
    const raw = peer && (await roundTrips(peer, asker, ECHO, ECHO));
    const echo = await roundTrips(core.address, asker, ECHO, ECHO);
    const shadow = '$aws/things/Asker/shadow/update';
    const update = await roundTrips(
      core.address,
      asker,
      shadow,
      `${shadow}/accepted`,
      '{"state":{"reported":{"n":1}}}',
    );
    const [teller, hearer] = [await core.member('Teller'), await core.member('Hearer')];
    const through = await throughput(core.address, teller, hearer);
    const throughPeer = peer && (await throughput(peer, teller, hearer));
    return [
      compare('raw QoS 1 round trip p50', quantile(echo, 0.5), raw && quantile(raw, 0.5)),
      compare('raw QoS 1 round trip p99', quantile(echo, 0.99), raw && quantile(raw, 0.99)),
      compare('shadow update → accepted p50', quantile(update, 0.5), raw && quantile(raw, 0.5), 3),
      compare('shadow update → accepted p99', quantile(update, 0.99), raw && quantile(raw, 0.99)),
      await flushRow(),
      {
        what: 'messages/s through the table, QoS 1',
        ours: perSecond(MESSAGES, through),
        ...(throughPeer !== undefined && {
          peer: perSecond(MESSAGES, throughPeer),
          ratio: (throughPeer / through).toFixed(2),
        }),
      },
    ];
  } finally {
    await mosquitto?.stop();
    await core.stop();
  }
}

/** The whole path in one process, because the board's lines are looked at there. */
async function toTheLamp(): Promise<Row[]> {
  const stateDir = await mkdtemp(join(tmpdir(), 'greenlight-bench-'));
  const clock = new SystemClock();
  const { config, problems } = await checkConfig(
    { file: join(stateDir, 'bench.yaml'), text: CONFIG },
    { catalog: CATALOG, env: {}, overrides: { stateDir } },
  );
  if (config === undefined) throw new Error(JSON.stringify(problems));
  const board = new MockBoard({ clock });
  const app = createApp({ config, clock, log: SILENT, random: Math.random, env: {}, mock: board });
  await app.start(new AbortController().signal);
  try {
    const files = (await new ControlClient(stateDir).call('POST', '/things/Switch/add')) as unknown as Issued;
    const address = { host: '127.0.0.1', port: app.core!.mqttPort, ca: files.ca };
    const { lamp, reported } = await desiredToLamp(address, { thing: 'Switch', ...files }, board);
    const p50 = quantile(lamp, 0.5);
    return [
      { what: 'desired → lamp line p50', ours: time(p50), target: '≤ 3 ms', met: p50 <= 3 },
      { what: 'desired → lamp line p99', ours: time(quantile(lamp, 0.99)) },
      { what: 'desired → reported p50', ours: time(quantile(reported, 0.5)) },
    ];
  } finally {
    await app.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

/** What the disk of this machine takes for one durable write: the part of an update that no program can save. */
async function flushRow(): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-bench-'));
  const store = await LevelStore.open(folder);
  const samples: number[] = [];
  for (let i = 0; i < 500; i++) {
    const begin = performance.now();
    await store.write([{ type: 'put', key: 'k', value: 'x'.repeat(300) }]);
    samples.push(performance.now() - begin);
  }
  await store.close();
  await rm(folder, { recursive: true, force: true });
  return { what: 'of it: one durable write of the store p50', ours: time(quantile(samples, 0.5)) };
}

function compare(what: string, ours: number, peer: number | undefined, limit?: number): Row {
  const ratio = peer === undefined ? undefined : ours / peer;
  return {
    what,
    ours: time(ours),
    ...(peer !== undefined && { peer: time(peer) }),
    ...(ratio !== undefined && { ratio: ratio.toFixed(2) }),
    ...(limit !== undefined && {
      target: `≤ ${limit} ×`,
      ...(ratio !== undefined && { met: ratio <= limit }),
    }),
  };
}

/** Serial request and answer: ms each. */
async function roundTrips(
  address: CoreAddress,
  credentials: Credentials,
  to: string,
  back: string,
  payload = 'x'.repeat(64),
): Promise<number[]> {
  let answered: () => void = () => {};
  const connection = await open(address, credentials, (topic) => {
    if (topic === back) answered();
  });
  await connection.subscribe([back]);
  const samples: number[] = [];
  for (let i = 0; i < WARM_UP + ROUNDS; i++) {
    const begin = performance.now();
    await new Promise<void>((resolve, reject) => {
      answered = resolve;
      connection.publish(to, payload).catch(reject);
    });
    if (i >= WARM_UP) samples.push(performance.now() - begin);
  }
  await connection.close();
  return samples;
}

async function desiredToLamp(
  address: CoreAddress,
  credentials: Credentials,
  board: MockBoard,
): Promise<{ lamp: number[]; reported: number[] }> {
  const lines = { R: 'GPIO17', Y: 'GPIO27', G: 'GPIO22' } as const;
  let wanted: keyof typeof lines = 'R';
  let lit: () => void = () => {};
  let followed: () => void = () => {};
  const unsubscribe = board.subscribe((line) => {
    if (line.name === lines[wanted] && line.level === 'high') lit();
  });
  const connection = await open(address, credentials, (_, payload) => {
    const document = JSON.parse(payload.toString()) as {
      current: { state: { reported?: { property?: string } } };
    };
    if (document.current.state.reported?.property === wanted) followed();
  });
  await connection.subscribe(['$aws/things/Light/shadow/update/documents']);
  const lamp: number[] = [];
  const reported: number[] = [];
  for (let i = 0; i < 100 + 600; i++) {
    wanted = (['G', 'Y', 'R'] as const)[i % 3]!;
    const begin = performance.now();
    const onLamp = new Promise<void>((resolve) => {
      lit = resolve;
    }).then(() => performance.now() - begin);
    const onReported = new Promise<void>((resolve) => {
      followed = resolve;
    }).then(() => performance.now() - begin);
    await connection.publish(
      '$aws/things/Light/shadow/update',
      JSON.stringify({ state: { desired: { property: wanted } } }),
    );
    const [a, b] = await Promise.all([onLamp, onReported]);
    if (i >= 100) {
      lamp.push(a);
      reported.push(b);
    }
  }
  unsubscribe();
  await connection.close();
  return { lamp, reported };
}

/** ms until all messages of one publisher have reached one subscriber. */
async function throughput(address: CoreAddress, from: Credentials, to: Credentials): Promise<number> {
  let count = 0;
  let done: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const hearer = await open(address, to, () => {
    count += 1;
    if (count === MESSAGES) done();
  });
  await hearer.subscribe(['bench/x']);
  const teller = await open(address, from, () => {});
  const payload = 'x'.repeat(64);
  const begin = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: WINDOW }, async () => {
      while (next++ < MESSAGES) await teller.publish('bench/x', payload);
    }),
  );
  await all;
  const took = performance.now() - begin;
  await teller.close();
  await hearer.close();
  return took;
}

function open(
  address: CoreAddress,
  credentials: Credentials,
  onMessage: (topic: string, payload: Buffer) => void,
): Promise<Connection> {
  return connectMqtt({
    address,
    credentials,
    onMessage,
    onClose: () => {},
    signal: new AbortController().signal,
  });
}

/** The laptop group in a process of its own: time until it runs with its lamp lit, and its memory after a while. */
async function wholeGroup(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-bench-'));
  const file = join(folder, 'laptop.yaml');
  const { readFile } = await import('node:fs/promises');
  const laptop = await readFile(new URL('../config/laptop.yaml', import.meta.url), 'utf8');
  await writeFile(file, laptop.replaceAll(/port: \d+/g, 'port: 0'));
  const starts: number[] = [];
  let resident = 0;
  try {
    for (let i = 0; i < 4; i++) {
      const begin = performance.now();
      const child = spawn(
        process.execPath,
        ['dist/src/main.js', 'run', '-c', file, '--state', join(folder, 'state')],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.includes('running group')) break;
      }
      // the first start makes the CA and all certificates
      if (i > 0) starts.push(performance.now() - begin);
      if (i === 3) {
        await new Promise((resolve) => setTimeout(resolve, 10_000));
        resident = await residentMb(child.pid!);
      }
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const start = quantile(starts, 0.5);
  return [
    { what: 'cold start to first lamp', ours: time(start), target: '≤ 1500 ms', met: start <= 1_500 },
    {
      what: 'resident memory, whole laptop group',
      ours: `${resident.toFixed(0)} MB`,
      target: '< 120 MB',
      met: resident < 120,
    },
  ];
}
