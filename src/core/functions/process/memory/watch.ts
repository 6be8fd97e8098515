import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../../../hal/index.js';
import type { MemoryLimit } from './limit.js';

/** The kernel writes kB and means KiB. */
const KIB = 1_024;

interface Watched {
  readonly pid: number;
  readonly limitBytes: number;
  bytes: number | undefined;
  exceeded(): void;
}

/**
 * Looks at the memory of processes at fixed times. What counts is the memory of their own (`RssAnon`): program text and
 * libraries, which processes share, do not; nor do processes that they start. A process grows for at most one period
 * before it is seen.
 */
export class MemoryWatch {
  readonly #watched = new Set<Watched>();
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly everyMs: number,
  ) {}

  limit(megabytes: number): MemoryLimit {
    let watched: Watched | undefined;
    return {
      by: 'watch',
      get bytes() {
        return watched?.bytes;
      },
      wrap: (command) => command,
      started: (pid, exceeded) => {
        watched = {
          pid,
          limitBytes: megabytes * 1_048_576,
          bytes: undefined,
          exceeded: () => exceeded(`used more than its ${megabytes} MB of memory`),
        };
        this.#watched.add(watched);
        this.#running ??= this.#loop();
      },
      ended: async () => {
        if (watched) this.#watched.delete(watched);
        watched = undefined;
        return undefined;
      },
    };
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  /** Ends when there is nothing to look at. */
  async #loop(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted && this.#watched.size > 0) {
      // one after the other: the next round begins when this one is done, however many there are
      for (const watched of this.#watched) {
        const bytes = await ownMemory(watched.pid);
        watched.bytes = bytes;
        if (bytes !== undefined && bytes > watched.limitBytes && this.#watched.has(watched)) {
          watched.exceeded();
        }
      }
      // aborted: the loop's condition ends it
      await this.clock.sleep(this.everyMs, signal).catch(() => {});
    }
    this.#running = undefined;
  }
}

/** Bytes of resident memory that is the process's own; undefined when there is no such process or no /proc. */
export async function ownMemory(pid: number): Promise<number | undefined> {
  let status: string;
  try {
    status = await readFile(`/proc/${pid}/status`, 'utf8');
  } catch {
    // it ended meanwhile, or this system has no /proc: nothing to say
    return undefined;
  }
  const kib = /^RssAnon:\s+(\d+) kB/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib) * KIB;
}
