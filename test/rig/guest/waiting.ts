/**
 * `waiting.js`: inputs that wait for edges hold up neither the event loop, nor the thread pool, nor the exit. The last
 * is seen from outside: the program ends with its inputs open.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FREE, startDriver } from './lines.js';

const driver = await startDriver('chardev');
const lines = [...FREE.virt, 5, 6, 7].map((line) =>
  typeof line === 'number' ? { chip: '9030000.pl061', offset: line } : line,
);
for (const line of lines) (await driver.input(line, 'waiting')).onEdge(() => {});

let ticks = 0;
const ticking = setInterval(() => {
  ticks += 1;
}, 10);
const began = performance.now();
await Promise.all(Array.from({ length: 8 }, () => readFile('/etc/hosts')));
const reads = performance.now() - began;
await sleep(1_000);
clearInterval(ticking);
assert.ok(ticks > 20, `${ticks} ticks in a second`);
assert.ok(reads < 1_000, `eight file reads took ${reads} ms`);
console.log(
  `${lines.length} inputs wait; ${ticks} ticks in a second, eight file reads in ${reads.toFixed(0)} ms`,
);
process.exit(0);
