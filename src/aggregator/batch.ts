import type { JsonObject } from '../../hal/index.js';
import type { StoreOperation } from '../store/contract.js';
import type { Totals } from './statistics.js';

/** The statistics as they were at the end of a window of greens; what a sink writes, once. */
export interface Batch extends Totals {
  /** The watched light. */
  readonly thing: string;
  /** Counts the thing's batches from 1: with the thing it names the batch for ever. */
  readonly window: number;
  /** ms since the epoch of the green that completed it. */
  readonly at: number;
}

/**
 * Where batches go. A batch is handed over as store operations that are written together with the totals, all or
 * none: what the sink still owes the world survives with them.
 */
export interface BatchSink {
  readonly name: string;
  /** What to write with the totals so that the batch reaches its destination once. */
  accept(batch: Batch): readonly StoreOperation[];
  /** The operations are on disk. Does not wait for the destination. */
  accepted(batch: Batch): void;
}

/** A row of table CarStats. `Time` is its hash key: UTC, `YYYY-MM-DD HH:MM:SS.mmm000`, made unique by the window. */
export interface CarStatsRow {
  readonly Time: string;
  readonly TotalTraffic: number;
  readonly TotalGreenlights: number;
  readonly MinCarsPassing: number;
  readonly MaxCarsPassing: number;
  readonly Thing: string;
  readonly Window: number;
}

export function rowOf(batch: Batch): CarStatsRow {
  return {
    Time: timeOf(batch),
    TotalTraffic: batch.totalTraffic,
    TotalGreenlights: batch.totalGreenlights,
    MinCarsPassing: batch.minCars ?? 0,
    MaxCarsPassing: batch.maxCars ?? 0,
    Thing: batch.thing,
    Window: batch.window,
  };
}

/** The form of Python's `str(datetime.utcnow())`, which the walk-through's table has. */
function timeOf(batch: Batch): string {
  const [date, time] = new Date(batch.at).toISOString().split('T') as [string, string];
  return `${date} ${time.slice(0, -1)}${String(batch.window % 1000).padStart(3, '0')}`;
}

export function isRow(value: unknown): value is CarStatsRow {
  const row = value as Partial<CarStatsRow & JsonObject> | null;
  return (
    typeof row === 'object' &&
    row !== null &&
    typeof row.Time === 'string' &&
    typeof row.TotalTraffic === 'number'
  );
}
