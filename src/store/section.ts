import type { Store, StoreOperation, StoreRange } from './contract.js';

/** Separates a section's name from its keys; sorts before everything a name may hold. */
const SEPARATOR = '!';
/** The character after the separator: the end of a section's range. */
const END = String.fromCharCode(SEPARATOR.charCodeAt(0) + 1);

/** The part of `parent` whose keys begin with `name!`. */
export function sectionOf(parent: Store, name: string): Store {
  if (!/^[a-z0-9-]+$/.test(name)) throw new RangeError(`store section "${name}": use [a-z0-9-]+`);
  const prefix = `${name}${SEPARATOR}`;
  const inside = (key: string): string => prefix + key;
  return {
    write: (operations) =>
      parent.write(operations.map((op): StoreOperation => ({ ...op, key: inside(op.key) }))),
    get: (key) => parent.get(inside(key)),
    async *entries(range: StoreRange = {}) {
      const { gte, gt, lt, ...rest } = range;
      const inner: StoreRange = {
        ...rest,
        ...(gt !== undefined ? { gt: inside(gt) } : { gte: inside(gte ?? '') }),
        lt: lt !== undefined ? inside(lt) : name + END,
      };
      for await (const [key, value] of parent.entries(inner))
        yield [key.slice(prefix.length), value] as const;
    },
    section(child) {
      return sectionOf(this, child);
    },
  };
}
