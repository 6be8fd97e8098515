import type { Clock, Log } from '../../hal/index.js';
import type { Batch, BatchSink } from '../aggregator/batch.js';
import { CarAggregator, type CarAggregatorOptions } from '../aggregator/car-aggregator.js';
import type { Totals } from '../aggregator/statistics.js';
import { type FunctionDefinition, functionDefinition } from '../core/functions/index.js';
import type { Store } from '../store/contract.js';
import { type GroupLists, groupDefinition } from './group.js';

export interface FunctionSources {
  /** The aggregator's section of the store. */
  readonly cars: Store;
  /** Asked for when a function is made, which the core does once it runs. */
  readonly sink: () => BatchSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly onGreen: (green: { thing: string; totals: Totals; batch: Batch | undefined }) => void;
}

/** The functions of a group, ready to be run. */
export function functionDefinitions(
  group: GroupLists,
  sources: FunctionSources,
): readonly FunctionDefinition[] {
  const { rows } = groupDefinition(group, undefined);
  return group.functions.map((config) =>
    functionDefinition(config, rows, ({ options }) =>
      carAggregator(options as unknown as CarAggregatorOptions, sources),
    ),
  );
}

function carAggregator(
  options: CarAggregatorOptions,
  { cars, sink, clock, random, onGreen }: FunctionSources,
): CarAggregator {
  return new CarAggregator(options, {
    section: cars,
    sink: sink(),
    clock,
    random,
    onGreen: (totals, batch) => onGreen({ thing: options.watch, totals, batch }),
  });
}
