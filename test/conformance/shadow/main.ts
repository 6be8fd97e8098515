/** `npm run conformance`: checks every row, writes docs/conformance.md, exits 1 when a row fails. */
import { writeFile } from 'node:fs/promises';
import { checkRows } from './check.js';
import { conformanceDocument } from './document.js';

async function main(): Promise<void> {
  const began = performance.now();
  const results = await checkRows();
  await writeFile(new URL('../../../docs/conformance.md', import.meta.url), conformanceDocument(results));
  let failed = 0;
  for (const { row, failures } of results) {
    for (const [protocol, cause] of Object.entries(failures)) {
      if (cause === undefined) continue;
      failed += 1;
      console.log(`FAIL ${protocol}, ${row.section}: ${row.rule}\n  ${cause.replaceAll('\n', '\n  ')}`);
    }
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${results.length} rules over MQTT 3.1.1 and 5 in ${seconds} s, ${failed} failures; docs/conformance.md written`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
