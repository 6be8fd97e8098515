/** The page docs/roles.md, made from the definitions. */
import type { AnyRoleDefinition, OptionSchema } from './contract.js';
import { ROLES } from './index.js';

const HEAD = `# Roles

What a thing does is said by its \`role\`; what it is wired to and how it behaves by the options beside it. Lines are
written as a name (\`GPIO17\`), a header position (\`J8:11\`) or \`{ chip: LABEL, offset: N }\`; durations as \`500ms\`,
\`20s\`, \`5m\`. Everything below "Shadow" is a property of the thing's shadow: one that can be desired is asked for in
\`desired\` and shows in \`reported\` when it is done. What cannot be done is said in \`reported.error\`
(\`code\`, \`message\`, \`property\`).

This page is made from the definitions in \`devices/\`; a test keeps it true.
`;

/** The whole page. */
export function rolesPage(): string {
  const roles = [...ROLES.values()];
  const list = roles.map((role) => `- [${role.name}](#${role.name}): ${role.summary}`);
  return `${[HEAD, list.join('\n'), ...roles.map((role) => describe(role))].join('\n')}\n`;
}

function describe(role: AnyRoleDefinition): string {
  const options = Object.entries(role.options).map(([name, schema]) => optionRow(role, name, schema));
  const shadow = role.properties.map((property) => [
    code(property.name),
    property.side,
    property.values,
    property.description,
  ]);
  return [
    `\n## ${role.name}\n\n${role.summary}\n`,
    table(['option', 'takes', 'default', 'meaning'], options),
    shadow.length === 0
      ? '\nIt keeps no shadow.'
      : `\n**Shadow**\n\n${table(['property', 'side', 'values', 'meaning'], shadow)}`,
  ].join('\n');
}

function optionRow(role: AnyRoleDefinition, name: string, schema: OptionSchema): string[] {
  const required = (role.required as readonly string[]).includes(name);
  const fallback = required ? 'required' : schema.default === undefined ? '' : code(written(schema.default));
  const words = [schema.title, schema.description].filter((text) => typeof text === 'string');
  return [code(name), takes(schema), fallback, words.join('. ').replaceAll('..', '.')];
}

function takes(schema: OptionSchema): string {
  if (schema.format === 'duration') return 'duration';
  if (Array.isArray(schema.enum)) return schema.enum.map((each) => code(String(each))).join(', ');
  if (Array.isArray(schema.anyOf)) return 'line';
  const { type, minimum, maximum, items } = schema;
  if (type === 'array') return `list of ${takes(items as OptionSchema)}`;
  if (type === 'object') {
    const keys = Object.entries(schema.properties as Record<string, OptionSchema>);
    return `{ ${keys.map(([key, each]) => `${key}: ${takes(each)}`).join('; ')} }`;
  }
  if (type === 'boolean') return 'true, false';
  if (type === 'string') return 'text';
  const range = minimum === undefined || maximum === undefined ? '' : ` ${minimum}..${maximum}`;
  return `${type === 'integer' ? 'whole number' : 'number'}${range}`;
}

/** As YAML would have it on one line. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  return String(value);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
