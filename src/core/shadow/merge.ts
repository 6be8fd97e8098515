import type { JsonObject, JsonValue } from '../../../hal/index.js';
import { isEmpty, isNothing, isObject, type MutableJson, own, put, without } from './json.js';
import { stamp } from './metadata.js';

/** A section (`desired` or `reported`) with the metadata of its leaves. */
export interface Merged {
  readonly value: JsonObject;
  readonly metadata: JsonObject;
}

const NOTHING: Merged = { value: {}, metadata: {} };

/**
 * A request's section laid over the current one; neither is changed, and what the request does not touch is shared.
 *
 * Objects merge member by member; everything else replaces, arrays whole. `null` and `{}` remove the key. An object
 * that loses its last member stays as `{}`, without metadata. Leaves in the request get `timestamp` (epoch seconds),
 * changed or not; the others keep theirs.
 */
export function merge(current: Merged | undefined, patch: JsonObject, timestamp: number): Merged {
  const from = current ?? NOTHING;
  const value: MutableJson = { ...from.value };
  const metadata: MutableJson = { ...from.metadata };
  const goneValues = new Set<string>();
  const goneMetadata = new Set<string>();
  for (const key of Object.keys(patch)) {
    const before = own(from.value, key);
    const next = mergeValue(before, own(from.metadata, key), patch[key] as JsonValue, timestamp);
    if (next === undefined) {
      goneValues.add(key);
      goneMetadata.add(key);
      continue;
    }
    put(value, key, next.value);
    if (isObject(next.metadata) && isEmpty(next.metadata)) goneMetadata.add(key);
    else put(metadata, key, next.metadata);
  }
  return {
    value: goneValues.size > 0 ? without(value, goneValues) : value,
    metadata: goneMetadata.size > 0 ? without(metadata, goneMetadata) : metadata,
  };
}

interface MergedValue {
  readonly value: JsonValue;
  readonly metadata: JsonValue;
}

/** @returns undefined when the key is to go */
function mergeValue(
  before: JsonValue | undefined,
  metadata: JsonValue | undefined,
  patch: JsonValue,
  timestamp: number,
): MergedValue | undefined {
  if (isNothing(patch)) return undefined;
  if (!isObject(patch)) return { value: patch, metadata: stamp(patch, timestamp) };
  if (isObject(before)) {
    return merge({ value: before, metadata: isObject(metadata) ? metadata : {} }, patch, timestamp);
  }
  const added = withoutNothing(patch);
  return isEmpty(added) ? undefined : { value: added, metadata: stamp(added, timestamp) };
}

/** What a new object keeps: everything but `null`, empty objects and objects in which nothing remains. */
function withoutNothing(object: JsonObject): JsonObject {
  const result: MutableJson = {};
  for (const key of Object.keys(object)) {
    const value = object[key] as JsonValue;
    const kept = isObject(value) ? withoutNothing(value) : value;
    if (!isNothing(kept)) put(result, key, kept);
  }
  return result;
}
