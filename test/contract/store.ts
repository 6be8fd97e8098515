import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenStore, StoreRange } from '../../src/store/contract.js';

/** What every {@link OpenStore} must do. */
export function describeStore(name: string, open: () => Promise<OpenStore>): void {
  describe(`store: ${name}`, () => {
    let store: OpenStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    const dump = async (
      from: { entries: OpenStore['entries'] },
      range?: StoreRange,
    ): Promise<[string, string][]> => {
      const all: [string, string][] = [];
      for await (const [key, value] of from.entries(range)) all.push([key, Buffer.from(value).toString()]);
      return all;
    };

    it('gives back what was written, text and bytes', async () => {
      await store.write([
        { type: 'put', key: 'a', value: 'text' },
        { type: 'put', key: 'b', value: Buffer.from([0, 255, 1]) },
      ]);
      expect(Buffer.from((await store.get('a'))!).toString()).toBe('text');
      expect([...(await store.get('b'))!]).toEqual([0, 255, 1]);
      expect(await store.get('c')).toBeUndefined();
    });

    it('applies writes in call order, also unawaited ones', async () => {
      const writes = Array.from({ length: 50 }, (_, i) =>
        store.write([{ type: 'put', key: 'k', value: String(i) }]),
      );
      await Promise.all(writes);
      expect(await dump(store)).toEqual([['k', '49']]);
    });

    it('keeps sections apart, nested ones too', async () => {
      const a = store.section('a');
      const inner = a.section('inner');
      const b = store.section('b');
      await Promise.all([
        a.write([{ type: 'put', key: 'x', value: '1' }]),
        inner.write([{ type: 'put', key: 'x', value: '2' }]),
        b.write([{ type: 'put', key: 'x', value: '3' }]),
      ]);
      expect(await dump(inner)).toEqual([['x', '2']]);
      expect(await dump(b)).toEqual([['x', '3']]);
      expect(await dump(a)).toEqual([
        ['inner!x', '2'],
        ['x', '1'],
      ]);
      await a.write([{ type: 'del', key: 'x' }]);
      expect(await dump(a, { gte: 'x' })).toEqual([]);
      expect(await dump(b)).toHaveLength(1);
      expect(() => store.section('No!')).toThrow(RangeError);
    });

    it('reads ranges as a sorted list would', async () => {
      const key = fc.string({
        minLength: 1,
        maxLength: 4,
        unit: fc.constantFrom('a', 'b', 'é', '0', '~', '-'),
      });
      const range = fc.record(
        { gte: key, lt: key, limit: fc.integer({ min: 0, max: 5 }), reverse: fc.boolean() },
        { requiredKeys: [] },
      );
      let round = 0;
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(key, { maxLength: 8 }), range, async (keys, wanted) => {
          const section = store.section(`round-${round++}`);
          await section.write(keys.map((k) => ({ type: 'put' as const, key: k, value: k })));
          const model = keys
            .map((k) => Buffer.from(k))
            .filter(
              (k) =>
                (wanted.gte === undefined || Buffer.compare(k, Buffer.from(wanted.gte)) >= 0) &&
                (wanted.lt === undefined || Buffer.compare(k, Buffer.from(wanted.lt)) < 0),
            )
            .sort(Buffer.compare)
            .map(String);
          if (wanted.reverse) model.reverse();
          expect((await dump(section, wanted)).map(([k]) => k)).toEqual(model.slice(0, wanted.limit));
        }),
        { numRuns: 60 },
      );
    });

    it('refuses work after close, and closes twice without complaint', async () => {
      await store.close();
      await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_CLOSED' });
      await expect(
        Promise.resolve().then(() => store.write([{ type: 'del', key: 'a' }])),
      ).rejects.toMatchObject({ code: 'STORE_CLOSED' });
      await store.close();
    });
  });
}
