import type { Batch } from '../aggregator/batch.js';
import type { StoreOperation } from '../store/contract.js';
import type { Outgoing, Reservation, Spool } from './spool/index.js';

/**
 * Batches on their way into a spool, as a BatchSink is asked for them. A thing's batches come one after the other, so one
 * that was never accepted when the next comes was not written.
 */
export class Handover {
  readonly #open = new Map<string, Reservation>();

  constructor(private readonly spool: Spool) {}

  accept(batch: Batch, outgoing: Outgoing): readonly StoreOperation[] {
    this.#open.get(batch.thing)?.abandoned();
    const reservation = this.spool.operationsFor(outgoing);
    this.#open.set(batch.thing, reservation);
    return reservation.operations;
  }

  accepted({ thing }: Batch): void {
    this.#open.get(thing)?.committed();
    this.#open.delete(thing);
  }
}
