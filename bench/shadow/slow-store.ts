import type { Store, StoreOperation } from '../../src/store/contract.js';

interface Waiting {
  readonly operations: readonly StoreOperation[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A store whose every flush takes so much longer, one flush at a time, as on a worn SD card. Each section made of it
 * flushes for itself.
 */
export function slowStore(inner: Store, extraMs: number): Store {
  let waiting: Waiting[] = [];
  let isFlushing = false;
  const flush = async (): Promise<void> => {
    isFlushing = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await inner.write(batch.flatMap(({ operations }) => operations));
        await new Promise((resolve) => setTimeout(resolve, extraMs));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // handed to whoever wrote
        for (const { reject } of batch) reject(error);
      }
    }
    isFlushing = false;
  };
  return {
    write: (operations) =>
      new Promise((resolve, reject) => {
        waiting.push({ operations, resolve, reject });
        if (!isFlushing) void flush();
      }),
    get: (key) => inner.get(key),
    entries: (range) => inner.entries(range),
    section: (name) => slowStore(inner.section(name), extraMs),
  };
}
