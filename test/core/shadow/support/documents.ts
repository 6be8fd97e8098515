import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../../hal/index.js';

/** Few keys, so that documents meet; the awkward ones among them. */
const key = fc.constantFrom('a', 'b', 'c', 'state', 'timestamp', '__proto__', 'constructor', '');
const scalar = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.boolean(),
  fc.constantFrom('', '1', 'é', '\u2028'),
  fc.constant(1.5),
);

function object(value: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> {
  return fc.array(fc.tuple(key, value), { maxLength: 4 }).map(Object.fromEntries);
}

const element = fc.oneof(scalar, object(scalar));
const array = fc.array(element, { maxLength: 3 });

function tree(leaf: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> {
  let node: fc.Arbitrary<JsonObject> = object(leaf);
  for (let level = 0; level < 3; level += 1) node = object(fc.oneof({ maxDepth: 3 }, leaf, leaf, node));
  return node;
}

/** A section of a request: with nulls and empty objects. */
export const patch: fc.Arbitrary<JsonObject> = tree(
  fc.oneof(scalar, array, fc.constant(null), fc.constant({})),
);

/** A section as it may be stored: no nulls, empty objects where the last member was removed. */
export const stored: fc.Arbitrary<JsonObject> = tree(fc.oneof(scalar, array, fc.constant({})));

/** A section of a request, or that there is none, or that it is to go. */
export const sectionPatch = fc.oneof(
  { weight: 6, arbitrary: patch },
  fc.constant(undefined),
  fc.constant(null),
);
