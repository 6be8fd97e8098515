import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject, type JsonValue } from '../../hal/index.js';
import { patchBetween } from '../../src/things/patch.js';

/** The shadow's merge, written a second time from its rule: objects recurse, null removes, the rest replaces. */
function merge(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, JsonValue> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const old = result[key];
    if (value === null) delete result[key];
    else result[key] = isJsonObject(value) && isJsonObject(old) ? merge(old, value) : value;
  }
  return result;
}

const leaf = fc.oneof(
  fc.integer(),
  fc.constantFrom('R', 'Y', 'G', true, false),
  fc.array(fc.integer(), { maxLength: 3 }),
);
const state = fc.letrec<{ node: JsonObject }>((tie) => ({
  node: fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'state', 'timestamp'),
    fc.oneof({ depthSize: 'small' }, leaf, tie('node')),
    { maxKeys: 4 },
  ) as fc.Arbitrary<JsonObject>,
})).node;

describe('patchBetween', () => {
  it('turns any state into any other by the shadow merge, and is undefined exactly when they are equal', () => {
    fc.assert(
      fc.property(state, state, (from, to) => {
        const patch = patchBetween(from, to);
        expect(merge(from, patch ?? {})).toEqual(to);
        expect(patchBetween(to, to)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  it('names only what differs', () => {
    expect(patchBetween({ a: 1, b: { c: 2, d: 3 }, e: [1] }, { a: 1, b: { c: 4, d: 3 }, f: true })).toEqual({
      b: { c: 4 },
      e: null,
      f: true,
    });
  });
});
