import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../hal/index.js';
import {
  applied,
  merge3,
  mergeStates,
  overwrite,
  patchOf,
  type State,
  withoutEmpty,
} from '../../src/cloud/shadow-sync/merge3.js';

const key = fc.constantFrom('a', 'b', 'c');
const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant('x'), fc.boolean(), fc.constant([1, 2]));
const object = fc.letrec<{ node: JsonValue; object: JsonObject }>((tie) => ({
  node: fc.oneof({ maxDepth: 2 }, leaf, tie('object')),
  object: fc.dictionary(key, tie('node'), { maxKeys: 3 }) as fc.Arbitrary<JsonObject>,
})).object;
const state: fc.Arbitrary<State> = fc
  .record({ desired: object, reported: object }, { requiredKeys: [] })
  .map(withoutEmpty);
const both = (base: State | null) => base && { local: base, cloud: base };

describe('merge of three', () => {
  it.each<
    [
      local: JsonValue | undefined,
      cloud: JsonValue | undefined,
      base: JsonValue | undefined,
      desired: unknown,
      reported: unknown,
    ]
  >([
    [{ a: 1 }, { a: 1 }, { a: 0 }, { a: 1 }, { a: 1 }],
    [{ a: 2 }, { a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }],
    [{ a: 1 }, { a: 2 }, { a: 1 }, { a: 2 }, { a: 2 }],
    [{ a: 2 }, { a: 3 }, { a: 1 }, { a: 3 }, { a: 2 }],
    [{ a: 1, b: 1 }, { a: 1, c: 1 }, { a: 1 }, { a: 1, b: 1, c: 1 }, { a: 1, b: 1, c: 1 }],
    [{ b: 1 }, { a: 1, b: 1 }, { a: 1, b: 1 }, { b: 1 }, { b: 1 }],
    [{ b: 1 }, { a: 2, b: 1 }, { a: 1, b: 1 }, { a: 2, b: 1 }, { b: 1 }],
    [{ a: [1, 2] }, { a: [1, 3] }, { a: [1] }, { a: [1, 3] }, { a: [1, 2] }],
    [
      { a: { x: 1, y: 2 } },
      { a: { x: 3, y: 1 } },
      { a: { x: 1, y: 1 } },
      { a: { x: 3, y: 2 } },
      { a: { x: 3, y: 2 } },
    ],
    // without a base whole sections stay: keys only on the losing side go
    [{ OtherKey: 1 }, { SomeKey: 1 }, undefined, { SomeKey: 1 }, { OtherKey: 1 }],
    [{ a: 1 }, undefined, undefined, { a: 1 }, { a: 1 }],
    [undefined, undefined, { a: 1 }, undefined, undefined],
  ])('%j, %j from %j', (local, cloud, base, desired, reported) => {
    expect(merge3(local, cloud, { local: base, cloud: base }, 'cloud')).toEqual(desired);
    expect(merge3(local, cloud, { local: base, cloud: base }, 'local')).toEqual(reported);
  });

  it('keeps what is changed later here while the cloud already has the first half of a step', () => {
    const base = { local: { desired: { a: 2 } }, cloud: { desired: { a: 2, b: 5 } } };
    // the cloud got a: 2 of ours and had b: 5; here a went on to 3 meanwhile
    expect(mergeStates({ desired: { a: 3 } }, { desired: { a: 2, b: 5 } }, base)).toEqual({
      desired: { a: 3, b: 5 },
    });
  });

  it('takes over what one side alone did, whole', () => {
    fc.assert(
      fc.property(state, state, (base, changed) => {
        expect(mergeStates(changed, base, both(base))).toEqual(changed);
        expect(mergeStates(base, changed, both(base))).toEqual(changed);
      }),
    );
  });

  it('is settled once both sides have it', () => {
    fc.assert(
      fc.property(state, state, fc.option(state), (local, cloud, base) => {
        const merged = mergeStates(local, cloud, both(base));
        expect(mergeStates(merged, merged, both(merged))).toEqual(merged);
        expect(mergeStates(merged, cloud, both(base))).toEqual(merged);
      }),
    );
  });

  it('has patches that make the one of the other', () => {
    fc.assert(
      fc.property(state, state, (from, to) => {
        const patch = patchOf(from, to);
        expect(patch === undefined ? from : applied(from, patch)).toEqual(to);
      }),
    );
  });

  it('overwrites with what one side says, takes away what it removed, and leaves what only the other has', () => {
    expect(
      overwrite(
        { desired: { a: 1, n: { x: 1 } } },
        { desired: { a: 2, b: 2, n: { y: 1 }, own: 1 } },
        { desired: { b: 2 } },
      ),
    ).toEqual({ desired: { a: 1, n: { x: 1, y: 1 }, own: 1 } });
    fc.assert(
      fc.property(state, state, (source, target) => {
        expect(overwrite(source, overwrite(source, target, undefined), source)).toEqual(
          overwrite(source, target, undefined),
        );
      }),
    );
  });
});
