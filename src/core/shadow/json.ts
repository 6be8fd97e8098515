import type { JsonObject, JsonValue } from '../../../hal/index.js';

/** JSON objects that are being built. */
export type MutableJson = Record<string, JsonValue>;

/** Narrower than `isJsonObject` for values that are known to be JSON. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member of the object itself; a key such as `constructor` or `__proto__` never reaches the prototype. */
export function own(object: JsonObject | undefined, key: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a member, `__proto__` like any other. */
export function put(object: MutableJson, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

export function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}

/** Counts as "no value" in a request and in a delta: `null`, or an object without members. */
export function isNothing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (isObject(value) && isEmpty(value));
}

/** Nothing, or an object in which, however deep, there is nothing. */
export function isHollow(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  return isObject(value) && Object.values(value).every(isHollow);
}

/** The object without some of its members. Copying keeps objects fast where `delete` would not. */
export function without(object: JsonObject, keys: ReadonlySet<string>): MutableJson {
  const result: MutableJson = {};
  for (const key of Object.keys(object)) {
    if (!keys.has(key)) put(result, key, object[key] as JsonValue);
  }
  return result;
}

/** Same JSON value: numbers by value, objects whatever the order of their members, arrays in order. */
export function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((element: JsonValue, index) => sameJson(element, b[index] as JsonValue));
  }
  const left = a as JsonObject;
  const right = b as JsonObject;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && sameJson(left[key], right[key]));
}
