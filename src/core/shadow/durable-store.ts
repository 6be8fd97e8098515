import { type Clock, messageOf, SystemClock } from '../../../hal/index.js';
import type { Store, StoreOperation } from '../../store/contract.js';
import { ShadowDocument, type ShadowRecord, Tombstone } from './document.js';
import { idOf, keyOf, type ShadowId } from './names.js';
import { documentRecord, readDocument, readTombstone, tombstoneRecord, versionIn } from './record.js';
import type { SetAside, ShadowStore } from './store.js';

/** Keys of documents, tombstones and records set aside. */
const DOCUMENT = 'd/';
const TOMBSTONE = 't/';
const SET_ASIDE = 'x/';
/** The character after `/`: the end of a range of keys that begin alike. */
const END = '0';

/**
 * Shadows in a store, or a section of one, that is theirs alone. One update is one put; the store joins concurrent ones.
 * @param options.clock for the time that a record was set aside
 */
export function durableShadows(store: Store, options: { readonly clock?: Clock } = {}): ShadowStore {
  return new DurableShadows(store, options.clock ?? new SystemClock());
}

class DurableShadows implements ShadowStore {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  async load(id: ShadowId, report?: (record: SetAside) => void): Promise<ShadowRecord> {
    return (
      (await this.#read(DOCUMENT, readDocument, id, report)) ??
      this.#read(TOMBSTONE, readTombstone, id, report)
    );
  }

  async #read(
    kind: string,
    read: (bytes: Uint8Array) => ShadowDocument | Tombstone | string,
    id: ShadowId,
    report?: (record: SetAside) => void,
  ): Promise<ShadowRecord> {
    const bytes = await this.store.get(kind + keyOf(id));
    if (bytes === undefined) return undefined;
    const record = read(bytes);
    if (typeof record !== 'string') return record;
    const left = await this.#setAside(kind, id, bytes, record);
    report?.({ ...id, cause: record, at: this.clock.now() });
    return left;
  }

  save(id: ShadowId, next: ShadowRecord, previous: ShadowRecord): Promise<void> {
    const key = keyOf(id);
    const operations: StoreOperation[] = [];
    if (previous instanceof Tombstone && !(next instanceof Tombstone)) {
      operations.push({ type: 'del', key: TOMBSTONE + key });
    }
    if (previous instanceof ShadowDocument && !(next instanceof ShadowDocument)) {
      operations.push({ type: 'del', key: DOCUMENT + key });
    }
    if (next instanceof ShadowDocument) {
      operations.push({ type: 'put', key: DOCUMENT + key, value: documentRecord(next) });
    } else if (next instanceof Tombstone) {
      operations.push({ type: 'put', key: TOMBSTONE + key, value: tombstoneRecord(next) });
    }
    return this.store.write(operations);
  }

  async names(thing: string, page: { after?: string; limit: number }): Promise<string[]> {
    const prefix = `${DOCUMENT}${thing}/`;
    const range = { gt: prefix + (page.after ?? ''), lt: `${DOCUMENT}${thing}${END}`, limit: page.limit };
    const names: string[] = [];
    for await (const [key] of this.store.entries(range)) names.push(key.slice(prefix.length));
    return names;
  }

  async shadows(page: { after?: string; limit: number }): Promise<ShadowId[]> {
    const range = { gt: DOCUMENT + (page.after ?? ''), lt: `d${END}`, limit: page.limit };
    const ids: ShadowId[] = [];
    for await (const [key] of this.store.entries(range)) ids.push(idOf(key.slice(DOCUMENT.length)));
    return ids;
  }

  async *tombstones(): AsyncIterable<ShadowId & { readonly deletedAt: number }> {
    for await (const [key, bytes] of this.store.entries({ gt: TOMBSTONE, lt: `t${END}` })) {
      const tombstone = readTombstone(bytes);
      // an unreadable one counts as long past; whoever loads it sets it aside
      const deletedAt = typeof tombstone === 'string' ? 0 : tombstone.deletedAt;
      yield { ...idOf(key.slice(TOMBSTONE.length)), deletedAt };
    }
  }

  async setAside(limit: number): Promise<SetAside[]> {
    const found: SetAside[] = [];
    for await (const [key, bytes] of this.store.entries({ gt: SET_ASIDE, lt: `x${END}`, limit })) {
      found.push({ ...idOf(key.slice(SET_ASIDE.length)), ...readCause(bytes) });
    }
    return found;
  }

  /** The bytes are kept beside the cause, for whoever wants to look. */
  async #setAside(kind: string, id: ShadowId, bytes: Uint8Array, cause: string): Promise<ShadowRecord> {
    const now = this.clock.now();
    const version = versionIn(bytes);
    const left = version === undefined ? undefined : new Tombstone(version, now);
    const record = Buffer.from(bytes).toString('base64');
    const key = keyOf(id);
    await this.store.write([
      { type: 'del', key: kind + key },
      { type: 'put', key: SET_ASIDE + key, value: JSON.stringify({ cause, at: now, record }) },
      ...(left ? [{ type: 'put', key: TOMBSTONE + key, value: tombstoneRecord(left) } as const] : []),
    ]);
    return left;
  }
}

function readCause(bytes: Uint8Array): { cause: string; at: number } {
  try {
    const { cause, at } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { cause: string; at: number };
    return { cause: String(cause), at: Number(at) };
  } catch (error) {
    // it was damaged once more; that there is one is still worth saying
    return { cause: `its note cannot be read: ${messageOf(error)}`, at: 0 };
  }
}
