import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SILENT, VirtualClock } from '../../../hal/index.js';
import type { Command } from '../../../src/core/functions/process/command.js';
import { MemoryCgroups } from '../../../src/core/functions/process/memory/cgroup.js';
import { MemoryLimits } from '../../../src/core/functions/process/memory/limit.js';
import { findPlace } from '../../../src/core/functions/process/memory/place.js';
import { temporaryFolder } from '../../support/folder.js';
import { NO_PYTHON, NODE, PYTHON, processFunction, rig, until } from './support.js';

/** Where this machine lets us make cgroups; a sentence where it does not. */
const PLACE = await findPlace({ proc: '/proc' });
const NO_CGROUPS = typeof PLACE === 'string' ? PLACE : undefined;
const RESTART = { restart: { firstMs: 1, maxMs: 10 } };

const probe = (run = {}) =>
  processFunction('Probe', {
    handler: join(NODE, 'probe.handler'),
    runtime: 'nodejs',
    pinned: true,
    memoryMb: 48,
    ...run,
  });

const WAYS = [
  { by: 'cgroup', missing: NO_CGROUPS, options: { limits: RESTART } },
  {
    by: 'watch',
    missing: undefined,
    options: { limits: { ...RESTART, memoryEveryMs: 20 }, memoryBy: 'watch' as const },
  },
];

describe.each(WAYS)('a function that takes too much memory, by $by', ({ by, missing, options }) => {
  it('is ended, named with its limit, and started again', async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const { ask, answer, status, lines } = await rig([probe()], options);
    await ask({ do: 'memory', mb: 96 });
    await ask({});
    expect(await answer()).toMatchObject({ count: 1 });
    expect(status('Probe').figures).toMatchObject({
      memoryKills: 1,
      errors: 1,
      restarts: 1,
      exits: 0,
      memoryLimitBy: by,
      memoryLimitMb: 48,
    });
    expect(lines).toContainEqual({
      level: 'error',
      text: 'the process used more than its 48 MB of memory',
      function: 'Probe',
    });
  });

  it('has its memory in the status while it runs', async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const { ask, answer, manager, status } = await rig([probe({ pinned: false })], options);
    expect(status('Probe').figures).not.toHaveProperty('memoryMb');
    await ask({});
    await answer();
    const seen = await until(
      () => status('Probe').figures.memoryMb,
      () => JSON.stringify(status('Probe')),
    );
    expect(seen).toBeGreaterThan(3);
    expect(seen).toBeLessThan(48);
    await manager.stop();
  });
});

describe.skipIf(NO_CGROUPS !== undefined)('memory cgroups', () => {
  const { folder } = PLACE as { folder: string };

  it.skipIf(NO_PYTHON !== undefined)('count what a function starts', async () => {
    const { ask, status } = await rig(
      [probe({ runtime: 'python3', handler: join(PYTHON, 'probe.function_handler') })],
      { limits: RESTART },
    );
    await ask({ do: 'child memory', mb: 96 });
    await until(
      () => status('Probe').figures.errors === 1,
      () => JSON.stringify(status('Probe')),
    );
    // version 1 ends one process, here the larger one; version 2 all of them
    expect(status('Probe').cause).toMatch(/the child ended: -9|used more than its 48 MB/);
  });

  it('are removed with the processes, and those of a core that was killed at the next start', async () => {
    const gone = spawn('true');
    await new Promise((resolve) => gone.on('exit', resolve));
    const left = join(folder, `greenlight.${gone.pid}.abc.Old.1`);
    await mkdir(left);
    const { manager } = await rig([probe()], { limits: RESTART });
    expect(existsSync(left)).toBe(false);
    const ours = async (): Promise<readonly string[]> =>
      (await readdir(folder)).filter((name) => name.includes('.Probe.') && name.includes(`.${process.pid}.`));
    expect(await ours()).toHaveLength(1);
    await manager.stop();
    expect(await ours()).toEqual([]);
  });
});

/** Folders with the files of a kernel, as far as they are read. */
async function kernel(
  own: string,
  mounts: (root: string) => string,
): Promise<{ proc: string; root: string }> {
  const root = await temporaryFolder();
  const self = join(root, 'proc/self');
  await mkdir(self, { recursive: true });
  await writeFile(join(self, 'cgroup'), own);
  await writeFile(join(self, 'mountinfo'), mounts(root));
  return { proc: join(root, 'proc'), root };
}

const V2 = (root: string): string =>
  `30 24 0:27 / ${root}/cg rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n31 24 0:28 / /tmp rw - tmpfs tmpfs rw\n`;

async function v2Group(root: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(root, 'cg/system.slice/greenlight.service');
  await mkdir(join(folder, 'core'), { recursive: true });
  const all = {
    'cgroup.controllers': 'cpu memory pids\n',
    'cgroup.subtree_control': '\n',
    'cgroup.procs': `${process.pid}\n`,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text);
  return folder;
}

const OWN_V2 = '1:name=systemd:/\n0::/system.slice/greenlight.service\n';

describe('the place for memory cgroups', () => {
  it('is the own cgroup of version 1, also below a mount that shows a part only', async () => {
    const { proc, root } = await kernel(
      '9:cpu:/other\n4:memory:/docker/abc/sub\n0::/\n',
      (at) => `36 24 0:31 /docker/abc ${at}/memory rw - cgroup cgroup rw,memory\n`,
    );
    const folder = join(root, 'memory/sub');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'cgroup.procs'), '');
    expect(await findPlace({ proc })).toEqual({ version: 1, folder });
  });

  it('is the own cgroup of version 2, once its processes are in a cgroup of their own', async () => {
    const { proc, root } = await kernel(OWN_V2, V2);
    const folder = await v2Group(root, {});
    expect(await findPlace({ proc })).toEqual({ version: 2, folder });
    expect(await readFile(join(folder, 'core/cgroup.procs'), 'utf8')).toBe(String(process.pid));
    expect(await readFile(join(folder, 'cgroup.subtree_control'), 'utf8')).toBe('+memory');
  });

  it('is none where other programs run in the same cgroup, and nothing is moved', async () => {
    const { proc, root } = await kernel(OWN_V2, V2);
    const folder = await v2Group(root, { 'cgroup.procs': `${process.pid}\n2147483000\n` });
    await mkdir(join(proc, '2147483000'));
    await writeFile(join(proc, '2147483000/stat'), '2147483000 (a) b) S 1 1 1');
    expect(await findPlace({ proc })).toBe(`other programs run in the cgroup ${folder}`);
    expect(existsSync(join(folder, 'core/cgroup.procs'))).toBe(false);
  });

  it('is none without memory controller, hierarchy, right to write, or Linux', async () => {
    const { proc, root } = await kernel(OWN_V2, V2);
    expect(await findPlace({ proc })).toMatch(/greenlight\.service is not writable$/);
    await v2Group(root, { 'cgroup.controllers': 'cpu pids\n' });
    expect(await findPlace({ proc })).toMatch(/^the memory controller is not enabled for the cgroup/);
    await writeFile(join(proc, 'self/mountinfo'), '');
    expect(await findPlace({ proc })).toBe('no cgroup hierarchy with a memory controller is mounted');
    await rm(proc, { recursive: true });
    expect(await findPlace({ proc })).toBe('this system has no cgroups');
  });
});

describe('a memory cgroup of version 2', () => {
  it('limits memory and swap, ends all of a function, and tells that by its events', async () => {
    const folder = await temporaryFolder();
    const cgroups = new MemoryCgroups({ version: 2, folder });
    // the kernel makes a cgroup's files with its folder: a plain folder has those only that were written
    const limit = cgroups.limit('Probe', 32);
    const [name = ''] = await readdir(folder);
    const file = (of: string): string => join(folder, name, of);
    expect(await readFile(file('memory.max'), 'utf8')).toBe('33554432');
    const command: Command = { file: 'node', args: ['x'], env: {}, cwd: '/' };
    expect(limit.wrap(command).args.slice(2)).toEqual([file('cgroup.procs'), 'node', 'x']);
    await writeFile(file('memory.stat'), 'file 99\nanon 12345678\n');
    limit.started(1, () => {});
    await cgroups.measure();
    expect(limit.bytes).toBe(12_345_678);
    await writeFile(file('memory.events'), 'low 0\nmax 17\noom 1\noom_kill 1\n');
    expect(await limit.ended()).toBe('used more than its 32 MB of memory');
    expect(limit.bytes).toBeUndefined();
  });
});

describe('memory limits', () => {
  it('fall back to watching one process when its cgroup cannot be made, and say so', async () => {
    const { proc, root } = await kernel(
      '4:memory:/own\n',
      (at) => `36 24 0:31 / ${at}/memory rw - cgroup cgroup rw,memory\n`,
    );
    const folder = join(root, 'memory/own');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'cgroup.procs'), '');
    const warnings: string[] = [];
    const limits = new MemoryLimits({
      clock: new VirtualClock(),
      log: { ...SILENT, warn: (_: object, text: string) => void warnings.push(text) },
      everyMs: 250,
      kernel: { proc },
    });
    await limits.start();
    expect(limits.by).toBe('cgroup');
    await rm(dirname(folder), { recursive: true });
    expect(limits.limit('Probe', 16).by).toBe('watch');
    expect(warnings.join()).toContain('no cgroup could be made for Probe, its memory is watched: ENOENT');
    await limits.stop();
  });
});
