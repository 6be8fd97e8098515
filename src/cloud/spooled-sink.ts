import { type Batch, type BatchSink, rowOf } from '../aggregator/batch.js';
import type { Service } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import type { StoreOperation } from '../store/contract.js';
import { type Reservation, Spool, type SpoolEntry, type SpoolOptions } from './spool/index.js';

/** `store` is the aggregator's section: what is owed lies there, written together with the totals. */
export type SpooledSinkOptions = Omit<SpoolOptions, 'name' | 'deliver' | 'inFlight'>;

/**
 * Batches as rows of JSON through a spool. A thing's batches come one after the other, so one that was never accepted
 * when the next comes was not written.
 */
export abstract class SpooledSink implements BatchSink, Service {
  readonly #spool: Spool;
  readonly #subject: string;
  /** By thing: handed over, and not yet known to be on disk. */
  readonly #open = new Map<string, Reservation>();

  /**
   * @param name of the destination, in `status` and in the store
   * @param subject what a row is to the destination: its table, its topic
   */
  constructor(
    readonly name: string,
    subject: string,
    options: SpooledSinkOptions,
  ) {
    this.#subject = subject;
    this.#spool = new Spool({ ...options, name, deliver: (entry, signal) => this.deliver(entry, signal) });
  }

  /** As {@link SpoolOptions.deliver}; the payload is a CarStatsRow. */
  protected abstract deliver(entry: SpoolEntry, signal: AbortSignal): Promise<void>;

  /** Before the aggregator. Asks nothing of the network. */
  start(signal: AbortSignal): Promise<void> {
    return this.#spool.start(signal);
  }

  stop(): Promise<void> {
    return this.#spool.stop();
  }

  accept(batch: Batch): readonly StoreOperation[] {
    this.#open.get(batch.thing)?.abandoned();
    const payload = Buffer.from(JSON.stringify(rowOf(batch)));
    const reservation = this.#spool.operationsFor({ subject: this.#subject, payload });
    this.#open.set(batch.thing, reservation);
    return reservation.operations;
  }

  accepted({ thing }: Batch): void {
    this.#open.get(thing)?.committed();
    this.#open.delete(thing);
  }

  part(): PartStatus {
    return this.#spool.part();
  }

  /** The way is open again. */
  protected kick(): void {
    this.#spool.kick();
  }
}
