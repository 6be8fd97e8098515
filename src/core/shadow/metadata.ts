import type { JsonObject, JsonValue } from '../../../hal/index.js';
import { isEmpty, isObject, type MutableJson, own, put } from './json.js';

/**
 * Metadata of a whole value: every leaf (`null` too) becomes `{ "timestamp": seconds }`, objects and arrays keep their
 * shape. AWS IoT developer guide, "Shadow document properties", metadata.
 */
export function stamp(value: JsonValue, timestamp: number): JsonValue {
  if (Array.isArray(value)) return value.map((element: JsonValue) => stamp(element, timestamp));
  if (!isObject(value)) return { timestamp };
  const result: MutableJson = {};
  for (const key of Object.keys(value)) put(result, key, stamp(value[key] as JsonValue, timestamp));
  return result;
}

/**
 * The part of `desired`'s metadata that belongs to a delta: when what is missing was wished for, not when the message
 * was sent. A key that the delta wants removed (`null`) has no metadata and gets `null`.
 */
export function deltaMetadata(delta: JsonObject, metadata: JsonObject | undefined): JsonObject {
  const result: MutableJson = {};
  for (const key of Object.keys(delta)) {
    const value = delta[key] as JsonValue;
    const known = own(metadata, key);
    if (value === null) put(result, key, null);
    else if (isObject(value) && !isEmpty(value)) {
      put(result, key, deltaMetadata(value, isObject(known) ? known : undefined));
    } else if (known !== undefined) put(result, key, known);
  }
  return result;
}
