/** The reference in docs/configuration.md, made from the schema. */
import { isJsonObject } from '../../hal/index.js';
import type { Catalog } from './catalog.js';
import { functionsSchema, OWN_FUNCTION, subscriptionsSchema, thingsSchema } from './schema/lists.js';
import { SETTINGS } from './schema/settings.js';
import type { Schema } from './schema/terms.js';
import { childrenOf } from './settings.js';

/** Markdown of each generated part, by the name of its marker. */
export function configReference(catalog: Catalog): Readonly<Record<string, string>> {
  return {
    settings: settingsTable(),
    things: [
      optionTable(commonOf(thingsSchema(catalog)), ['name']),
      table(
        ['Role', 'What it is'],
        [...catalog.roles.values()].map(({ name, summary }) => [
          `[${code(name)}](roles.md#${name})`,
          forTable(summary),
        ]),
      ),
    ].join('\n\n'),
    functions: [
      optionTable(commonOf(functionsSchema(catalog)), ['name']),
      '### Your own',
      optionTable(OWN_FUNCTION, ['handler', 'runtime']),
      ...[...catalog.builtins.values()].map((builtin) =>
        [
          `### \`builtin: ${builtin.name}\``,
          builtin.summary,
          optionTable(builtin.options, builtin.required),
        ].join('\n\n'),
      ),
    ].join('\n\n'),
    subscriptions: optionTable(commonOf(subscriptionsSchema(catalog)), ['source', 'subject', 'target']),
  };
}

interface Row {
  readonly key: string;
  readonly schema: Schema;
  readonly required: boolean;
}

function settingsTable(): string {
  const rows = Object.entries(SETTINGS).flatMap(([key, schema]) => rowsOf(key, schema, false));
  return table(
    ['Key', 'Values', 'Default', 'Variable', 'Meaning'],
    rows.map(({ key, schema, required }) => [
      code(key),
      valuesOf(schema),
      defaultOf(schema, required),
      typeof schema.env === 'string' ? code(schema.env) : '',
      meaningOf(schema),
    ]),
  );
}

function optionTable(options: Readonly<Record<string, Schema>>, required: readonly string[]): string {
  const rows = Object.entries(options).flatMap(([key, schema]) =>
    rowsOf(key, schema, required.includes(key)),
  );
  if (rows.length === 0) return 'No options.';
  return table(
    ['Key', 'Values', 'Default', 'Meaning'],
    rows.map(({ key, schema, required: needed }) => [
      code(key),
      valuesOf(schema),
      defaultOf(schema, needed),
      meaningOf(schema),
    ]),
  );
}

/** A key, and the keys below it. */
function rowsOf(key: string, schema: Schema, required: boolean): Row[] {
  const needed = Array.isArray(schema.required) ? schema.required : [];
  const below = childrenOf(schema).flatMap(([child, childSchema]) =>
    rowsOf(`${key}.${child}`, childSchema, needed.includes(child)),
  );
  return [{ key, schema, required }, ...below];
}

function commonOf(list: Schema): Readonly<Record<string, Schema>> {
  const { properties } = list.items as Schema;
  return properties as Readonly<Record<string, Schema>>;
}

function valuesOf(schema: Schema): string {
  if (schema.format === 'duration') return 'duration';
  if (schema.const !== undefined) return code(String(schema.const));
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => code(String(value))).join(', ');
  const forms = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(forms)) return forms.map((form) => valuesOf(form as Schema)).join(' or ');
  if (schema.type === 'array') {
    return isJsonObject(schema.items) ? `list of ${valuesOf(schema.items)}` : 'list';
  }
  if (schema.type === 'object') {
    const keys = isJsonObject(schema.properties) ? Object.keys(schema.properties) : [];
    return keys.length === 0 ? 'mapping' : code(`{ ${keys.join(', ')} }`);
  }
  if (schema.type === 'integer' || schema.type === 'number') return `number${rangeOf(schema)}`;
  if (schema.type === 'boolean') return '`true`, `false`';
  return 'text';
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: Schema): string {
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${maximum === undefined ? '' : `, to ${maximum}`}`;
  if (minimum !== undefined && maximum !== undefined) return ` ${minimum} to ${maximum}`;
  return minimum === undefined ? (maximum === undefined ? '' : ` to ${maximum}`) : ` from ${minimum}`;
}

function defaultOf(schema: Schema, required: boolean): string {
  if (required) return '**required**';
  const value = schema.default;
  if (value === undefined || (isJsonObject(value) && Object.keys(value).length === 0)) return '';
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}

function meaningOf({ title, description }: Schema): string {
  const text = [title, description].filter((part) => typeof part === 'string').join(': ');
  return forTable(text);
}

/** A Markdown table with columns padded to one width, as the formatter wants them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(3, cell.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${forTable(text)}\``;
}

function forTable(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
