import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject, type JsonValue } from '../../hal/index.js';

/**
 * The smallest merge patch that turns `from` into `to` under the shadow's merge rules: objects recurse, everything else
 * replaces, null removes. Undefined when there is nothing to change.
 */
export function patchBetween(from: JsonObject, to: JsonObject): JsonObject | undefined {
  const patch: Record<string, JsonValue> = {};
  for (const [key, wanted] of Object.entries(to)) {
    const known = from[key];
    if (isDeepStrictEqual(known, wanted)) continue;
    if (isJsonObject(known) && isJsonObject(wanted)) {
      const inner = patchBetween(known, wanted);
      if (inner !== undefined) patch[key] = inner;
    } else {
      patch[key] = wanted;
    }
  }
  for (const key of Object.keys(from)) if (!(key in to)) patch[key] = null;
  return Object.keys(patch).length > 0 ? patch : undefined;
}
