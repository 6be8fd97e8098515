import type { JsonObject, JsonValue } from '../../../hal/index.js';
import { isEmpty, isHollow, isObject, type MutableJson, own, put, sameJson } from './json.js';

/**
 * What `desired` asks for and `reported` does not say, walking `desired` only; undefined when there is no difference.
 * Arrays differ as a whole; where one side is an object and the other is not, the whole desired value is the
 * difference. A key under which `desired` holds nothing but empty objects and `reported` something is wanted
 * gone: `null`; nobody could report such a key, as reporting `{}` removes it.
 * AWS IoT developer guide, "Device Shadow MQTT topics", rules under /update/delta.
 */
export function delta(
  desired: JsonObject | undefined,
  reported: JsonObject | undefined,
): JsonObject | undefined {
  if (desired === undefined) return undefined;
  const result: MutableJson = {};
  for (const key of Object.keys(desired)) {
    const wanted = desired[key] as JsonValue;
    const said = own(reported, key);
    if (isHollow(wanted)) {
      if (!isHollow(said)) put(result, key, null);
    } else if (said === undefined || isHollow(said)) {
      put(result, key, wanted);
    } else if (isObject(wanted) && isObject(said)) {
      const inner = delta(wanted, said);
      if (inner !== undefined) put(result, key, inner);
    } else if (!sameJson(wanted, said)) {
      put(result, key, wanted);
    }
  }
  return isEmpty(result) ? undefined : result;
}
