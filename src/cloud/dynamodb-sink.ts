import { isDeepStrictEqual } from 'node:util';
import type { CarStatsRow } from '../aggregator/batch.js';
import { describeAwsError, type Item, Table, type TableOptions } from './dynamodb.js';
import { CloudError } from './errors.js';
import type { SpoolEntry } from './spool/index.js';
import { SpooledSink, type SpooledSinkOptions } from './spooled-sink.js';

export type DynamoDbSinkOptions = SpooledSinkOptions & Omit<TableOptions, 'clock'>;

/** Keys tried when another thing's row has the same one: two lights may turn green in the same millisecond. */
const KEYS = 20;

/**
 * Batches as items of a DynamoDB table, each exactly once. The key follows from the batch alone, so whatever dies on the
 * way, the next attempt meets what the earlier one wrote and counts it as done.
 */
export class DynamoDbSink extends SpooledSink {
  readonly #table: Table;
  readonly #name: string;

  constructor(options: DynamoDbSinkOptions) {
    super('dynamodb', options.table, options);
    this.#table = new Table(options);
    this.#name = options.table;
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.#table.close();
  }

  protected async deliver(entry: SpoolEntry, signal: AbortSignal): Promise<void> {
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
      `table ${this.#name}: window ${row.Window} of ${row.Thing} was not written: ${what}; does another installation write there?`,
    );
  }

  async #put(row: CarStatsRow, signal: AbortSignal): Promise<Item | undefined> {
    try {
      return await this.#table.put({ ...row }, signal);
    } catch (error) {
      if (error instanceof CloudError) throw error;
      throw new Error(`DynamoDB table ${this.#name}: ${describeAwsError(error)}`, { cause: error });
    }
  }
}

/** The row under its own key, or one of the microseconds after it: always the same ones in the same order. */
function withKey(row: CarStatsRow, attempt: number): CarStatsRow {
  if (attempt === 0) return row;
  const micros = (Number(row.Time.slice(-3)) + attempt) % 1000;
  return { ...row, Time: row.Time.slice(0, -3) + String(micros).padStart(3, '0') };
}
