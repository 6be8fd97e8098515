import type { Store, StoreOperation } from '../../store/contract.js';
import { CloudError } from '../errors.js';
import { decode, encode, type Outgoing, type SpoolEntry, sizeOf } from './entry.js';

/** Counters that survive restarts, and where the queue begins. */
export interface Head {
  /** Sequence of the oldest entry that is still owed. */
  readonly sequence: number;
  /** `end` of the entry before it. */
  readonly start: number;
  readonly delivered: number;
  /** Given up for room, and for age. */
  readonly droppedForSize: number;
  readonly droppedForAge: number;
  /** Set aside because the destination will never take them. */
  readonly refused: number;
  /** ms since the epoch at which the destination acknowledged an entry last; absent: never. */
  readonly deliveredAt?: number;
}

/** An entry on its way into the store. */
export interface Reservation {
  readonly operations: readonly StoreOperation[];
  /** The operations are on disk. */
  committed(): void;
  /** The operations were not, and will not be, written. */
  abandoned(): void;
}

const NEW: Head = {
  sequence: 0,
  start: 0,
  delivered: 0,
  droppedForSize: 0,
  droppedForAge: 0,
  refused: 0,
};

/** Removals in one write. */
const REMOVE_AT_ONCE = 1_000;
/** Refused entries kept for inspection. */
const SET_ASIDE = 100;

/**
 * The entries of one destination in the store, oldest first, and the place up to which they are done. Opening reads the
 * head and the last entry, whatever lies between. Removing is remembered in memory at once and on disk when it will
 * take it, so a disk that refuses does not make anything leave twice while the process lives.
 */
export class SpoolQueue {
  readonly #prefix: string;
  #head: Head = NEW;
  /** Sequence in the head on disk: entries from there to the head are still to be removed. */
  #onDisk = 0;
  #next = 0;
  /** `end` of the newest entry on disk. */
  #end = 0;
  #reserved = 0;
  #count = 0;
  /** Places before this one were all counted when this opened, also those that were never written. */
  #opened = 0;
  #open = false;
  #removing: Promise<void> | undefined;

  /** @param name [a-z0-9-]+, of the destination */
  constructor(
    private readonly store: Store,
    readonly name: string,
  ) {
    this.#prefix = `spool!${name}!`;
  }

  async open(): Promise<void> {
    const bytes = await this.store.get(`${this.#prefix}head`);
    this.#head =
      bytes === undefined ? NEW : { ...NEW, ...(JSON.parse(Buffer.from(bytes).toString('utf8')) as Head) };
    this.#onDisk = this.#head.sequence;
    this.#next = this.#head.sequence;
    this.#end = this.#head.start;
    this.#reserved = 0;
    for await (const [key, value] of this.store.entries({ ...this.#all(), reverse: true, limit: 1 })) {
      const last = decode(this.#sequenceOf(key), value);
      this.#next = Math.max(this.#next, last.sequence + 1);
      this.#end = Math.max(this.#end, last.end);
    }
    this.#count = this.#next - this.#head.sequence;
    this.#opened = this.#next;
    this.#open = true;
  }

  close(): void {
    this.#open = false;
  }

  get head(): Head {
    return this.#head;
  }

  /** Bytes that are owed, on disk. */
  get bytes(): number {
    return this.#end - this.#head.start;
  }

  /** Entries that are owed, on disk; after a start at most this many. */
  get length(): number {
    return this.#count;
  }

  /** Bytes on their way into the store. */
  get reservedBytes(): number {
    return this.#reserved;
  }

  get empty(): boolean {
    return this.bytes === 0;
  }

  /** Room for one entry at the end. Write the operations in this same turn, alone or together with others. */
  reserve(outgoing: Outgoing, at: number): Reservation {
    if (!this.#open) throw new CloudError('CLOUD_SPOOL_CLOSED', `spool ${this.name} is not open`);
    const size = sizeOf(outgoing);
    const sequence = this.#next++;
    this.#reserved += size;
    const end = this.#end + this.#reserved;
    let settled = false;
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      this.#reserved -= size;
      return true;
    };
    return {
      operations: [{ type: 'put', key: this.#key(sequence), value: encode({ ...outgoing, at, end, size }) }],
      committed: () => {
        // what had been reserved before it and is not on disk yet is counted when that commits
        if (!settle()) return;
        this.#end = Math.max(this.#end, end);
        this.#count += 1;
      },
      abandoned: () => {
        settle();
      },
    };
  }

  /** The oldest entries that are owed, at most `limit`. */
  async oldest(limit: number): Promise<SpoolEntry[]> {
    const entries: SpoolEntry[] = [];
    const { sequence } = this.#head;
    const end = this.#end;
    const range = { ...this.#all(), gte: this.#key(sequence), limit };
    for await (const [key, value] of this.store.entries(range)) {
      entries.push(decode(this.#sequenceOf(key), value));
    }
    // nothing there: what was counted were places that were reserved and never written
    if (entries.length === 0 && this.#head.sequence === sequence) {
      this.#head = { ...this.#head, start: end };
      this.#count = 0;
    }
    return entries;
  }

  /** The queue now begins behind this entry; on disk with the next {@link remove}. */
  advance(past: SpoolEntry, counted: Partial<Head>): void {
    if (past.sequence < this.#head.sequence) return;
    const places = Math.min(past.sequence + 1, this.#opened) - Math.min(this.#head.sequence, this.#opened);
    this.#head = { ...this.#head, ...counted, sequence: past.sequence + 1, start: past.end };
    this.#count = this.empty ? 0 : Math.max(1, this.#count - Math.max(1, places));
  }

  /** Corrects counters. */
  count(counted: Partial<Omit<Head, 'sequence' | 'start'>>): void {
    this.#head = { ...this.#head, ...counted };
  }

  /** An entry that will never be taken: kept aside, the last ones of them. */
  setAsideOperations(entry: SpoolEntry, why: string): StoreOperation[] {
    const { subject, at, payload } = entry;
    const place = String(this.#head.refused % SET_ASIDE).padStart(2, '0');
    const value = JSON.stringify({ subject, at, why, payload: Buffer.from(payload).toString('base64') });
    return [{ type: 'put', key: `${this.#prefix}aside!${place}`, value }];
  }

  /** Takes from the disk what is done. One write at a time; calls meanwhile share the next. Rejects with STORE_WRITE. */
  remove(also: readonly StoreOperation[] = []): Promise<void> {
    if (this.#removing !== undefined && also.length === 0) {
      return this.#removing.then(() => (this.#onDisk < this.#head.sequence ? this.remove() : undefined));
    }
    const removing = this.#remove(also).finally(() => {
      if (this.#removing === removing) this.#removing = undefined;
    });
    this.#removing = removing;
    return removing;
  }

  async #remove(also: readonly StoreOperation[]): Promise<void> {
    do {
      const from = this.#onDisk;
      const to = Math.min(this.#head.sequence, from + REMOVE_AT_ONCE);
      const operations: StoreOperation[] = [...also];
      for (let sequence = from; sequence < to; sequence++) {
        operations.push({ type: 'del', key: this.#key(sequence) });
      }
      // a head in the middle would need its own start; the next round writes the real one
      if (to === this.#head.sequence) {
        operations.push({ type: 'put', key: `${this.#prefix}head`, value: JSON.stringify(this.#head) });
      }
      await this.store.write(operations);
      this.#onDisk = Math.max(this.#onDisk, to);
    } while (this.#onDisk < this.#head.sequence);
  }

  #all(): { gte: string; lt: string } {
    return { gte: `${this.#prefix}q!`, lt: `${this.#prefix}q"` };
  }

  #key(sequence: number): string {
    return `${this.#prefix}q!${String(sequence).padStart(16, '0')}`;
  }

  #sequenceOf(key: string): number {
    return Number(key.slice(key.lastIndexOf('!') + 1));
  }
}
