import { type Log, messageOf } from '../../hal/index.js';
import type { Store, StoreOperation } from '../store/contract.js';
import { type Batch, type BatchSink, type CarStatsRow, isRow, rowOf } from './batch.js';

/** Rows kept at most; the oldest go first. A row every 18 s fills it in about 20 days. */
const KEPT_ROWS = 100_000;
/** Rows removed at once when there are too many, so that trimming is rare. */
const TRIM = 1_000;

/** Where in the aggregator's section of the store the rows are. */
const PREFIX = 'row!';

/** Table CarStats in the store itself: the row is written with the totals, so it is there exactly once. */
export class LocalSink implements BatchSink {
  readonly name = 'local';
  #count: number | undefined;
  #trimming = false;

  /** @param section the same section that the aggregator keeps its totals in */
  constructor(
    private readonly section: Store,
    private readonly log: Log,
  ) {}

  accept(batch: Batch): readonly StoreOperation[] {
    const row = rowOf(batch);
    return [{ type: 'put', key: `${PREFIX}${row.Time}!${row.Thing}`, value: JSON.stringify(row) }];
  }

  accepted(): void {
    if (this.#trimming) return;
    this.#trimming = true;
    this.#trim()
      .catch((error) =>
        this.log.warn(
          { code: (error as { code?: string }).code },
          `removing old CarStats rows failed: ${messageOf(error)}`,
        ),
      )
      .finally(() => {
        this.#trimming = false;
      });
  }

  async #trim(): Promise<void> {
    this.#count = this.#count === undefined ? await countRows(this.section) : this.#count + 1;
    if (this.#count <= KEPT_ROWS + TRIM) return;
    const old: StoreOperation[] = [];
    for await (const [key] of this.section.entries({
      gte: PREFIX,
      lt: after(PREFIX),
      limit: this.#count - KEPT_ROWS,
    })) {
      old.push({ type: 'del', key });
    }
    await this.section.write(old);
    this.#count -= old.length;
  }
}

/** The newest rows, oldest first. @param limit at most this many @param since ms since the epoch; none older */
export async function readRows(section: Store, limit = 1_000, since = 0): Promise<CarStatsRow[]> {
  const rows: CarStatsRow[] = [];
  const gte = since > 0 ? `${PREFIX}${keyTime(since)}` : PREFIX;
  for await (const [, value] of section.entries({ gte, lt: after(PREFIX), reverse: true, limit })) {
    const row: unknown = JSON.parse(Buffer.from(value).toString('utf8'));
    if (isRow(row)) rows.push(row);
  }
  return rows.reverse();
}

/** As rows have it in their key, without what makes it unique. */
function keyTime(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').slice(0, -1);
}

async function countRows(section: Store): Promise<number> {
  let count = 0;
  for await (const _ of section.entries({ gte: PREFIX, lt: after(PREFIX) })) count += 1;
  return count;
}

function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
