import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../../hal/index.js';

/** The kernel writes kB and means KiB. */
const KIB = 1_024;

export interface Watched {
  readonly pid: number;
  readonly limitBytes: number;
  exceeded(bytes: number): void;
}

/**
 * Looks at the memory of processes at fixed times. What counts is the memory of their own (`RssAnon`): program text and
 * libraries, which processes share, do not. A process grows for at most one period before it is seen.
 */
export class MemoryWatch {
  readonly #watched = new Set<Watched>();
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly everyMs: number,
  ) {}

  start(): void {
    this.#running = this.#loop();
  }

  /** @returns a function that ends it */
  add(watched: Watched): () => void {
    this.#watched.add(watched);
    return () => this.#watched.delete(watched);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      // one after the other: the next round begins when this one is done, however many there are
      for (const watched of this.#watched) {
        const bytes = await ownMemory(watched.pid);
        if (bytes !== undefined && bytes > watched.limitBytes && this.#watched.has(watched)) {
          watched.exceeded(bytes);
        }
      }
      // aborted: the loop's condition ends it
      await this.clock.sleep(this.everyMs, signal).catch(() => {});
    }
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
