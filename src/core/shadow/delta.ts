import type { JsonObject, JsonValue } from '../../../hal/index.js';
import { isEmpty, isNothing, isObject, type MutableJson, own, put, sameJson } from './json.js';

/**
 * What `desired` asks for and `reported` does not say, walking `desired` only; undefined when there is no difference.
 * Arrays differ as a whole; where one side is an object and the other is not, the whole desired value is the
 * difference. A key that `desired` holds as an empty object and `reported` fills is wanted gone: `null`.
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
    if (isNothing(wanted)) {
      if (!isNothing(said)) put(result, key, null);
    } else if (said === undefined || isNothing(said)) {
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
