import { isJsonObject, type JsonObject, type JsonValue } from '../../../hal/index.js';
import { patchBetween } from '../../things/patch.js';

/** Whose value stays when both sides changed it differently. */
export type Owner = 'local' | 'cloud';

type Value = JsonValue | undefined;

/** What each side was when it was last looked at: mostly the same on both sides. */
export interface Base {
  readonly local: Value;
  readonly cloud: Value;
}

/**
 * The value both sides are to have. Objects merge member by member where both bases are objects and neither side made something else of them;
 * everywhere else the whole value counts, arrays too. Changed on one side: that side. On both: the owner. Absent is
 * undefined. Without a base both sides count as changed where they have anything.
 * AWS's shadow manager merges so (`SyncNodeMerger`); two bases instead of one keep a step that was cut in half right.
 */
export function merge3(local: Value, cloud: Value, base: Base, owner: Owner): Value {
  if (sameJson(local, cloud)) return local;
  if (
    isObjectOrGone(local) &&
    isObjectOrGone(cloud) &&
    isJsonObject(base.local) &&
    isJsonObject(base.cloud)
  ) {
    return mergeObjects(local ?? {}, cloud ?? {}, { local: base.local, cloud: base.cloud }, owner);
  }
  // neither changed and they differ: only half of an earlier step arrived, and the cloud has it
  if (sameJson(local, base.local)) return cloud;
  if (sameJson(cloud, base.cloud)) return local;
  return owner === 'local' ? local : cloud;
}

/** An object that was removed lost its members one by one: what the other side changed in it meanwhile is judged alone. */
function isObjectOrGone(value: Value): value is JsonObject | undefined {
  return value === undefined || isJsonObject(value);
}

function mergeObjects(
  local: JsonObject,
  cloud: JsonObject,
  base: { readonly local: JsonObject; readonly cloud: JsonObject },
  owner: Owner,
): Value {
  const entries: [string, JsonValue][] = [];
  for (const key of new Set([...Object.keys(local), ...Object.keys(cloud)])) {
    const bases = { local: own(base.local, key), cloud: own(base.cloud, key) };
    const value = merge3(own(local, key), own(cloud, key), bases, owner);
    if (value !== undefined) entries.push([key, value]);
  }
  // nothing left is nothing: a shadow cannot be told to hold an empty object
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** What is synchronized of a document. */
export interface State {
  readonly desired?: JsonObject;
  readonly reported?: JsonObject;
}

/** `desired` is the cloud's, `reported` the device's. */
const OWNERS = { desired: 'cloud', reported: 'local' } as const;
const SECTIONS = ['desired', 'reported'] as const;

/** Both documents and what each was at the last look; null: nothing was ever looked at. */
export function mergeStates(local: State, cloud: State, base: Bases | null): State {
  return sectionsFrom((section) =>
    merge3(
      local[section],
      cloud[section],
      { local: sectionOf(base?.local, section), cloud: sectionOf(base?.cloud, section) },
      OWNERS[section],
    ),
  );
}

/** A section that was not there when the sides were in step was empty: what both add to it is kept. */
function sectionOf(base: State | undefined, section: 'desired' | 'reported'): Value {
  return base === undefined ? undefined : (base[section] ?? {});
}

/** A step that was begun and may have arrived in part: what both sides were to have, and what this side had then. */
export interface Pending {
  readonly merged: State;
  readonly local: State;
  /** Version of the cloud's document that its update was for; 0: the cloud's was not to be updated, or had none. */
  readonly cloudVersion: number;
}

/** What each side had when it was last looked at. */
export interface Bases {
  readonly local: State;
  readonly cloud: State;
}

/**
 * The bases from which to judge the sides when a step was cut: where the cloud has what the step wanted, the step is the
 * base; elsewhere it is as if it had never been.
 */
export function resumedBase(cloud: State, pending: Pending, base: Bases | null): Bases {
  const pair = resumed(asValue(cloud), asValue(pending.merged), asValue(pending.local), {
    local: asValue(base?.local ?? {}),
    cloud: asValue(base?.cloud ?? {}),
  });
  return { local: asState(pair.local), cloud: asState(pair.cloud) };
}

function resumed(cloud: Value, merged: Value, local: Value, base: Base): Base {
  if (sameJson(cloud, merged)) return { local, cloud: merged };
  const sides = [cloud, merged, local, base.local, base.cloud];
  if (!sides.every(isObjectOrGone)) return base;
  const [c, m, l, bl, bc] = sides.map((side) => side ?? {}) as [
    JsonObject,
    JsonObject,
    JsonObject,
    JsonObject,
    JsonObject,
  ];
  const localEntries: [string, JsonValue][] = [];
  const cloudEntries: [string, JsonValue][] = [];
  for (const key of new Set([c, m, l, bl, bc].flatMap((side) => Object.keys(side)))) {
    const pair = resumed(own(c, key), own(m, key), own(l, key), { local: own(bl, key), cloud: own(bc, key) });
    if (pair.local !== undefined) localEntries.push([key, pair.local]);
    if (pair.cloud !== undefined) cloudEntries.push([key, pair.cloud]);
  }
  return { local: Object.fromEntries(localEntries), cloud: Object.fromEntries(cloudEntries) };
}

function asState(value: Value): State {
  return isJsonObject(value) ? withoutEmpty(value) : {};
}

function asValue(state: State): Value {
  return state as JsonObject;
}

/** What an update must hold to make `to` of `from`; undefined: nothing. */
export function patchOf(from: State, to: State): JsonObject | undefined {
  const patch: [string, JsonValue][] = [];
  for (const section of SECTIONS) {
    const [before, after] = [from[section], to[section]];
    if (after === undefined) {
      if (before !== undefined) patch.push([section, null]);
      continue;
    }
    const changed = patchBetween(before ?? {}, after);
    if (changed !== undefined) patch.push([section, changed]);
  }
  return patch.length === 0 ? undefined : Object.fromEntries(patch);
}

/**
 * What one side alone says (directions `up` and `down`), laid over what the other has: what was removed here since the
 * last time goes there too, what only the other side has stays.
 */
export function overwrite(source: State, target: State, base: State | undefined): State {
  return sectionsFrom((section) => laidOver(source[section], target[section], base?.[section]));
}

function laidOver(source: Value, target: Value, base: Value): Value {
  if (source === undefined) return base === undefined ? target : undefined;
  if (!isJsonObject(source) || !isJsonObject(target)) return source;
  const entries: [string, JsonValue][] = [];
  for (const key of new Set([...Object.keys(target), ...Object.keys(source)])) {
    const before = isJsonObject(base) ? own(base, key) : undefined;
    const value = laidOver(own(source, key), own(target, key), before);
    if (value !== undefined) entries.push([key, value]);
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** The state without empty objects, which no update can make, so no two sides can agree on them. */
export function withoutEmpty(state: {
  readonly desired?: JsonValue | undefined;
  readonly reported?: JsonValue | undefined;
}): State {
  return sectionsFrom((section) => pruned(state[section] ?? undefined));
}

function pruned(value: Value): Value {
  if (!isJsonObject(value)) return value;
  const entries: [string, JsonValue][] = [];
  for (const [key, member] of Object.entries(value)) {
    const kept = pruned(member);
    if (kept !== undefined && kept !== null) entries.push([key, kept]);
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** An accepted update applied to what was known before it. */
export function applied(state: State, patch: JsonValue): State {
  if (!isJsonObject(patch)) return {};
  return withoutEmpty(
    Object.fromEntries(
      SECTIONS.map((section) => {
        const change = own(patch, section);
        return [section, change === undefined ? state[section] : patched(state[section], change)];
      }),
    ) as State,
  );
}

function patched(value: Value, patch: JsonValue): Value {
  if (patch === null) return undefined;
  if (!isJsonObject(patch)) return patch;
  if (Object.keys(patch).length === 0) return undefined;
  const before = isJsonObject(value) ? value : {};
  const entries = new Map(Object.entries(before));
  for (const [key, change] of Object.entries(patch)) {
    const next = patched(own(before, key), change);
    if (next === undefined) entries.delete(key);
    else entries.set(key, next);
  }
  return Object.fromEntries(entries);
}

function sectionsFrom(make: (section: 'desired' | 'reported') => Value): State {
  const state: { desired?: JsonObject; reported?: JsonObject } = {};
  for (const section of SECTIONS) {
    const value = make(section);
    if (isJsonObject(value) && Object.keys(value).length > 0) state[section] = value;
  }
  return state;
}

/** Same JSON value: objects whatever the order of their members, numbers by value. */
export function sameJson(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return (
      a.length === b.length && a.every((element: JsonValue, at) => sameJson(element, b[at] as JsonValue))
    );
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}

function own(object: JsonObject, key: string): Value {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
