import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { section } from '../../src/core/shadow/document.js';
import {
  ShadowDocument,
  type ShadowId,
  type ShadowStore,
  shadowId,
  Tombstone,
} from '../../src/core/shadow/index.js';

export interface ShadowStoreCase {
  readonly store: ShadowStore;
  /** The same shadows through a store that is opened anew; absent where nothing outlives the process. */
  reopen?(): Promise<ShadowStore>;
  close(): Promise<void>;
}

const leaf = { timestamp: 1 };
const document = (version: number, value: string): ShadowDocument =>
  new ShadowDocument(
    version,
    section({ value }, { value: leaf }),
    section({ deep: [value] }, { deep: [leaf] }),
  );

/** What every store of shadows holds to. */
export function describeShadowStore(name: string, make: () => Promise<ShadowStoreCase>): void {
  describe(`shadow store: ${name}`, () => {
    let current: ShadowStoreCase;
    const id = shadowId('Thing', 'name');
    beforeEach(async () => {
      current = await make();
    });
    afterEach(() => current.close());

    const create = (who: ShadowId, version = 1): Promise<void> =>
      current.store.save(who, document(version, 'x'), undefined);

    it('knows nothing at first', async () => {
      expect(await current.store.load(id)).toBeUndefined();
      expect(await current.store.names('Thing', { limit: 10 })).toEqual([]);
      expect(await current.store.setAside(10)).toEqual([]);
    });

    it('gives back what was saved', async () => {
      const saved = document(7, 'ü\u2028"');
      await current.store.save(id, saved, undefined);
      const loaded = await current.store.load(id);
      expect(loaded).toBeInstanceOf(ShadowDocument);
      expect(loaded).toMatchObject({ version: 7, state: saved.state, metadata: saved.metadata });
    });

    it('gives back a document without sections', async () => {
      await current.store.save(id, new ShadowDocument(3, undefined, undefined), undefined);
      expect(await current.store.load(id)).toMatchObject({ version: 3, state: {}, metadata: {} });
    });

    it('replaces a document, by a tombstone, by a document, by nothing', async () => {
      const { store } = current;
      const [first, second, third] = [document(1, 'a'), document(2, 'b'), document(3, 'c')];
      const gone = new Tombstone(2, 1_000);
      await store.save(id, first, undefined);
      await store.save(id, second, first);
      expect(await store.load(id)).toMatchObject({ version: 2, state: second.state });
      await store.save(id, gone, second);
      expect(await store.load(id)).toEqual(gone);
      await store.save(id, third, gone);
      expect(await store.load(id)).toMatchObject({ version: 3, state: third.state });
      expect(await buried(store)).toEqual([]);
      await store.save(id, new Tombstone(3, 2_000), third);
      await store.save(id, undefined, new Tombstone(3, 2_000));
      expect(await store.load(id)).toBeUndefined();
    });

    it('keeps classic and named shadows and things apart', async () => {
      const ids = [
        shadowId('A'),
        shadowId('A', 'n'),
        shadowId('A-'),
        shadowId('A0', 'n'),
        shadowId('B', 'n'),
      ];
      for (const [index, who] of ids.entries()) await create(who, index + 1);
      for (const [index, who] of ids.entries()) {
        expect(await current.store.load(who)).toMatchObject({ version: index + 1 });
      }
    });

    it('lists a thing’s named shadows in order, page by page, without classic and deleted ones', async () => {
      const names = ['b', 'a', '_', 'Z', '$x', '0', ':'];
      for (const name of names) await create(shadowId('Thing', name));
      await create(shadowId('Thing'));
      await create(shadowId('Thing0', 'other'));
      await create(shadowId('Thin', 'other'));
      await current.store.save(shadowId('Thing', 'gone'), new Tombstone(1, 1), undefined);
      const sorted = [...names].sort();
      expect(await current.store.names('Thing', { limit: 100 })).toEqual(sorted);
      expect(await current.store.names('Thing', { limit: 3 })).toEqual(sorted.slice(0, 3));
      expect(await current.store.names('Thing', { limit: 100, after: sorted[2] as string })).toEqual(
        sorted.slice(3),
      );
    });

    it('lists all shadows, page by page', async () => {
      for (const who of [shadowId('B'), shadowId('A', 'n'), shadowId('A')]) await create(who);
      const all = [shadowId('A'), shadowId('A', 'n'), shadowId('B')];
      expect(await current.store.shadows({ limit: 10 })).toEqual(all);
      expect(await current.store.shadows({ limit: 1 })).toEqual(all.slice(0, 1));
      expect(await current.store.shadows({ limit: 10, after: 'A/n' })).toEqual(all.slice(2));
    });

    it('tells its tombstones', async () => {
      await create(shadowId('A'));
      await current.store.save(shadowId('A', 'x'), new Tombstone(4, 123), undefined);
      expect(await buried(current.store)).toEqual([{ thing: 'A', shadow: 'x', deletedAt: 123 }]);
    });

    it('takes many saves at once', async () => {
      const ids = Array.from({ length: 50 }, (_, n) => shadowId(`T${n}`));
      await Promise.all(ids.map((who, index) => create(who, index + 1)));
      const loaded = await Promise.all(ids.map((who) => current.store.load(who)));
      expect(loaded.map((record) => record?.version)).toEqual(ids.map((_, index) => index + 1));
    });

    it('still has everything when it is opened anew, where it is made to last', async () => {
      await create(id, 5);
      await current.store.save(shadowId('Gone'), new Tombstone(9, 77), undefined);
      const store = await (current.reopen?.() ?? current.store);
      expect(await store.load(id)).toMatchObject({ version: 5, state: document(5, 'x').state });
      expect(await store.load(shadowId('Gone'))).toEqual(new Tombstone(9, 77));
    });
  });
}

async function buried(store: ShadowStore): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const tombstone of store.tombstones()) found.push(tombstone);
  return found;
}
