import { ShadowDocument, type ShadowRecord, Tombstone } from './document.js';
import { idOf, keyOf } from './names.js';
import type { ShadowStore } from './store.js';

/** A store that forgets everything with the process; for tests and trials. */
export function memoryShadows(): ShadowStore {
  const records = new Map<string, ShadowDocument | Tombstone>();
  const keys = (prefix: string, after: string): string[] =>
    [...records]
      .filter(([key, record]) => key.startsWith(prefix) && key > after && record instanceof ShadowDocument)
      .map(([key]) => key)
      .sort();
  return {
    load: async (id) => records.get(keyOf(id)),
    save: async (id, next: ShadowRecord) => {
      if (next === undefined) records.delete(keyOf(id));
      else records.set(keyOf(id), next);
    },
    names: async (thing, { after = '', limit }) => {
      const prefix = `${thing}/`;
      return keys(prefix, prefix + after)
        .slice(0, limit)
        .map((key) => key.slice(prefix.length));
    },
    shadows: async ({ after = '', limit }) => keys('', after).slice(0, limit).map(idOf),
    async *tombstones() {
      for (const [key, record] of [...records]) {
        if (record instanceof Tombstone) yield { ...idOf(key), deletedAt: record.deletedAt };
      }
    },
    setAside: async () => [],
  };
}
