/**
 * `latency.js`: time from the kernel's timestamp of an edge to the listener of the line and to the event of a button
 * role on another, for edges driven from outside.
 */
import { button } from '../../../devices/button.js';
import { SILENT, SystemClock } from '../../../hal/index.js';
import { Host } from './host.js';
import { FREE, startDriver } from './lines.js';

const EDGES = 100;
const host = new Host();
const driver = await startDriver('chardev');
const gaps: string[] = [];

/** Drives edges one at a time and hands each latency in µs, as `wait` measured it, to the statistics. */
async function measure(
  what: string,
  offset: number,
  latencies: number[],
  heard: () => Promise<void>,
): Promise<void> {
  for (let n = 0; n < EDGES; n += 1) {
    const arrived = heard();
    await host.ask({ do: 'drive', offset, level: n % 2 === 0 ? 1 : 0 });
    await arrived;
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number): string =>
    (latencies[Math.floor(share * (latencies.length - 1))] ?? 0).toFixed(0);
  console.log(
    `figure: edge to ${what}, ${EDGES} edges: median ${at(0.5)} µs, 95 % ${at(0.95)} µs, most ${at(1)} µs`,
  );
}

let arrive = (): void => {};
const next = (): Promise<void> =>
  new Promise((resolve) => {
    arrive = resolve;
  });

const toListener: number[] = [];
const input = await driver.input(FREE.virt[0]!, 'latency');
let last = 0;
input.onEdge((event) => {
  toListener.push(Number(process.hrtime.bigint() - event.timestampNs) / 1000);
  if (event.sequence !== last + 1) gaps.push(`${last} to ${event.sequence}`);
  last = event.sequence;
  arrive();
});
await measure('listener', 0, toListener, next);

const toRole: number[] = [];
let stamp = 0n;
// The role keeps the timestamp to itself; a second listener on the same line notes it first.
const observed: typeof driver = Object.create(driver, {
  input: {
    value: async (...args: Parameters<typeof driver.input>) => {
      const line = await driver.input(...args);
      line.onEdge((event) => {
        stamp = event.timestampNs;
      });
      return line;
    },
  },
});
const role = button.create(
  { line: FREE.virt[1]!, activeLow: false, bias: 'as-is', debounce: 0, hold: 60_000, to: [] },
  {
    thing: 'button',
    gpio: observed,
    clock: new SystemClock(),
    log: SILENT,
    neighbours: {
      desire: async () => {},
      follow: () => () => {},
      publish: async () => {},
      receive: () => () => {},
    },
    random: Math.random,
    changed: () => {
      toRole.push(Number(process.hrtime.bigint() - stamp) / 1000);
      arrive();
    },
    fault: () => {},
  },
);
await host.ask({ do: 'drive', offset: 1, level: 0 });
await role.start(new AbortController().signal);
await measure('role event', 1, toRole, next);
await role.stop();
await driver.stop();
if (gaps.length > 0) console.log(`gaps in the sequence: ${gaps.join(', ')}`);
host.close();
process.exit(gaps.length === 0 ? 0 : 1);
