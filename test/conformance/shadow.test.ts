import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkRows, type Result } from './shadow/check.js';
import { conformanceDocument } from './shadow/document.js';

describe('conformance of the shadow service', () => {
  let results: Result[];
  beforeAll(async () => {
    results = await checkRows();
  }, 60_000);

  it('holds every rule over MQTT 3.1.1 and 5', () => {
    const failures = results.flatMap(({ row, failures: found }) =>
      Object.entries(found)
        .filter(([, cause]) => cause !== undefined)
        .map(([protocol, cause]) => `${protocol}, ${row.section}: ${row.rule}: ${cause}`),
    );
    expect(failures).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(150);
    expect(Object.keys(results[0]?.failures ?? {})).toEqual(['MQTT 3.1.1', 'MQTT 5']);
  });

  it('stands in docs/conformance.md as run; `npm run conformance` writes it', async () => {
    const document = await readFile(new URL('../../docs/conformance.md', import.meta.url), 'utf8');
    expect(document).toBe(conformanceDocument(results));
  });
});
