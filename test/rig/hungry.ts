import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Appliance } from './host/appliance.js';
import { START_LIMIT_MS } from './host/light.js';

interface Figures {
  readonly memoryLimitBy?: string;
  readonly memoryKills?: number;
}

/**
 * The kernel ends a function that takes too much, in the cgroup that the unit was given; the unit goes on. A unit whose
 * cgroup was divided so is also started again after a crash.
 */
export async function hungryFunction(board: Appliance): Promise<readonly string[]> {
  await board.until('active (running)');
  // the kernel tells of each on the console, between the lines that are read here
  await board.run('dmesg -n 1');
  const before = await board.properties(['MainPID', 'NRestarts']);
  await board.run('greenlight deploy /opt/rig/hungry.yaml');
  await ended(board);
  assert.deepEqual(await board.properties(['MainPID', 'NRestarts']), before);
  await board.run('kill -9 $(systemctl show greenlight -p MainPID --value)');
  await ended(board);
  const after = await board.properties(['MainPID', 'NRestarts']);
  assert.notEqual(after.MainPID, before.MainPID);
  assert.equal(Number(after.NRestarts), Number(before.NRestarts) + 1);
  await board.run('greenlight deploy /opt/rig/appliance.virt.yaml');
  assert.equal(await board.run('find /sys/fs/cgroup -type d -name "greenlight.*.GG_Hungry.*"'), '');
  return ['the kernel ended it at 64 MB, and the unit went on; again after a kill -9; no cgroup was left'];
}

async function ended(board: Appliance): Promise<void> {
  const end = Date.now() + START_LIMIT_MS;
  let figures: Figures = {};
  while (!((figures.memoryKills ?? 0) > 0)) {
    const seen = JSON.stringify(figures);
    if (Date.now() > end) assert.fail(`not ended for its memory: ${seen}; ${await board.explain()}`);
    await sleep(1_000);
    figures = await figuresOf(board, 'GG_Hungry');
  }
  assert.equal(figures.memoryLimitBy, 'cgroup');
}

/** Empty while nobody answers. */
async function figuresOf(board: Appliance, name: string): Promise<Figures> {
  const { code, output } = await board.machine.try('greenlight status --json');
  if (code !== 0) return {};
  const status = JSON.parse(output) as {
    parts: readonly { readonly name: string; readonly figures?: Figures }[];
  };
  return status.parts.find((part) => part.name === name)?.figures ?? {};
}
