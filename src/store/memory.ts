import type { OpenStore, Store, StoreOperation, StoreRange } from './contract.js';
import { StoreError } from './errors.js';
import { sectionOf } from './section.js';

/** A store that forgets everything with the process; for tests and trials. Same rules otherwise. */
export class MemoryStore implements OpenStore {
  readonly #entries = new Map<string, Uint8Array>();
  #closed = false;

  async write(operations: readonly StoreOperation[]): Promise<void> {
    this.#mustBeOpen();
    for (const op of operations) {
      if (op.type === 'put') this.#entries.set(op.key, bytes(op.value));
      else this.#entries.delete(op.key);
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#mustBeOpen();
    return this.#entries.get(key);
  }

  async *entries(range: StoreRange = {}): AsyncIterable<readonly [string, Uint8Array]> {
    this.#mustBeOpen();
    const { gte, gt, lt, limit = Number.POSITIVE_INFINITY, reverse = false } = range;
    const keys = [...this.#entries.keys()]
      .filter(
        (key) =>
          (gte === undefined || key >= gte) &&
          (gt === undefined || key > gt) &&
          (lt === undefined || key < lt),
      )
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    if (reverse) keys.reverse();
    const snapshot = keys.slice(0, limit).map((key) => [key, this.#entries.get(key) as Uint8Array] as const);
    yield* snapshot;
  }

  section(name: string): Store {
    return sectionOf(this, name);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreError('STORE_CLOSED', 'the memory store was closed');
  }
}

function bytes(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}
