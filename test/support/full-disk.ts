/**
 * A spool on a disk that is really full: a tmpfs of a few megabytes. Run below `unshare --map-root-user --mount`, which
 * needs no rights; the first argument is a folder to mount it on. Prints what happened as JSON, exits 0.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SILENT, VirtualClock } from '../../hal/index.js';
import { Spool } from '../../src/cloud/spool/index.js';
import { LevelStore } from '../../src/store/level.js';

const folder = process.argv[2]!;
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]);
const ballast = join(folder, 'ballast');
await writeFile(ballast, Buffer.alloc(10 * 1024 * 1024));

const never = new AbortController().signal;
const clock = new VirtualClock();
const way = { open: false };
const arrived: number[] = [];
const acknowledged: number[] = [];
let refused = 0;
let store = await LevelStore.open(join(folder, 'db'));
const make = () =>
  new Spool({
    name: 'full',
    store,
    clock,
    log: SILENT,
    random: () => 1,
    deliver: async ({ payload }) => {
      if (!way.open) throw new Error('no way');
      arrived.push(Number(Buffer.from(payload).toString().split(' ')[0]));
    },
  });
let spool = make();
await spool.start(never);
let n = 0;
const put = async () => {
  const value = n++;
  try {
    await spool.enqueue({
      subject: 's',
      payload: Buffer.from(`${value} ${randomBytes(1_000).toString('latin1')}`),
    });
    acknowledged.push(value);
    return true;
  } catch {
    refused += 1;
    return false;
  }
};

// until the disk is full, and a while longer
let inARow = 0;
while (inARow < 50 && n < 50_000) inARow = (await put()) ? 0 : inARow + 1;
const full = { part: spool.part(), acknowledged: acknowledged.length, refused };

// as an operator does: room, and nothing else
await rm(ballast);
let turns = 0;
while (turns < 500 && !(await put())) {
  turns += 1;
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const wentOn = turns < 500;
for (let more = 0; more < 20; more++) await put();
const after = spool.part();

// and what was acknowledged is there, also for the next process
await spool.stop();
await store.close();
store = await LevelStore.open(join(folder, 'db'));
spool = make();
await spool.start(never);
const queued = spool.status().queued;
way.open = true;
spool.kick();
for (let turn = 0; turn < 20_000 && spool.status().bytes > 0; turn++) {
  await clock.advance(100);
  await new Promise((resolve) => setTimeout(resolve, 1));
}
await spool.stop();
await store.close();

const there = new Set(arrived);
console.log(
  JSON.stringify({
    full,
    wentOn,
    turns,
    after,
    queued,
    acknowledged: acknowledged.length,
    arrived: arrived.length,
    missing: acknowledged.filter((value) => !there.has(value)).length,
    doubled: arrived.length - there.size,
    inOrder: arrived.every((value, at) => at === 0 || value > arrived[at - 1]!),
  }),
);
