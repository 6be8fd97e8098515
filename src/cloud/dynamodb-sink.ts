import { isDeepStrictEqual } from 'node:util';
import type { Clock, Log } from '../../hal/index.js';
import { type Batch, type BatchSink, type CarStatsRow, rowOf } from '../aggregator/batch.js';
import type { Service } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import type { Store, StoreOperation } from '../store/contract.js';
import { describeAwsError, type Item, Table, type TableOptions } from './dynamodb.js';
import { CloudError } from './errors.js';
import { Handover } from './handover.js';
import { Spool, type SpoolEntry, type SpoolOptions } from './spool/index.js';

export interface DynamoDbSinkOptions extends Omit<TableOptions, 'clock'> {
  /** The aggregator's section: what is owed lies there, written together with the totals. */
  readonly section: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly limits?: SpoolOptions['limits'];
  readonly backoff?: SpoolOptions['backoff'];
}

/** Keys tried when another thing's row has the same one: two lights may turn green in the same millisecond. */
const KEYS = 20;

/**
 * Batches as items of a DynamoDB table, each exactly once. The key follows from the batch alone, so whatever dies on the
 * way, the next attempt meets what the earlier one wrote and counts it as done.
 */
export class DynamoDbSink implements BatchSink, Service {
  readonly name = 'dynamodb';
  readonly #table: Table;
  readonly #spool: Spool;
  readonly #handover: Handover;

  constructor(private readonly options: DynamoDbSinkOptions) {
    const { section, clock, log, random, limits, backoff } = options;
    this.#table = new Table(options);
    this.#spool = new Spool({
      name: 'dynamodb',
      store: section,
      clock,
      log,
      random,
      ...(limits && { limits }),
      ...(backoff && { backoff }),
      deliver: (entry, signal) => this.#deliver(entry, signal),
    });
    this.#handover = new Handover(this.#spool);
  }

  /** Before the aggregator. Asks nothing of the network. */
  start(signal: AbortSignal): Promise<void> {
    return this.#spool.start(signal);
  }

  async stop(): Promise<void> {
    await this.#spool.stop();
    await this.#table.close();
  }

  accept(batch: Batch): readonly StoreOperation[] {
    const payload = Buffer.from(JSON.stringify(rowOf(batch)));
    return this.#handover.accept(batch, { subject: this.options.table, payload });
  }

  accepted(batch: Batch): void {
    this.#handover.accepted(batch);
  }

  part(): PartStatus {
    return this.#spool.part();
  }

  async #deliver(entry: SpoolEntry, signal: AbortSignal): Promise<void> {
    const row = JSON.parse(Buffer.from(entry.payload).toString('utf8')) as CarStatsRow;
    for (let attempt = 0; attempt < KEYS; attempt++) {
      const mine = withKey(row, attempt);
      const there = await this.#put(mine, signal);
      if (there === undefined || isDeepStrictEqual(there, mine)) return;
      if (there.Thing === row.Thing)
        throw this.#foreign(row, `another row of ${row.Thing} has its key ${mine.Time}`);
    }
    throw this.#foreign(row, `other rows have its key ${row.Time} and the ${KEYS - 1} after it`);
  }

  #foreign(row: CarStatsRow, what: string): CloudError {
    return new CloudError(
      'CLOUD_REFUSED',
      `table ${this.options.table}: window ${row.Window} of ${row.Thing} was not written: ${what}; does another installation write there?`,
    );
  }

  async #put(row: CarStatsRow, signal: AbortSignal): Promise<Item | undefined> {
    try {
      return await this.#table.put({ ...row }, signal);
    } catch (error) {
      if (error instanceof CloudError) throw error;
      throw new Error(`DynamoDB table ${this.options.table}: ${describeAwsError(error)}`, { cause: error });
    }
  }
}

/** The row under its own key, or one of the microseconds after it: always the same ones in the same order. */
function withKey(row: CarStatsRow, attempt: number): CarStatsRow {
  if (attempt === 0) return row;
  const micros = (Number(row.Time.slice(-3)) + attempt) % 1000;
  return { ...row, Time: row.Time.slice(0, -3) + String(micros).padStart(3, '0') };
}
