/** Writes the tables of docs/mqtt.md anew: `npx tsx test/mqtt/write-table.ts`. */
import { readFile, writeFile } from 'node:fs/promises';
import { DOCUMENT, document } from './table.js';

await writeFile(DOCUMENT, await document(await readFile(DOCUMENT, 'utf8')));
