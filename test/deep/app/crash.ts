/**
 * Kills the whole application with SIGKILL at random moments and looks at what is left: every acknowledged update of a
 * shadow, rising versions, the same CA, totals that only rise, one row per window.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CarStatsRow } from '../../../src/aggregator/batch.js';
import type { Totals } from '../../../src/aggregator/statistics.js';
import { ControlClient } from '../../../src/control/client.js';
import type { Credentials } from '../../../src/things/connection.js';
import { connectMqtt } from '../../../src/things/mqtt.js';
import { FAST_CROSSING } from '../../support/fast-crossing.js';
import { type RunningProcess, startProcess } from '../../support/process.js';

const WRITERS = 4;

interface Seen {
  ca: string;
  /** Per writer: the last value that was accepted, and the highest version seen. */
  readonly accepted: number[];
  readonly versions: number[];
  greens: number;
}

/** @returns the figures of the run; `lost` and `broken` are 0 when all is well */
export async function crashApp(rounds: number, random: () => number): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-crash-'));
  const file = join(folder, 'crossing.yaml');
  const stateDir = join(folder, 'state');
  await writeFile(file, `${FAST_CROSSING}log: { level: info }\n`);
  const figures = { rounds, accepted: 0, greens: 0, rows: 0, lost: 0, broken: 0 };
  const seen: Seen = {
    ca: '',
    accepted: Array<number>(WRITERS).fill(0),
    versions: Array<number>(WRITERS).fill(0),
    greens: 0,
  };
  const credentials: Credentials[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      const running = await startProcess(file, stateDir);
      const control = new ControlClient(stateDir);
      if (round === 0)
        for (let i = 0; i < WRITERS; i++) credentials.push(await member(control, `Writer${i}`, seen));
      await inspect(control, seen, figures, credentials.length);
      if (round === rounds) {
        await running.stop();
        break;
      }
      const writing = credentials.map((who, i) => write(running, who, seen, i, figures));
      await new Promise((resolve) => setTimeout(resolve, 150 + random() * 700));
      await running.kill();
      await Promise.all(writing);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return figures;
}

async function member(control: ControlClient, thing: string, seen: Seen): Promise<Credentials> {
  const { certificate, privateKey, ca } = (await control.call('POST', `/things/${thing}/add`)) as Record<
    string,
    string
  >;
  seen.ca = ca!;
  return { thing, certificate: certificate!, privateKey: privateKey! };
}

/** Updates as fast as they are accepted, until the process is gone. */
async function write(
  running: RunningProcess,
  who: Credentials,
  seen: Seen,
  index: number,
  figures: { accepted: number },
): Promise<void> {
  const topic = `$aws/things/${who.thing}/shadow/update`;
  let answered: (version: number) => void = () => {};
  let gone: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const connection = await connectMqtt({
    address: { host: '127.0.0.1', port: running.mqttPort, ca: seen.ca },
    credentials: who,
    onMessage: (_, payload) => answered((JSON.parse(payload.toString()) as { version: number }).version),
    onClose: () => gone(),
    signal: new AbortController().signal,
  }).catch(() => undefined);
  // killed before it could connect: nothing was promised
  if (connection === undefined) return;
  try {
    await connection.subscribe([`${topic}/accepted`]);
    for (let value = seen.accepted[index]! + 1; ; value++) {
      const accepted = new Promise<number>((resolve) => {
        answered = resolve;
      });
      await connection.publish(topic, JSON.stringify({ state: { reported: { value, twin: value } } }));
      const version = await Promise.race([accepted, closed]);
      if (version === undefined) return;
      seen.accepted[index] = value;
      seen.versions[index] = version;
      figures.accepted += 1;
    }
  } catch {
    // the process was killed under a request: that one was not accepted
  } finally {
    await connection.close().catch(() => {});
  }
}

async function inspect(
  control: ControlClient,
  seen: Seen,
  figures: Record<string, number>,
  writers: number,
): Promise<void> {
  for (let i = 0; i < writers; i++) {
    if (seen.versions[i] === 0) continue;
    const document = (await control.call('GET', `/shadow/Writer${i}`)) as unknown as {
      version: number;
      state: { reported: { value: number; twin: number } };
    };
    const { value, twin } = document.state.reported;
    if (value < seen.accepted[i]! || document.version < seen.versions[i]!) figures.lost! += 1;
    if (value !== twin) figures.broken! += 1;
    // an update that was stored but not answered is there too
    seen.accepted[i] = value;
    seen.versions[i] = document.version;
  }
  const { totals, rows } = (await control.call('GET', '/stats?limit=100000')) as unknown as {
    totals: { totals: Totals }[];
    rows: CarStatsRow[];
  };
  const greens = totals[0]?.totals.totalGreenlights ?? 0;
  if (greens < seen.greens) figures.lost! += 1;
  seen.greens = greens;
  figures.greens = greens;
  figures.rows = rows.length;
  rows.forEach((row, i) => {
    if (row.Window !== i + 1 || row.TotalGreenlights !== 3 * row.Window) figures.broken! += 1;
  });
  if (rows.length !== Math.floor(greens / 3)) figures.broken! += 1;
}
