/** A configuration that passed (or partly passed) the schema, seen as a group, for the rules that no schema can say. */
import type { AnyRoleDefinition } from '../../devices/contract.js';
import type { BuiltinDefinition, Catalog } from './catalog.js';
import { parseDuration } from './duration.js';
import type { Path } from './path.js';
import type { Schema } from './schema/index.js';
import { OWN_FUNCTION } from './schema/lists.js';
import type { Finding } from './sentences.js';

/** A thing or function of the file. */
export interface Member<Definition> {
  readonly path: Path;
  /** Empty when the file gives none. */
  readonly name: string;
  /** Role or builtin; undefined without one, or when it is unknown. */
  readonly definition: Definition | undefined;
  /** What the file says beside name and role or builtin; defaults filled in, durations in ms. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The schema found nothing wrong with it: the definition's own rules may look at the options. */
  readonly sound: boolean;
}

export type ThingMember = Member<AnyRoleDefinition>;
export type FunctionMember = Member<BuiltinDefinition>;

export interface Draft {
  readonly document: Readonly<Record<string, unknown>>;
  readonly things: readonly ThingMember[];
  readonly functions: readonly FunctionMember[];
  /** Names of all roles that there are. */
  readonly roles: ReadonlySet<string>;
}

/** A rule looks at a draft and says what is wrong. */
export type Rule = (draft: Draft) => readonly Finding[];

export function makeDraft(
  document: Readonly<Record<string, unknown>>,
  catalog: Catalog,
  found: readonly Finding[],
): Draft {
  const members = <Definition extends { readonly options: Readonly<Record<string, Schema>> }>(
    list: 'things' | 'functions',
    key: 'role' | 'builtin',
    definitions: ReadonlyMap<string, Definition>,
    own: Readonly<Record<string, Schema>>,
  ): Member<Definition>[] =>
    elements(document[list]).map((element, index) => {
      const { name, [key]: kind, ...options } = element;
      const definition = definitions.get(String(kind));
      return {
        path: [list, index],
        name: typeof name === 'string' ? name : '',
        definition,
        options: completeAll(definition?.options ?? (kind === undefined ? own : {}), options),
        sound: !found.some(({ path }) => path[0] === list && path[1] === index),
      };
    });
  return {
    document,
    things: members('things', 'role', catalog.roles, {}),
    functions: members('functions', 'builtin', catalog.builtins, OWN_FUNCTION),
    roles: new Set(catalog.roles.keys()),
  };
}

/** Elements of a list that are mappings; others keep their position as an empty one. */
export function elements(list: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(list)) return [];
  return list.map((element) => (isMapping(element) ? element : {}));
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Path of the first option, at any depth, whose value is `text`; the member itself when there is none. */
export function findOption(member: Member<unknown>, text: string): Path {
  const search = (value: unknown, path: Path): Path | undefined => {
    if (value === text) return path;
    if (typeof value !== 'object' || value === null) return undefined;
    for (const [key, child] of Object.entries(value)) {
      const hit = search(child, [...path, Array.isArray(value) ? Number(key) : key]);
      if (hit !== undefined) return hit;
    }
    return undefined;
  };
  return search(member.options, member.path) ?? member.path;
}

/**
 * The value with the schema's defaults filled in and its durations as milliseconds. Ajv would fill in no default inside
 * a value of several forms (`anyOf`).
 */
function complete(schema: Schema | undefined, given: unknown): unknown {
  if (schema === undefined) return given;
  const value = given === undefined ? structuredClone(schema.default) : given;
  if (schema.format === 'duration' && typeof value === 'string') return parseDuration(value) ?? value;
  let result = value;
  for (const form of ['anyOf', 'oneOf', 'allOf']) {
    for (const choice of elements(schema[form]) as readonly Schema[]) {
      if (result !== undefined && mayBe(choice, result)) result = complete(choice, result);
    }
  }
  if (Array.isArray(result) && isMapping(schema.items)) {
    return result.map((item) => complete(schema.items as Schema, item));
  }
  if (!isMapping(result)) return result;
  const known = isMapping(schema.properties) ? (schema.properties as Readonly<Record<string, Schema>>) : {};
  const others = isMapping(schema.additionalProperties) ? (schema.additionalProperties as Schema) : undefined;
  return completeAll(known, result, others);
}

/** A mapping with each key completed by its schema; keys without default stay absent. */
function completeAll(
  schemas: Readonly<Record<string, Schema>>,
  given: Readonly<Record<string, unknown>>,
  others?: Schema,
): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const key of new Set([...Object.keys(given), ...Object.keys(schemas)])) {
    const value = complete(
      Object.hasOwn(schemas, key) ? schemas[key] : others,
      Object.hasOwn(given, key) ? given[key] : undefined,
    );
    if (value !== undefined) entries.push([key, value]);
  }
  // Not by assignment: a key may be called __proto__.
  return Object.fromEntries(entries);
}

/** Whether a form is meant for a value of this kind. */
function mayBe(form: Schema, value: unknown): boolean {
  const kind = Array.isArray(value) ? 'array' : typeof value;
  return form.type === undefined || form.type === kind || (kind === 'number' && form.type === 'integer');
}
