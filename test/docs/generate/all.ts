/**
 * Writes everything that is generated: `npx tsx test/docs/generate/all.ts`. The tests of documentation fail when a
 * generated text is not what this would write.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolesPage } from '../../../devices/page.js';
import { CATALOG } from '../../../src/catalog.js';
import { configReference } from '../../../src/config/reference.js';
import { publishedSchema } from '../../../src/config/schema/published.js';
import { errorCodes, errorTable } from './error-codes.js';
import { fill } from './markers.js';
import { ROOT, read } from './sources.js';

/** Text of each generated file, by path. */
export function generated(): Readonly<Record<string, string>> {
  return {
    'config/schema.json': `${JSON.stringify(publishedSchema(CATALOG), null, 2)}\n`,
    'docs/configuration.md': fill(read('docs/configuration.md'), configReference(CATALOG)),
    'docs/errors.md': fill(read('docs/errors.md'), { errors: errorTable(errorCodes()) }),
    'docs/roles.md': rolesPage(),
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const [path, text] of Object.entries(generated())) {
    writeFileSync(join(ROOT, path), text);
    console.log(path);
  }
}
