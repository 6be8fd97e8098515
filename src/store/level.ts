/** Doorway of `classic-level`. */
import { statfs } from 'node:fs/promises';
import { type BatchOperation, ClassicLevel } from 'classic-level';
import { messageOf } from '../../hal/index.js';
import type { OpenStore, Store, StoreOperation, StoreRange } from './contract.js';
import { StoreError } from './errors.js';
import { sectionOf } from './section.js';

/** Operations per flush; more wait for the next one, so that no batch grows without bound. */
const MAX_BATCH = 4_096;
/** Between two attempts to open anew after a refused write, ms. */
const REOPEN_MS = 1_000;
/** Bytes that opening may take: the journal is written as a table first, LevelDB's write buffer is 4 MB. */
const ROOM_TO_OPEN = 6 * 1024 * 1024;

interface Waiting {
  readonly operations: readonly StoreOperation[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

type Database = ClassicLevel<string, Uint8Array>;
type Operation = BatchOperation<Database, string, Uint8Array>;

/**
 * The store on disk. While one flush is under way, further writes gather; they go together with the next one.
 * The flush runs on a thread of the pool, never on the event loop.
 *
 * LevelDB takes no write after one that the disk refused, however much room there is by then; what is there can be read.
 * So it is opened anew, with a later write, when there is room and nobody is reading.
 */
export class LevelStore implements OpenStore {
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;
  /** ms of the process at the last refusal; undefined: writes are taken. */
  #refusedAt: number | undefined;
  #reading = 0;
  #reopening: Promise<void> | undefined;

  private constructor(
    private readonly db: Database,
    private readonly folder: string,
  ) {}

  /** @throws {StoreError} STORE_BUSY when another process holds it, STORE_OPEN when it cannot be opened */
  static async open(folder: string): Promise<LevelStore> {
    const db: Database = new ClassicLevel(folder, { keyEncoding: 'utf8', valueEncoding: 'view' });
    try {
      await db.open();
    } catch (error) {
      const cause =
        error instanceof Error ? (error.cause as { code?: string; message?: string } | undefined) : undefined;
      if (cause?.code === 'LEVEL_LOCKED') {
        throw new StoreError(
          'STORE_BUSY',
          `store ${folder} is held by another process; stop it or use another --state`,
          { cause: error },
        );
      }
      throw new StoreError(
        'STORE_OPEN',
        `store ${folder} cannot be opened: ${cause?.message ?? messageOf(error)}; check that the folder is writable and the disk is not full`,
        { cause: error },
      );
    }
    return new LevelStore(db, folder);
  }

  write(operations: readonly StoreOperation[]): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (operations.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, resolve, reject });
      this.#flushing ??= this.#flushAll();
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#readable();
    this.#reading += 1;
    try {
      return await this.db.get(key);
    } finally {
      this.#reading -= 1;
    }
  }

  async *entries(range: StoreRange = {}): AsyncIterable<readonly [string, Uint8Array]> {
    await this.#readable();
    this.#reading += 1;
    try {
      yield* this.db.iterator(range);
    } finally {
      this.#reading -= 1;
    }
  }

  section(name: string): Store {
    return sectionOf(this, name);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#flushing;
    await this.db.close();
  }

  async #flushAll(): Promise<void> {
    // one turn later, so that all writes of this turn share the first flush
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#flush(this.#take());
    this.#flushing = undefined;
  }

  #take(): Waiting[] {
    let count = 0;
    let size = 0;
    for (const { operations } of this.#waiting) {
      if (count > 0 && size + operations.length > MAX_BATCH) break;
      size += operations.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    const operations = batch.flatMap((entry) => entry.operations.map(toLevel));
    if (this.#refusedAt !== undefined) await this.#openAnew(this.#refusedAt);
    try {
      await this.db.batch(operations, { sync: true });
    } catch (error) {
      this.#refusedAt ??= performance.now();
      const failure = new StoreError(
        'STORE_WRITE',
        `store ${this.folder}: the disk refused a write: ${messageOf(error)}; free space or check the disk`,
        { cause: error },
      );
      for (const entry of batch) entry.reject(failure);
      return;
    }
    for (const entry of batch) entry.resolve();
  }

  async #readable(): Promise<void> {
    if (this.#closed) throw this.#closedError();
    while (this.#reopening) await this.#reopening;
  }

  /** Never rejects: the write that follows says what is wrong. */
  async #openAnew(refusedAt: number): Promise<void> {
    if (performance.now() - refusedAt < REOPEN_MS || !(await this.#hasRoom()) || this.#reading > 0) return;
    const open = async (): Promise<void> => {
      try {
        await this.db.close();
        await this.db.open();
        this.#refusedAt = undefined;
      } catch {
        // the disk refuses again
        this.#refusedAt = performance.now();
      }
    };
    this.#reopening = open().finally(() => {
      this.#reopening = undefined;
    });
    await this.#reopening;
  }

  async #hasRoom(): Promise<boolean> {
    try {
      const { bavail, bsize } = await statfs(this.folder);
      return bavail * bsize >= ROOM_TO_OPEN;
    } catch {
      // a file system that does not tell: opening tells
      return true;
    }
  }

  #closedError(): StoreError {
    return new StoreError('STORE_CLOSED', `store ${this.folder} was closed`);
  }
}

function toLevel(op: StoreOperation): Operation {
  if (op.type === 'del') return { type: 'del', key: op.key };
  return { type: 'put', key: op.key, value: typeof op.value === 'string' ? Buffer.from(op.value) : op.value };
}
