import { constants } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../../../hal/index.js';

/** Where this process may make memory cgroups. */
export interface CgroupPlace {
  /** Of the memory controller's hierarchy: cgroups(7), "Cgroups version 1" and "version 2". */
  readonly version: 1 | 2;
  /** The cgroup that ours are made in, as a folder. */
  readonly folder: string;
}

/** Read from there; other folders in tests. */
export interface KernelFolders {
  readonly proc: string;
}

/** Sub-cgroup that takes the core's own processes: in version 2 a cgroup with children has none of its own. */
const LEAF = 'core';

/**
 * Finds the cgroup of this process and makes it ready to have children with a memory limit.
 * @returns the place, or in one clause why there is none
 */
export async function findPlace({ proc }: KernelFolders): Promise<CgroupPlace | string> {
  let own: string;
  let mounts: string;
  try {
    own = await readFile(join(proc, 'self/cgroup'), 'utf8');
    mounts = await readFile(join(proc, 'self/mountinfo'), 'utf8');
  } catch {
    // not Linux, or a kernel without cgroups
    return 'this system has no cgroups';
  }
  const place = locate(own, mounts);
  if (place === undefined) return 'no cgroup hierarchy with a memory controller is mounted';
  const { version, folder } = place;
  try {
    await access(folder, constants.W_OK);
    await access(join(folder, 'cgroup.procs'), constants.W_OK);
  } catch {
    // read-only mount, or another user's
    return `the cgroup ${folder} is not writable`;
  }
  if (version === 1) return place;
  const problem = await readyV2(folder, proc);
  return problem ?? place;
}

/** From proc(5) `cgroup` and `mountinfo`. A memory controller of version 1 is not also one of version 2. */
function locate(own: string, mounts: string): CgroupPlace | undefined {
  const lines = own.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  for (const version of [1, 2] as const) {
    const line = lines.find((found) =>
      version === 1 ? found?.[1]?.split(',').includes('memory') : found?.[1] === '',
    );
    const path = line?.[2];
    if (path === undefined) continue;
    for (const mount of mounts.split('\n')) {
      const [before = '', after = ''] = mount.split(' - ');
      const [type, , options = ''] = after.split(' ');
      const [, , , root = '', point = ''] = before.split(' ');
      const fits =
        version === 1 ? type === 'cgroup' && options.split(',').includes('memory') : type === 'cgroup2';
      if (!fits || !(root === '/' || path === root || path.startsWith(`${root}/`))) continue;
      return { version, folder: join(point, root === '/' ? path : path.slice(root.length)) };
    }
  }
  return undefined;
}

/** Hands the memory controller down. @returns why that is not possible */
async function readyV2(folder: string, proc: string): Promise<string | undefined> {
  const words = async (file: string): Promise<readonly string[]> =>
    (await readFile(join(folder, file), 'utf8')).split(/\s+/).filter((word) => word !== '');
  try {
    if (!(await words('cgroup.controllers')).includes('memory')) {
      return `the memory controller is not enabled for the cgroup ${folder}`;
    }
    if ((await words('cgroup.subtree_control')).includes('memory')) return undefined;
    const pids = await words('cgroup.procs');
    for (const pid of pids) {
      if (!(await isOurs(Number(pid), proc))) return `other programs run in the cgroup ${folder}`;
    }
    await mkdir(join(folder, LEAF), { recursive: true });
    for (const pid of pids) {
      // one that ended meanwhile has nowhere to go
      await writeFile(join(folder, LEAF, 'cgroup.procs'), pid).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ESRCH') throw error;
      });
    }
    await writeFile(join(folder, 'cgroup.subtree_control'), '+memory');
    return undefined;
  } catch (error) {
    return `the cgroup ${folder} cannot be divided (${messageOf(error)})`;
  }
}

/** This process, or one that descends from it. */
async function isOurs(pid: number, proc: string): Promise<boolean> {
  for (let at = pid; at > 1; ) {
    if (at === process.pid) return true;
    const stat = await readFile(join(proc, String(at), 'stat'), 'utf8').catch(() => undefined);
    // it ended meanwhile: not in the way
    if (stat === undefined) return true;
    // the command's name, in parentheses, may hold anything; the parent is the second field after it
    at = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
  return pid === process.pid;
}
