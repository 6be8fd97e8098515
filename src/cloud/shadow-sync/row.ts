import { isJsonObject, type JsonValue } from '../../../hal/index.js';
import type { Store } from '../../store/contract.js';
import type { Bases, Pending } from './merge3.js';

/** What is remembered of one synchronized shadow. */
export interface Row {
  /** What the sides had after the last step, mostly the same; null: nothing, or there was no step yet. */
  readonly base: Bases | null;
  /** Versions at that time. */
  readonly localVersion: number;
  readonly cloudVersion: number;
  /** ms since the epoch of the last step; 0: none yet. */
  readonly at: number;
  /** ms since the epoch at which the cloud accepted a change of ours last. */
  readonly wroteAt?: number;
  readonly pending?: Pending;
}

export const NEW_ROW: Row = { base: null, localVersion: 0, cloudVersion: 0, at: 0 };

/** The rows in their section of the store. */
export class Rows {
  constructor(private readonly section: Store) {}

  async load(key: string): Promise<Row> {
    const bytes = await this.section.get(key);
    if (bytes === undefined) return NEW_ROW;
    const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonValue;
    return isJsonObject(value) ? { ...NEW_ROW, ...(value as unknown as Row) } : NEW_ROW;
  }

  async save(key: string, row: Row): Promise<void> {
    await this.section.write([{ type: 'put', key, value: JSON.stringify(row) }]);
  }

  /** Forgets the rows of shadows that are no longer synchronized: should they be again, both sides meet anew. */
  async keepOnly(keys: ReadonlySet<string>): Promise<void> {
    const old: string[] = [];
    for await (const [key] of this.section.entries()) if (!keys.has(key)) old.push(key);
    if (old.length > 0) await this.section.write(old.map((key) => ({ type: 'del' as const, key })));
  }
}
