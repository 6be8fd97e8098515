/**
 * The rules of merge and delta once more, told differently: a section is a set of paths, not a tree. Kept small and
 * slow so that one can see that it is right.
 */
import type { JsonObject, JsonValue } from '../../../../hal/index.js';

/** Paths are JSON arrays of keys as text, so that they compare and keep apart whatever the keys hold. */
type Path = readonly string[];

export interface ModelSection {
  /** Scalars and arrays, with the time of their last writing. */
  readonly leaves: ReadonlyMap<string, { readonly value: JsonValue; readonly time: number }>;
  /** Objects, the section itself not among them. */
  readonly objects: ReadonlySet<string>;
}

export const NO_SECTION: ModelSection = { leaves: new Map(), objects: new Set() };

export function modelMerge(section: ModelSection, patch: JsonObject, time: number): ModelSection {
  const leaves = new Map(section.leaves);
  const objects = new Set(section.objects);
  const clear = (path: Path): void => {
    for (const set of [leaves, objects]) {
      for (const key of [...set.keys()]) if (startsWith(parse(key), path)) set.delete(key);
    }
  };
  const write = (path: Path, value: JsonValue): void => {
    leaves.set(text(path), { value, time });
    for (let length = 1; length < path.length; length += 1) objects.add(text(path.slice(0, length)));
  };
  const visit = (path: Path, value: JsonValue): void => {
    if (isNothing(value)) clear(path);
    else if (!isTree(value)) {
      clear(path);
      write(path, value);
    } else if (objects.has(text(path))) {
      for (const [key, child] of Object.entries(value)) visit([...path, key], child);
    } else {
      clear(path);
      for (const [leafPath, leaf] of leavesOf(value, path)) write(leafPath, leaf);
    }
  };
  for (const [key, child] of Object.entries(patch)) visit([key], child);
  return { leaves, objects };
}

export function modelValue(section: ModelSection): JsonObject {
  const entries: [Path, JsonValue][] = [
    ...[...section.objects].map((key): [Path, JsonValue] => [parse(key), {}]),
    ...[...section.leaves].map(([key, { value }]): [Path, JsonValue] => [parse(key), value]),
  ];
  return assemble(entries);
}

export function modelMetadata(section: ModelSection): JsonObject {
  return assemble(
    [...section.leaves].map(([key, { value, time }]): [Path, JsonValue] => [
      parse(key),
      stamped(value, time),
    ]),
  );
}

/** What is missing, leaf by leaf; where `reported` has no object to compare with, the whole of `desired` there. */
export function modelDelta(desired: JsonObject, reported: JsonObject): JsonObject {
  const missing: [Path, JsonValue][] = [];
  for (const [path] of pathsOf(desired, [])) {
    const depths = path.map((_, index) => path.slice(0, index + 1));
    const end = depths.find((prefix) => {
      const said = at(reported, prefix);
      return isHollow(said) || !isTree(said as JsonValue) || isHollow(at(desired, prefix));
    });
    const where = end ?? path;
    const wanted = at(desired, where) as JsonValue;
    const said = at(reported, where);
    if (isHollow(wanted)) {
      if (!isHollow(said)) missing.push([where, null]);
    } else if (isHollow(said) || canonical(said) !== canonical(wanted)) missing.push([where, wanted]);
  }
  return assemble(missing);
}

function assemble(entries: readonly (readonly [Path, JsonValue])[]): JsonObject {
  const root = new Map<string, unknown>();
  for (const [path, value] of [...entries].sort((a, b) => a[0].length - b[0].length)) {
    let node = root;
    for (const key of path.slice(0, -1)) {
      if (!(node.get(key) instanceof Map)) node.set(key, new Map());
      node = node.get(key) as Map<string, unknown>;
    }
    node.set(path.at(-1) as string, isTree(value) ? mapOf(value) : value);
  }
  return objectOf(root) as JsonObject;
}

function mapOf(value: JsonObject): Map<string, unknown> {
  return new Map(Object.entries(value).map(([key, child]) => [key, isTree(child) ? mapOf(child) : child]));
}

function objectOf(value: unknown): unknown {
  return value instanceof Map
    ? Object.fromEntries([...value].map(([key, child]) => [key, objectOf(child)]))
    : value;
}

function stamped(value: JsonValue, time: number): JsonValue {
  if (Array.isArray(value)) return value.map((element: JsonValue) => stamped(element, time));
  if (!isTree(value)) return { timestamp: time };
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, stamped(child, time)]));
}

function leavesOf(value: JsonObject, path: Path): [Path, JsonValue][] {
  return pathsOf(value, path).filter(([, leaf]) => !isNothing(leaf));
}

/** Leaves and empty objects. */
function pathsOf(value: JsonObject, path: Path): [Path, JsonValue][] {
  return Object.entries(value).flatMap(([key, child]): [Path, JsonValue][] =>
    isTree(child) && Object.keys(child).length > 0
      ? pathsOf(child, [...path, key])
      : [[[...path, key], child]],
  );
}

function at(value: JsonObject, path: Path): JsonValue | undefined {
  let node: JsonValue | undefined = value;
  for (const key of path) {
    node =
      node !== undefined && isTree(node)
        ? Object.entries(node).find(([name]) => name === key)?.[1]
        : undefined;
  }
  return node;
}

function isTree(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNothing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (isTree(value) && Object.keys(value).length === 0);
}

/** The same text for the same JSON value, whatever the order of members. */
export function canonical(value: JsonValue | undefined): string {
  return JSON.stringify(value, (_, node: unknown) =>
    typeof node === 'object' && node !== null && !Array.isArray(node)
      ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)))
      : node,
  );
}

function isHollow(value: JsonValue | undefined): boolean {
  return (
    isNothing(value) ||
    (isTree(value as JsonValue) && pathsOf(value as JsonObject, []).every(([, leaf]) => isNothing(leaf)))
  );
}

function startsWith(path: Path, prefix: Path): boolean {
  return prefix.every((key, index) => path[index] === key);
}

const text = (path: Path): string => JSON.stringify(path);
const parse = (key: string): Path => JSON.parse(key) as Path;
