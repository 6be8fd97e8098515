/**
 * The message manager beside mosquitto, in one run, with the same clients: `npx tsx bench/mqtt/main.ts [quick]`.
 * Figures of two runs are not to be compared; ratios within one are.
 */
import { pathToFileURL } from 'node:url';
import { prepare, type RunningBroker, startGreenlight, startMosquitto } from './brokers.js';
import type { Target } from './clients.js';
import { type Load, roundTrip, sleep, storm, throughput } from './measure.js';

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly greenlight: number;
  /** Undefined when mosquitto is not installed. */
  readonly mosquitto: number | undefined;
  /** What greenlight / mosquitto, or the figure itself, is to be. */
  readonly target: string;
  readonly met: boolean | undefined;
}

const LOADS: readonly [string, Load][] = [
  ['1 → 1', { publishers: 1, subscribers: 1, qos: 0 }],
  ['1 → 1', { publishers: 1, subscribers: 1, qos: 1 }],
  ['1 → 50', { publishers: 1, subscribers: 50, qos: 0 }],
  ['1 → 50', { publishers: 1, subscribers: 50, qos: 1 }],
  ['50 → 1', { publishers: 50, subscribers: 1, qos: 0 }],
  ['50 → 1', { publishers: 50, subscribers: 1, qos: 1 }],
  ['500 pairs', { publishers: 500, subscribers: 500, qos: 0, pairs: true }],
];
const IDLE = 500;
const STORM = 2_500;

/** All rows of the table. */
export async function mqttRows(seconds = 3): Promise<Row[]> {
  const ground = await prepare();
  const rows: Row[] = [];
  const ours = await startGreenlight(ground);
  const theirs = await startMosquitto(ground);
  const both = async (
    measure: (broker: RunningBroker) => Promise<number>,
  ): Promise<[number, number | undefined]> => [await measure(ours), theirs && (await measure(theirs))];
  const bothFresh = async (measure: (broker: RunningBroker) => Promise<number>): ReturnType<typeof both> => {
    const figures: number[] = [];
    for (const start of [startGreenlight, startMosquitto]) {
      const broker = await start(ground);
      if (broker === undefined) continue;
      figures.push(await measure(broker));
      await broker.stop();
    }
    return [figures[0] as number, figures[1]];
  };
  const add = (
    what: string,
    unit: string,
    [a, measured]: [number, number | undefined],
    target: string,
    ok: (ratio: number) => boolean,
  ): void => {
    // nothing came through the peer: that is no figure to be compared with
    const b = measured === 0 ? undefined : measured;
    rows.push({
      what,
      unit,
      greenlight: a,
      mosquitto: b,
      target,
      met: b === undefined ? undefined : ok(a / b),
    });
  };
  try {
    for (const secure of [false, true]) {
      const name = secure ? 'mutual TLS' : 'plain';
      const target = (broker: RunningBroker): Target =>
        secure ? { port: broker.tls, tls: ground.credentials } : { port: broker.plain };
      for (const qos of [0, 1] as const) {
        // in turns, and the best of three: what else the machine does must not decide
        const best = new Map<RunningBroker, { p50: number; p99: number }>();
        for (let turn = 0; turn < 3; turn += 1) {
          for (const broker of theirs ? [ours, theirs] : [ours]) {
            const got = await roundTrip(target(broker), qos, seconds * 2_000);
            const known = best.get(broker) ?? got;
            best.set(broker, { p50: Math.min(known.p50, got.p50), p99: Math.min(known.p99, got.p99) });
          }
        }
        const middle = await both(async (broker) => best.get(broker)?.p50 as number);
        const tails = await both(async (broker) => best.get(broker)?.p99 as number);
        add(`${name}, round trip QoS ${qos}, p50`, 'µs', middle, '≤ 1.3 ×', (ratio) => ratio <= 1.3);
        add(`${name}, round trip QoS ${qos}, p99`, 'µs', tails, '', () => true);
      }
      for (const [shape, load] of LOADS) {
        const rate = await both((broker) => throughput(target(broker), { ...load, seconds }));
        add(`${name}, ${shape}, QoS ${load.qos}`, 'msg/s', rate, '≥ 0.9 ×', (ratio) => ratio >= 0.9);
      }
    }
    const idle = await bothFresh(async (broker) => {
      // a first wave lets both brokers grow to their working size
      const first = await storm({ port: broker.tls, tls: ground.credentials }, 50, 10);
      await sleep(1_000);
      const before = await broker.memory();
      const { clients } = await storm({ port: broker.tls, tls: ground.credentials }, IDLE, 20, 'idle');
      await sleep(3_000);
      const after = await broker.memory();
      for (const client of [...clients, ...first.clients]) client.close();
      return (after - before) / IDLE / 1_024;
    });
    rows.push({
      what: `memory per idle TLS connection (${IDLE})`,
      unit: 'KiB',
      greenlight: idle[0],
      mosquitto: idle[1],
      target: '≤ 60',
      met: idle[0] <= 60,
    });
    await sleep(500);
    add(
      `${STORM} clients connect at once, mutual TLS`,
      'ms',
      await both(async (broker) => {
        const { ms, clients } = await storm({ port: broker.tls, tls: ground.credentials }, STORM);
        for (const client of clients) client.close();
        await sleep(500);
        return ms;
      }),
      '',
      () => true,
    );
  } finally {
    await ours.stop();
    await theirs?.stop();
    await ground.remove();
  }
  return rows;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rows = await mqttRows(process.argv[2] === 'quick' ? 1 : 3);
  const show = (value: number | undefined): string =>
    value === undefined ? '–' : value.toFixed(value < 100 ? 1 : 0);
  console.log('| | unit | greenlight | mosquitto | ratio | target | |\n|---|---|---|---|---|---|---|');
  for (const { what, unit, greenlight, mosquitto, target, met } of rows) {
    const ratio = mosquitto === undefined ? undefined : greenlight / mosquitto;
    const verdict = met === undefined || target === '' ? '' : met ? 'met' : 'MISSED';
    console.log(
      `| ${what} | ${unit} | ${show(greenlight)} | ${show(mosquitto)} | ${ratio?.toFixed(2) ?? '–'} | ${target} | ${verdict} |`,
    );
  }
  process.exit(rows.some(({ met }) => met === false) ? 1 : 0);
}
