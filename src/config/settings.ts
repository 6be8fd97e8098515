/** Lays defaults, the file's settings and the environment over each other, in that order of precedence. */
import type { JsonValue } from '../../hal/index.js';
import { resolveSettings, type Setting, type SettingKind } from './convict.js';
import { suggestion } from './nearest.js';
import type { Schema } from './schema/index.js';
import { SETTINGS } from './schema/settings.js';

export interface MergeOptions {
  readonly env: NodeJS.ProcessEnv;
  /** From the command line; stronger than everything. */
  readonly stateDir: string | undefined;
}

export interface Merged {
  /** The file's content with settings filled in; the caller may change it. */
  readonly document: Readonly<Record<string, unknown>>;
  /** Variables whose value was taken, by path joined with ".". */
  readonly fromEnv: ReadonlyMap<string, string>;
  /** Variables that cannot take effect: a sentence for each. */
  readonly problems: readonly { readonly variable: string; readonly message: string }[];
}

/** @param file the file's content; what is malformed in it is passed on for the schema to refuse */
export function mergeSettings(file: Readonly<Record<string, unknown>>, options: MergeOptions): Merged {
  const env = relevantVariables(options);
  const found: Found = { settings: [], values: new Map(), absent: new Map(), env };
  for (const [key, schema] of Object.entries(SETTINGS)) collect(schema, [key], file[key], found);

  const document = structuredClone(file) as Record<string, unknown>;
  const fromEnv = new Map<string, string>();
  for (const [setting, value] of resolveSettings(found.settings, found.values, env)) {
    const path = setting.path.join('.');
    const given = env[setting.env] !== undefined;
    if (given) fromEnv.set(path, setting.env);
    // A malformed value of the file stays as it is: the schema says what is wrong with it.
    if (given || found.values.has(path) || !isPresent(file, setting.path)) put(document, setting.path, value);
  }
  return { document, fromEnv, problems: idleVariables(env, found.absent) };
}

/** Every setting that a variable overrides, in the order of the schema. */
export function allSettings(): readonly Setting[] {
  const settings: Setting[] = [];
  const walk = (schema: Schema, path: readonly string[]) => {
    const setting = asSetting(schema, path);
    if (setting !== undefined) settings.push(setting);
    for (const [key, child] of childrenOf(schema)) walk(child, [...path, key]);
  };
  for (const [key, schema] of Object.entries(SETTINGS)) walk(schema, [key]);
  return settings;
}

interface Found {
  readonly settings: Setting[];
  /** What the file says, by path joined with ".". */
  readonly values: Map<string, unknown>;
  /** Variables of sections that the file does not have, with the section's path. */
  readonly absent: Map<string, string>;
  readonly env: NodeJS.ProcessEnv;
}

function collect(schema: Schema, path: readonly string[], value: unknown, found: Found): void {
  const setting = asSetting(schema, path);
  const children = childrenOf(schema);
  // A value that is either a word or a section (`cloud.sink`) is a setting unless the file has the section.
  if (setting !== undefined && !(isSection(value) && found.env[setting.env] === undefined)) {
    found.settings.push(setting);
    if (fits(setting, value)) found.values.set(path.join('.'), value);
    for (const [key, child] of children) noteAbsent(child, [...path, key], path, found);
    return;
  }
  const there = value ?? (isSection(schema.default) ? {} : undefined);
  if (there === undefined || value === null) {
    for (const [key, child] of children) noteAbsent(child, [...path, key], path, found);
  } else if (isSection(there)) {
    for (const [key, child] of children) collect(child, [...path, key], there[key], found);
  }
}

function noteAbsent(schema: Schema, path: readonly string[], section: readonly string[], found: Found): void {
  if (typeof schema.env === 'string') found.absent.set(schema.env, section.join('.'));
  for (const [key, child] of childrenOf(schema)) noteAbsent(child, [...path, key], section, found);
}

/** By the type of the schema; everything else is text. */
const KINDS: Readonly<Record<string, SettingKind>> = {
  integer: 'integer',
  boolean: 'boolean',
  array: 'list',
};

function asSetting(schema: Schema, path: readonly string[]): Setting | undefined {
  if (typeof schema.env !== 'string') return undefined;
  return {
    path,
    kind: KINDS[String(schema.type)] ?? 'text',
    default: schema.default as JsonValue | undefined,
    env: schema.env,
    doc: String(schema.description ?? ''),
  };
}

/** Sections below a schema, also where the section is one of several forms. */
export function childrenOf(schema: Schema): [string, Schema][] {
  if (isSection(schema.properties)) return Object.entries(schema.properties) as [string, Schema][];
  const forms = Array.isArray(schema.anyOf) ? (schema.anyOf as Schema[]) : [];
  return schema.env === undefined ? [] : forms.flatMap(childrenOf);
}

function fits(setting: Setting, value: unknown): boolean {
  if (setting.kind === 'integer') return typeof value === 'number';
  if (setting.kind === 'boolean') return typeof value === 'boolean';
  return setting.kind === 'list' ? Array.isArray(value) : typeof value === 'string';
}

/** Our variables, without empty ones (they count as unset), and with what systemd says about the state folder. */
function relevantVariables(options: MergeOptions): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(options.env)) {
    if (name.startsWith('GREENLIGHT_') && value !== '') env[name] = value;
  }
  // systemd gives a list separated by colons when a unit has several state folders; ours is the first.
  const fromSystemd = options.env.STATE_DIRECTORY?.split(':')[0];
  const stateDir = options.stateDir ?? env.GREENLIGHT_STATE ?? fromSystemd;
  if (stateDir !== undefined && stateDir !== '') env.GREENLIGHT_STATE = stateDir;
  return env;
}

function idleVariables(
  env: NodeJS.ProcessEnv,
  absent: ReadonlyMap<string, string>,
): { variable: string; message: string }[] {
  const known = allSettings().map((setting) => setting.env);
  const sections = new Set(known.map((name) => name.split('_', 2).join('_')));
  const problems: { variable: string; message: string }[] = [];
  for (const variable of Object.keys(env)) {
    const section = absent.get(variable);
    if (section !== undefined) {
      const message = `has no effect, as the file has no "${section}" to override; add it to the file or unset the variable`;
      problems.push({ variable, message });
    } else if (!known.includes(variable) && sections.has(variable.split('_', 2).join('_'))) {
      const hint = suggestion(variable, known, 'see docs/configuration.md for those that there are');
      problems.push({
        variable,
        message: `is no variable that Greenlight reads${hint.startsWith('; did') ? hint : '; unset it'}`,
      });
    }
  }
  return problems;
}

function isPresent(root: unknown, path: readonly string[]): boolean {
  let value = root;
  for (const key of path) {
    if (!isSection(value) || value[key] === undefined) return false;
    value = value[key];
  }
  return true;
}

function put(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node = root;
  for (const key of path.slice(0, -1)) {
    node[key] ??= {};
    node = node[key] as Record<string, unknown>;
  }
  node[path.at(-1)!] = value;
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
