import type { Batch, BatchSink } from '../aggregator/batch.js';

/** Hands each batch to several sinks; all take it, with the totals, or none does. */
export function allSinks(sinks: readonly BatchSink[]): BatchSink {
  return {
    name: sinks.map(({ name }) => name).join('+'),
    accept: (batch: Batch) => sinks.flatMap((sink) => sink.accept(batch)),
    accepted: (batch: Batch) => {
      for (const sink of sinks) sink.accepted(batch);
    },
  };
}
