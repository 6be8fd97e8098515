import { type Clock, type JsonObject, type Log, messageOf } from '../../../hal/index.js';
import { Backoff, type BackoffLimits } from '../../backoff.js';
import type { Service } from '../../lifecycle.js';
import type { PartStatus } from '../../status.js';
import type { Store, StoreOperation } from '../../store/contract.js';
import { CloudError } from '../errors.js';
import { type Outgoing, type SpoolEntry, sizeOf } from './entry.js';
import { type Reservation, SpoolQueue } from './queue.js';

export interface SpoolLimits {
  /** Bytes of entries kept at most, the oldest go first; 262,144 or more. */
  readonly maxBytes: number;
  /** ms after which an entry is given up. */
  readonly maxAgeMs: number;
}

export interface SpoolOptions {
  /** Of the destination, [a-z0-9-]+; names the entries in the store and the part in `status`. */
  readonly name: string;
  /** The store, or the section of it, that the operations of {@link Spool.operationsFor} are for. */
  readonly store: Store;
  /**
   * Brings one entry to its destination; resolves when it is acknowledged. The signal tells that nobody waits any more. May be called again with the same entry,
   * also after it arrived. Rejects with CLOUD_REFUSED when the destination will never take it; every other failure
   * is tried again.
   */
  readonly deliver: (entry: SpoolEntry, signal: AbortSignal) => Promise<void>;
  /** Entries under way at once, begun in order; default 1, which keeps the order also across failures. */
  readonly inFlight?: number;
  readonly limits?: Partial<SpoolLimits>;
  readonly backoff?: BackoffLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

export interface SpoolStatus {
  /** `idle`: nothing is owed; `stopped` keeps what is. */
  readonly state: 'idle' | 'sending' | 'waiting' | 'stopped';
  /** Why it waits: what the last attempt said. */
  readonly cause: string | undefined;
  /** Entries and bytes that are owed. */
  readonly queued: number;
  readonly bytes: number;
  /** ms since the epoch at which the oldest entry was handed over; undefined when nothing is owed or it was not read yet. */
  readonly oldestAt: number | undefined;
  /** ms since the epoch at which the destination acknowledged an entry last, also before a restart; undefined: never. */
  readonly deliveredAt: number | undefined;
  /** Since the spool exists, also over restarts. */
  readonly delivered: number;
  readonly droppedForSize: number;
  readonly droppedForAge: number;
  readonly refused: number;
  /** Entries that the disk did not take since start; whoever handed them over was told. */
  readonly notKept: number;
  /** What the disk said last while it still refuses. */
  readonly diskTrouble: string | undefined;
}

/** 2.5 MB as in the Greengrass core's spooler would hold an hour of a busy site; a Pi has room for weeks. */
export const SPOOL_LIMITS: SpoolLimits = { maxBytes: 64 * 1024 * 1024, maxAgeMs: 30 * 86_400_000 };
const MIN_BYTES = 262_144;
const BACKOFF: BackoffLimits = { firstMs: 1_000, maxMs: 60_000 };
/** Entries read at once to make room. */
const TRIM_AT_ONCE = 100;
/** Between two looks for entries that are too old while nothing can be sent, ms. */
const AGE_CHECK_MS = 60_000;
/** A clock before this was never set (a Pi starts without one): an entry of that time has no age. */
const CLOCK_WAS_SET = Date.UTC(2020, 0, 1);

/**
 * A durable queue in front of one destination: first in, first out, bounded by bytes and by age, the oldest given up
 * first and counted. Starting it reads the two ends of the queue and nothing between. What {@link enqueue} resolved for
 * outlives the process and arrives at least once.
 */
export class Spool implements Service {
  readonly name: string;
  readonly #queue: SpoolQueue;
  readonly #limits: SpoolLimits;
  readonly #backoff: Backoff;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #state: SpoolStatus['state'] = 'stopped';
  #cause: string | undefined;
  #oldestAt: number | undefined;
  #notKept = 0;
  #diskTrouble: string | undefined;
  #wake: (() => void) | undefined;
  #trimming: Promise<void> | undefined;
  #droppedTold = 0;

  constructor(private readonly options: SpoolOptions) {
    this.name = `spool ${options.name}`;
    this.#limits = { ...SPOOL_LIMITS, ...options.limits };
    if (this.#limits.maxBytes < MIN_BYTES) {
      throw new RangeError(`spool ${options.name}: maxBytes is ${MIN_BYTES} or more`);
    }
    this.#queue = new SpoolQueue(options.store, options.name);
    this.#backoff = new Backoff(options.backoff ?? BACKOFF, options.random);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#queue.open();
    this.#stopping = new AbortController();
    this.#state = 'idle';
    this.#running = this.#run(this.#stopping.signal);
  }

  /** What is under way is given up; it is sent again after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort(new CloudError('CLOUD_SPOOL_CLOSED', `${this.name} is stopping`));
    this.kick();
    await this.#running;
    await this.#trimming;
    this.#queue.close();
    this.#state = 'stopped';
  }

  /** Resolves when the entry is on disk. Rejects with STORE_WRITE, CLOUD_TOO_LARGE, CLOUD_SPOOL_BUSY or CLOUD_SPOOL_CLOSED. */
  async enqueue(outgoing: Outgoing): Promise<void> {
    if (this.#queue.reservedBytes > this.#limits.maxBytes) {
      this.#notKept += 1;
      throw new CloudError(
        'CLOUD_SPOOL_BUSY',
        `${this.name}: the disk does not keep up; the entry is not kept`,
      );
    }
    const reservation = this.operationsFor(outgoing);
    try {
      await this.options.store.write(reservation.operations);
    } catch (error) {
      this.#notKept += 1;
      reservation.abandoned();
      this.#complain(error);
      throw error;
    }
    reservation.committed();
  }

  /**
   * The same as operations, for a write that must hold other things too. Write them in this turn, to the store of the
   * options; then say which of the two became true.
   */
  operationsFor(outgoing: Outgoing): Reservation {
    if (sizeOf(outgoing) > this.#limits.maxBytes) {
      throw new CloudError(
        'CLOUD_TOO_LARGE',
        `${this.name}: one entry for ${outgoing.subject} is larger than the spool`,
      );
    }
    const reservation = this.#queue.reserve(outgoing, this.options.clock.now());
    return {
      ...reservation,
      committed: () => {
        reservation.committed();
        this.#diskTrouble = undefined;
        if (this.#queue.bytes > this.#limits.maxBytes) this.#trim();
        if (this.#state === 'idle') this.kick();
      },
    };
  }

  /** Tries at once what waits for its next attempt: the way is open again. */
  kick(): void {
    this.#wake?.();
  }

  status(): SpoolStatus {
    const { delivered, deliveredAt, droppedForSize, droppedForAge, refused } = this.#queue.head;
    return {
      state: this.#state,
      cause: this.#cause,
      queued: this.#queue.length,
      bytes: this.#queue.bytes,
      oldestAt: this.#queue.empty ? undefined : this.#oldestAt,
      deliveredAt,
      delivered,
      droppedForSize,
      droppedForAge,
      refused,
      notKept: this.#notKept,
      diskTrouble: this.#diskTrouble,
    };
  }

  /** As `greenlight status` shows it. */
  part(): PartStatus {
    const { state, cause, diskTrouble, oldestAt, deliveredAt, ...figures } = this.status();
    const trouble = diskTrouble ?? cause;
    return {
      name: this.options.name,
      kind: 'spool',
      state: state === 'stopped' ? 'failed' : trouble === undefined ? 'ok' : 'degraded',
      ...(trouble !== undefined && { cause: trouble }),
      figures: {
        ...figures,
        ...(oldestAt !== undefined && { oldestAt: new Date(oldestAt).toISOString() }),
        ...(deliveredAt !== undefined && { lastWrite: new Date(deliveredAt).toISOString() }),
      } satisfies JsonObject,
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#queue.empty) {
          this.#state = 'idle';
          await this.#woken(undefined);
        } else {
          this.#state = this.#cause === undefined ? 'sending' : 'waiting';
          if (await this.#sendSome(signal)) continue;
        }
      } catch (error) {
        if (signal.aborted) break;
        await this.#waitAfter(error, signal);
      }
    }
    // what is done but still on disk is sent again next time; so is what the disk refuses to forget
    await this.#remove();
  }

  /** @returns true when it is to go on at once */
  async #sendSome(signal: AbortSignal): Promise<boolean> {
    const { inFlight = 1, deliver } = this.options;
    const entries = await this.#fresh(inFlight);
    if (entries.length === 0) return false;
    const results = await Promise.allSettled(
      entries.map((entry) => orStopped(deliver(entry, signal), signal)),
    );
    let failure: unknown;
    for (const [index, result] of results.entries()) {
      const entry = entries[index]!;
      if (result.status === 'fulfilled') this.#done(entry);
      else if (isRefusal(result.reason)) await this.#refused(entry, result.reason);
      else {
        failure = result.reason;
        break;
      }
    }
    // not awaited: a slow flush does not hold up the next delivery, and what it misses goes with the one after
    void this.#remove();
    if (failure !== undefined) throw failure;
    this.#cause = undefined;
    this.#backoff.reset();
    return true;
  }

  #done(entry: SpoolEntry): void {
    const { head } = this.#queue;
    const deliveredAt = this.options.clock.now();
    if (entry.sequence < head.sequence) {
      // given up for room while it was under way, and arrived all the same
      this.#queue.count({
        deliveredAt,
        delivered: head.delivered + 1,
        droppedForSize: Math.max(0, head.droppedForSize - 1),
      });
    } else {
      this.#queue.advance(entry, { deliveredAt, delivered: head.delivered + 1 });
    }
  }

  async #refused(entry: SpoolEntry, reason: CloudError): Promise<void> {
    const { log } = this.options;
    log.error(
      { code: reason.code, subject: entry.subject },
      `${this.name}: an entry was refused and set aside: ${reason.message}`,
    );
    const aside = this.#queue.setAsideOperations(entry, reason.message);
    this.#queue.advance(entry, { refused: this.#queue.head.refused + 1 });
    await this.#remove(aside);
  }

  /** Never rejects: what stays on disk goes with the next removal. */
  async #remove(also: readonly StoreOperation[] = []): Promise<void> {
    try {
      await this.#queue.remove(also);
      this.#diskTrouble = undefined;
    } catch (error) {
      this.#complain(error);
    }
  }

  /** The oldest entries that are not too old. */
  async #fresh(limit: number): Promise<SpoolEntry[]> {
    for (;;) {
      const entries = await this.#queue.oldest(limit);
      const tooOld = entries.filter((entry) => this.#isTooOld(entry));
      if (tooOld.length === 0) {
        this.#oldestAt = entries[0]?.at;
        return entries;
      }
      for (const entry of tooOld) {
        this.#queue.advance(entry, { droppedForAge: this.#queue.head.droppedForAge + 1 });
      }
      await this.#queue.remove();
      this.#tellDropped();
    }
  }

  #isTooOld(entry: SpoolEntry): boolean {
    return entry.at > CLOCK_WAS_SET && this.options.clock.now() - entry.at > this.#limits.maxAgeMs;
  }

  /** Gives up the oldest until the rest fits. */
  #trim(): void {
    this.#trimming ??= this.#makeRoom()
      .catch((error: unknown) => this.#complain(error))
      .finally(() => {
        this.#trimming = undefined;
      });
  }

  async #makeRoom(): Promise<void> {
    while (this.#queue.bytes > this.#limits.maxBytes) {
      const entries = await this.#queue.oldest(TRIM_AT_ONCE);
      if (entries.length === 0) return;
      for (const entry of entries) {
        if (this.#queue.bytes <= this.#limits.maxBytes) break;
        this.#queue.advance(entry, { droppedForSize: this.#queue.head.droppedForSize + 1 });
      }
      await this.#queue.remove();
    }
    this.#tellDropped();
  }

  #tellDropped(): void {
    const { droppedForSize, droppedForAge } = this.#queue.head;
    const dropped = droppedForSize + droppedForAge;
    // one line per doubling: an outage would otherwise fill the log
    if (dropped === 0 || dropped < this.#droppedTold * 2) return;
    this.#droppedTold = dropped;
    this.options.log.warn(
      { droppedForSize, droppedForAge },
      `${this.name}: the oldest entries were given up, ${dropped} so far; the limits are ${this.#limits.maxBytes} bytes and ${this.#limits.maxAgeMs / 3_600_000} h`,
    );
  }

  async #waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    const cause = messageOf(error);
    // the same cause again is not news
    if (cause !== this.#cause) {
      this.options.log.warn(
        { code: (error as { code?: string }).code },
        `${this.name}: ${cause}; tried again`,
      );
    }
    this.#cause = cause;
    this.#state = 'waiting';
    if (!signal.aborted) await this.#woken(Math.min(this.#backoff.next(), AGE_CHECK_MS));
  }

  /** Resolves after `ms`, or never by itself; {@link kick} ends it early. */
  #woken(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer?.cancel();
        this.#wake = undefined;
        resolve();
      };
      const timer = ms === undefined ? undefined : this.options.clock.after(ms, wake);
      this.#wake = wake;
      if (this.#stopping.signal.aborted) wake();
    });
  }

  #complain(error: unknown): void {
    const message = messageOf(error);
    if (message !== this.#diskTrouble) {
      this.options.log.error({ code: (error as { code?: string }).code }, `${this.name}: ${message}`);
    }
    this.#diskTrouble = message;
  }
}

/** A destination that does not answer does not hold up the stop. */
function orStopped(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function isRefusal(reason: unknown): reason is CloudError {
  return reason instanceof CloudError && reason.code === 'CLOUD_REFUSED';
}
