import { type Clock, type Log, messageOf } from '../../../../../hal/index.js';
import type { Command } from '../command.js';
import { MemoryCgroups } from './cgroup.js';
import { findPlace, type KernelFolders } from './place.js';
import { MemoryWatch } from './watch.js';

/** Keeps one process within its memory. */
export interface MemoryLimit {
  /** `cgroup`: the kernel does. `watch`: it is looked at from time to time. */
  readonly by: 'cgroup' | 'watch';
  /** Bytes that it has of its own, when last measured; undefined before, and after its end. */
  readonly bytes: number | undefined;
  /** The command that starts it so. */
  wrap(command: Command): Command;
  /** @param exceeded called when it is to be killed, with why in one clause; never when the kernel does that */
  started(pid: number, exceeded: (why: string) => void): void;
  /** After its end; once. @returns in one clause that the kernel ended it for its memory, undefined when it did not */
  ended(): Promise<string | undefined>;
}

export interface MemoryLimitsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Time in ms between two looks, where there is no cgroup. */
  readonly everyMs: number;
  /** `watch`: without cgroups, even where there are. */
  readonly by?: 'watch';
  readonly kernel?: KernelFolders;
}

/** Shortest time between two measurements. */
const MEASURE_NS = 1_000_000_000n;

/** Keeps processes within their memory: by a cgroup each where this process may make them, by watching elsewhere. */
export class MemoryLimits {
  readonly #watch: MemoryWatch;
  #cgroups: MemoryCgroups | undefined;
  #measured: bigint | undefined;
  #measuring: Promise<void> | undefined;

  constructor(private readonly options: MemoryLimitsOptions) {
    this.#watch = new MemoryWatch(options.clock, options.everyMs);
  }

  /** How names of cgroups of this instance begin, with their folder; undefined when there are none. */
  get prefix(): string | undefined {
    return this.#cgroups?.prefix;
  }

  get by(): MemoryLimit['by'] {
    return this.#cgroups === undefined ? 'watch' : 'cgroup';
  }

  async start(): Promise<void> {
    const { log, by, kernel = { proc: '/proc' } } = this.options;
    const place = by === 'watch' ? 'cgroups are not wanted' : await findPlace(kernel);
    if (typeof place === 'string') {
      log.info({}, `memory of functions is watched from here, not limited by the kernel: ${place}`);
      return;
    }
    this.#cgroups = new MemoryCgroups(place);
    await this.#cgroups.clean();
    log.info({}, `memory of functions is limited by cgroups in ${place.folder}`);
  }

  /** @param name of the function */
  limit(name: string, megabytes: number): MemoryLimit {
    return this.#byKernel(name, megabytes) ?? this.#watch.limit(megabytes);
  }

  /** Brings `bytes` of all limits up to date; at most once a second. What is watched always is. */
  measure(): Promise<void> {
    const now = this.options.clock.monotonicNs();
    if (this.#measured === undefined || now - this.#measured >= MEASURE_NS) {
      this.#measured = now;
      this.#measuring = this.#cgroups?.measure();
    }
    return this.#measuring ?? Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.#watch.stop();
    await this.#cgroups?.stop();
  }

  #byKernel(name: string, megabytes: number): MemoryLimit | undefined {
    try {
      return this.#cgroups?.limit(name, megabytes);
    } catch (error) {
      this.options.log.warn(
        { function: name },
        `no cgroup could be made for ${name}, its memory is watched: ${messageOf(error)}`,
      );
      return undefined;
    }
  }
}
