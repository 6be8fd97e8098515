import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../command.js';
import type { MemoryLimit } from './limit.js';
import type { CgroupPlace } from './place.js';

/** Names that an instance of this program gives: `greenlight.PID.TAG.FUNCTION.N`. */
const OURS = /^greenlight\.(\d+)\./;

/**
 * Memory cgroups, one for each function process and all that it starts. The kernel counts what they hold together
 * (program text that others use too is given back first) and kills them when that does not fit any more.
 *
 * Making and removing one writes no disk: these folders are in the kernel's memory.
 */
export class MemoryCgroups {
  #count = 0;
  /** Ended, but with a process that the kernel has not buried yet. */
  readonly #left = new Set<string>();

  /** Measures, of those in use. */
  readonly #gauges = new Set<() => Promise<void>>();

  /** Instances in one process, as in tests, do not take each other's. */
  readonly #tag = randomBytes(3).toString('hex');

  constructor(private readonly place: CgroupPlace) {}

  /** How the names of ours begin, with their folder. */
  get prefix(): string {
    return join(this.place.folder, `greenlight.${process.pid}.${this.#tag}.`);
  }

  /** Removes what an instance that was killed left behind. */
  async clean(): Promise<void> {
    for (const name of await readdir(this.place.folder)) {
      const pid = Number(OURS.exec(name)?.[1]);
      if (!Number.isInteger(pid) || pid === process.pid || isAlive(pid)) continue;
      // one that is in use after all stays
      await rmdir(join(this.place.folder, name)).catch(() => {});
    }
  }

  /** A new one. @throws whatever the kernel refuses it with */
  limit(name: string, megabytes: number): MemoryLimit {
    this.#removeLeft();
    this.#count += 1;
    const folder = `${this.prefix}${name}.${this.#count}`;
    const write = (file: string, value: string | number): void =>
      writeFileSync(join(folder, file), String(value));
    const bytes = megabytes * 1_048_576;
    const v1 = this.place.version === 1;
    mkdirSync(folder);
    try {
      if (v1) {
        write('memory.limit_in_bytes', bytes);
        // kernels with swap accounting only; without, swap comes on top
        if (existsSync(join(folder, 'memory.memsw.limit_in_bytes')))
          write('memory.memsw.limit_in_bytes', bytes);
      } else {
        write('memory.max', bytes);
        if (existsSync(join(folder, 'memory.swap.max'))) write('memory.swap.max', 0);
        // all of it or none: half a function is no use
        if (existsSync(join(folder, 'memory.oom.group'))) write('memory.oom.group', 1);
      }
    } catch (error) {
      rmdirSync(folder);
      throw error;
    }
    return this.#limit(folder, megabytes, v1);
  }

  /** Brings `bytes` of all up to date. */
  async measure(): Promise<void> {
    // one after the other: hundreds at once would fill the pool that reads files
    for (const gauge of this.#gauges) await gauge();
  }

  async stop(): Promise<void> {
    for (let tries = 0; this.#left.size > 0 && tries < 20; tries += 1) {
      this.#removeLeft();
      // real time: the kernel knows no other
      if (this.#left.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #limit(folder: string, megabytes: number, v1: boolean): MemoryLimit {
    let used: number | undefined;
    const number = async (file: string, pattern: RegExp): Promise<number | undefined> => {
      const text = await readFile(join(folder, file), 'utf8').catch(() => undefined);
      const found = text === undefined ? undefined : pattern.exec(text)?.[1];
      return found === undefined ? undefined : Number(found);
    };
    const gauge = async (): Promise<void> => {
      used = await number('memory.stat', v1 ? /^total_rss (\d+)$/m : /^anon (\d+)$/m);
    };
    return {
      by: 'cgroup',
      get bytes() {
        return used;
      },
      wrap: (command) => entering(command, join(folder, 'cgroup.procs')),
      started: () => void this.#gauges.add(gauge),
      ended: async () => {
        this.#gauges.delete(gauge);
        used = undefined;
        // kernels before 4.13 do not count the kills of version 1, only that the limit was met
        const kills = v1
          ? ((await number('memory.oom_control', /^oom_kill (\d+)$/m)) ??
            (await number('memory.failcnt', /^(\d+)$/m)))
          : await number('memory.events', /^oom_kill (\d+)$/m);
        this.#left.add(folder);
        this.#removeLeft();
        return (kills ?? 0) > 0 ? `used more than its ${megabytes} MB of memory` : undefined;
      },
    };
  }

  #removeLeft(): void {
    for (const folder of this.#left) {
      try {
        rmdirSync(folder);
        this.#left.delete(folder);
      } catch (error) {
        // EBUSY: a process that was killed is still going; tried again later
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY') this.#left.delete(folder);
      }
    }
  }
}

/** Enters the cgroup before it becomes the function, so that nothing escapes the count. Needs no right afterwards. */
function entering(command: Command, procs: string): Command {
  const { file, args } = command;
  return { ...command, file: 'sh', args: ['-c', 'echo $$ > "$0" && exec "$@"', procs, file, ...args] };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
