/**
 * Time as a peripheral: whatever waits takes a {@link Clock}, so that a ten-minute scenario runs in milliseconds.
 */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump. */
  now(): number;
  /** Monotonic time in nanoseconds from an arbitrary origin. Never jumps back. */
  monotonicNs(): bigint;
  /**
   * Resolves after at least `ms` milliseconds (0 is allowed). Rejects with the signal's reason when it is aborted
   * first; then no timer is left behind.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `ms`; {@link Timer.cancel} prevents it. */
  after(ms: number, callback: () => void): Timer;
  /** Calls `callback` every `ms` (≥ 1), first after `ms`, until cancelled. Missed beats are not made up for. */
  every(ms: number, callback: () => void): Timer;
}

export interface Timer {
  /** Idempotent. After it returns the callback is not called again. */
  cancel(): void;
}

/** The machine's own time. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonicNs(): bigint {
    return process.hrtime.bigint();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  after(ms: number, callback: () => void): Timer {
    const handle = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(handle) };
  }

  every(ms: number, callback: () => void): Timer {
    const handle = setInterval(callback, ms);
    return { cancel: () => clearInterval(handle) };
  }
}

interface Pending {
  readonly due: bigint;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that moves only when told. Timers fire in order of their due time, equal ones in order of creation; between
 * two of them the microtask queue and I/O callbacks of the same turn get to run.
 */
export class VirtualClock implements Clock {
  #elapsedNs = 0n;
  #order = 0;
  readonly #pending = new Set<Pending>();

  /** @param epochMs wall clock at the start, milliseconds since the Unix epoch */
  constructor(private readonly epochMs = 1_790_000_000_000) {}

  now(): number {
    return this.epochMs + Number(this.#elapsedNs / 1_000_000n);
  }

  monotonicNs(): bigint {
    return this.#elapsedNs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  after(ms: number, callback: () => void): Timer {
    const entry = this.#schedule(ms, callback);
    return { cancel: () => this.#pending.delete(entry) };
  }

  every(ms: number, callback: () => void): Timer {
    let entry = this.#schedule(ms, fire);
    const self = this;
    function fire(): void {
      entry = self.#schedule(ms, fire);
      callback();
    }
    return { cancel: () => this.#pending.delete(entry) };
  }

  /** Timers that wait, for tests that assert that nothing is left behind. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Moves time on by `ms`, firing what falls due, and lets promises settle after each timer. */
  async advance(ms: number): Promise<void> {
    const target = this.#elapsedNs + toNs(ms);
    await settle();
    for (;;) {
      const next = this.#next(target);
      if (next === undefined) break;
      this.#pending.delete(next);
      if (next.due > this.#elapsedNs) this.#elapsedNs = next.due;
      next.run();
      await settle();
    }
    this.#elapsedNs = target;
  }

  #next(limit: bigint): Pending | undefined {
    let best: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.due > limit) continue;
      if (
        best === undefined ||
        entry.due < best.due ||
        (entry.due === best.due && entry.order < best.order)
      ) {
        best = entry;
      }
    }
    return best;
  }

  #schedule(ms: number, run: () => void): Pending {
    const entry = { due: this.#elapsedNs + toNs(ms), order: this.#order++, run };
    this.#pending.add(entry);
    return entry;
  }
}

function sleepOn(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000_000));
}

/** One full turn of the event loop: promises and setImmediate callbacks that are ready have run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
