/** Doorway to `convict`: settings from defaults, file and environment, in that order of precedence. */
import convict from 'convict';
import type { JsonValue } from '../../hal/index.js';

/** What a setting's text in the environment stands for. */
export type SettingKind = 'text' | 'integer' | 'boolean' | 'list';

/** One setting. Its path has at least one key. */
export interface Setting {
  readonly path: readonly string[];
  readonly kind: SettingKind;
  readonly default: JsonValue | undefined;
  readonly env: string;
  readonly doc: string;
}

/** Text that is no number or truth value stays text: the schema then says what is wrong with it. */
const READ: Readonly<Record<SettingKind, (text: unknown) => unknown>> = {
  text: (text) => text,
  integer: (text) => (typeof text === 'string' && /^-?\d+$/.test(text.trim()) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  list: (text) =>
    typeof text === 'string'
      ? text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '')
      : text,
};

/**
 * The value of each setting that has one, in the order of `settings`.
 * @param values what the file says, by path joined with "."
 */
export function resolveSettings(
  settings: readonly Setting[],
  values: ReadonlyMap<string, unknown>,
  env: NodeJS.ProcessEnv,
): Map<Setting, unknown> {
  for (const [kind, coerce] of Object.entries(READ)) {
    // Values are checked against the JSON Schema, together with the rest of the file.
    convict.addFormat({ name: `greenlight-${kind}`, validate: () => {}, coerce });
  }
  const definition: Tree = {};
  const file: Tree = {};
  for (const setting of settings) {
    put(definition, setting.path, {
      doc: setting.doc,
      format: `greenlight-${setting.kind}`,
      default: setting.default,
      env: setting.env,
    });
    const value = values.get(setting.path.join('.'));
    if (value !== undefined) put(file, setting.path, value);
  }
  const resolved = convict(definition as convict.Schema<Tree>, { env, args: [] }).load(file);
  const result = new Map<Setting, unknown>();
  for (const setting of settings) {
    const value: unknown = resolved.get(setting.path.join('.'));
    if (value !== undefined) result.set(setting, value);
  }
  return result;
}

type Tree = { [key: string]: unknown };

function put(tree: Tree, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const key of path.slice(0, -1)) {
    node[key] ??= {};
    node = node[key] as Tree;
  }
  node[path.at(-1)!] = value;
}
