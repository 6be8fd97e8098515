import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DOCUMENT, document, holders, statements } from './table.js';

describe('docs/mqtt.md', () => {
  it('names a test or a reason for every statement that concerns a server', async () => {
    const held = await holders();
    const open = statements().filter(
      ({ version, id, reason }) => reason === undefined && !held.has(`${version}:${id}`),
    );
    expect(open.map(({ version, id }) => `${version}:${id}`)).toEqual([]);
  });

  it('is made of the statements and tests as they are now', async () => {
    const text = await readFile(DOCUMENT, 'utf8');
    expect(text).toBe(await document(text));
  });

  it('has tests only for statements that there are', async () => {
    const known = new Set(statements().map(({ version, id }) => `${version}:${id}`));
    const alone = await import('./statements.js');
    for (const id of alone.CLIENTS_ALONE_5.split(' ')) known.add(`5:${id}`);
    for (const id of alone.CLIENTS_ALONE_3.split(' ')) known.add(`3:${id}`);
    expect([...(await holders()).keys()].filter((tag) => !known.has(tag))).toEqual([]);
  });
});
