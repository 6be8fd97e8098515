/** docs/mqtt.md is made of the statements and of the tests that say which of them they hold. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLIENTS_ALONE_3, CLIENTS_ALONE_5, STATEMENTS_3, STATEMENTS_5 } from './statements.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DOCUMENT = join(ROOT, 'docs/mqtt.md');
const BEGIN = '<!-- statements: made by `npx tsx test/mqtt/write-table.ts` -->';

export interface Statement {
  readonly version: '5' | '3';
  readonly id: string;
  readonly text: string;
  /** Why it needs no test. */
  readonly reason: string | undefined;
}

export function statements(): Statement[] {
  const read = (version: '5' | '3', lines: string): Statement[] =>
    lines
      .trim()
      .split('\n')
      .map((line) => {
        const [, id = '', rest = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
        const [text = '', reason] = rest.split(' ~ ');
        return { version, id, text, reason };
      });
  return [...read('5', STATEMENTS_5), ...read('3', STATEMENTS_3)];
}

/** `5:3.1.0-1` → the tests that hold it. */
export async function holders(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const folder of ['test/core/broker', 'test/core/listener']) {
    for (const name of (await readdir(join(ROOT, folder)))
      .filter((file) => file.endsWith('.test.ts'))
      .sort()) {
      const source = await readFile(join(ROOT, folder, name), 'utf8');
      for (const [, title = '', list = ''] of source.matchAll(/holds\(\s*'([^']+)',\s*\[([^\]]*)\]/g)) {
        for (const [, tag = ''] of list.matchAll(/'([35]:[^']+)'/g)) {
          const tests = found.get(tag) ?? [];
          tests.push(`${relative('test/core', join(folder, name))}: ${title}`);
          found.set(tag, tests);
        }
      }
    }
  }
  return found;
}

/** What docs/mqtt.md is to say; `before` is what it says now, of which the part above the tables stays. */
export async function document(before: string): Promise<string> {
  const held = await holders();
  const rows = (version: '5' | '3'): string =>
    statements()
      .filter((statement) => statement.version === version)
      .map(({ id, text, reason }) => {
        const tests = held.get(`${version}:${id}`);
        const proof = reason === undefined ? (tests?.[0] ?? 'NOT HELD') : `does not apply: ${reason}`;
        return `| [MQTT-${id}] | ${text.replaceAll('|', '\\|')} | ${proof} |`;
      })
      .join('\n');
  const clients = (ids: string): string =>
    ids
      .split(' ')
      .map((id) => `[MQTT-${id}]`)
      .join(', ');
  const head = before.split(BEGIN)[0] ?? '';
  return `${head}${BEGIN}

## MQTT 5.0

| statement | in short | held by (in test/core) |
|---|---|---|
${rows('5')}

For clients alone: ${clients(CLIENTS_ALONE_5)}.

## MQTT 3.1.1

| statement | in short | held by (in test/core) |
|---|---|---|
${rows('3')}

For clients alone: ${clients(CLIENTS_ALONE_3)}.
`;
}
