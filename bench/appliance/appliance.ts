/** What a unit costs that runs for years: its start, its memory, and at rest its CPU, wake-ups and writes to disk. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Issued, startCore } from '../support/core.js';
import { quantile, type Row, residentMb, time } from '../support/figures.js';
import { type Rates, usageOf, watch } from './process.js';
import { startUnit, type Unit } from './unit.js';
import { updates } from './updates.js';

/** V8 tidies up for a while after a start. */
const SETTLE_MS = 30_000;
const WINDOW_MS = 60_000;
const STARTS = 4;

const LISTENERS = 'core: { mqtt: { port: 0 }, discovery: { port: 0 } }\n';
const LIGHT =
  '  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }\n';
const COUNTER =
  'functions:\n  - { name: GG_Car_Aggregator, builtin: car-aggregator, watch: GG_TrafficLight }\n';

/** The crossing without traffic: nobody asks for a colour. */
const AT_REST = `version: 1\nhal: { driver: mock }\n${LISTENERS}things:\n${LIGHT}  - { name: GG_Switch }\n${COUNTER}`;
const CORE_ALONE = `version: 1\n${LISTENERS}things:\n  - { name: GG_TrafficLight }\n  - { name: GG_Switch }\n${COUNTER}`;

export async function appliance(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-bench-'));
  try {
    return [...(await units(folder)), ...(await writes())];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function units(folder: string): Promise<Row[]> {
  const rows: Row[] = [];
  const laptop = await readFile(new URL('../../config/laptop.yaml', import.meta.url), 'utf8');
  const running = laptop.replaceAll(/port: \d+/g, 'port: 0');
  const all = await started(join(folder, 'all'), AT_REST);
  const core = await started(join(folder, 'core'), CORE_ALONE);
  const thing = await started(join(folder, 'thing'), await thingAlone(join(folder, 'thing'), core.unit));
  const traffic = await startUnit(join(folder, 'traffic'), running);
  const open = [all.unit, core.unit, thing.unit, traffic];
  try {
    rows.push(
      ...startRows('all in one', all),
      ...startRows('core alone', core),
      ...startRows('thing alone', thing),
    );
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const rates = await Promise.all(open.map(({ pid }) => watch(pid, WINDOW_MS)));
    const names = [
      'all in one, at rest',
      'core alone, at rest',
      'thing alone, at rest',
      'crossing, a change every 2 s',
    ];
    for (const [at, unit] of open.entries())
      rows.push(...restRows(names[at]!, rates[at]!, await residentMb(unit.pid), at === 3));
    return rows;
  } finally {
    for (const unit of open.reverse()) await unit.stop();
  }
}

interface Started {
  readonly unit: Unit;
  readonly lamps: readonly number[];
  readonly ready: readonly number[];
}

/** The first start makes keys and certificates and does not count. The last one goes on. */
async function started(folder: string, config: string): Promise<Started> {
  const [lamps, ready]: number[][] = [[], []];
  for (let start = 0; ; start += 1) {
    const unit = await startUnit(folder, config);
    if (start > 0) {
      ready!.push(unit.readyMs);
      if (unit.firstLampMs !== undefined) lamps!.push(unit.firstLampMs);
    }
    if (start === STARTS) return { unit, lamps: lamps!, ready: ready! };
    await unit.stop();
  }
}

async function thingAlone(folder: string, core: Unit): Promise<string> {
  const files = (await core.control.call('POST', '/things/GG_TrafficLight/add')) as unknown as Issued;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'GG_TrafficLight.cert.pem'), files.certificate);
  await writeFile(join(folder, 'GG_TrafficLight.private.key'), files.privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'root.ca.pem'), files.ca);
  const port = await core.port('discovery');
  return `version: 1\nhal: { driver: mock }\nconnect: { discovery: { host: 127.0.0.1, port: ${port}, ca: root.ca.pem }, certificates: . }\nthings:\n${LIGHT}`;
}

function startRows(name: string, { lamps, ready }: Started): Row[] {
  const lamp = quantile(lamps, 0.5);
  return [
    ...(lamps.length === 0
      ? []
      : [
          { what: `${name}: start to first lamp`, ours: time(lamp), target: '≤ 1500 ms', met: lamp <= 1_500 },
        ]),
    { what: `${name}: start to ready`, ours: time(quantile(ready, 0.5)) },
  ];
}

function restRows(name: string, rates: Rates, memoryMb: number, busy: boolean): Row[] {
  const { cpuPercent, wakeupsPerSecond, loopWakeupsPerSecond, diskBytesPerHour } = rates;
  return [
    {
      what: `${name}: resident memory`,
      ours: `${memoryMb.toFixed(0)} MB`,
      target: '< 120 MB',
      met: memoryMb < 120,
    },
    {
      what: `${name}: CPU, of one core`,
      ours: `${cpuPercent.toFixed(2)} %`,
      target: '< 1 %',
      met: cpuPercent < 1,
    },
    {
      what: `${name}: wake-ups, of these the event loop`,
      ours: `${wakeupsPerSecond.toFixed(1)}/s, ${loopWakeupsPerSecond.toFixed(1)}/s`,
    },
    {
      what: `${name}: written to disk`,
      ours: `${kilobytes(diskBytesPerHour)}/h`,
      ...(!busy && { target: '0', met: diskBytesPerHour === 0 }),
    },
  ];
}

/** Bytes that reach the disk for shadow updates that are durable when they are acknowledged. */
async function writes(): Promise<Row[]> {
  const core = await startCore(
    'version: 1\ngroup: { name: bench }\ncore: { mqtt: { port: 0 }, discovery: { port: 0 } }\nthings: [{ name: Light }]\n',
  );
  try {
    const things = await Promise.all(Array.from({ length: 12 }, (_, n) => core.member(`Light${n}`)));
    const rows: Row[] = [];
    for (const [how, members, inFlight] of [
      ['one at a time', things.slice(0, 1), 1],
      ['12 things with 8 in flight each', things, 8],
    ] as const) {
      const each = Math.ceil(1_000 / members.length);
      const round = (count: number) =>
        Promise.all(members.map((member) => updates(core.address, member, count, inFlight)));
      await round(20);
      const before = await usageOf(core.pid);
      await round(each);
      const after = await usageOf(core.pid);
      const bytes = ((after.diskBytes - before.diskBytes) / (each * members.length)) * 1_000;
      rows.push({ what: `1000 shadow updates, ${how}: written to disk`, ours: kilobytes(bytes) });
    }
    return rows;
  } finally {
    await core.stop();
  }
}

function kilobytes(bytes: number): string {
  return bytes < 10_240 ? `${Math.round(bytes)} B` : `${Math.round(bytes / 1_024)} KiB`;
}
