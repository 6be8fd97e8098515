/**
 * Shadows in step under trouble: random edits on both sides, cut lines, restarted clouds and crashed sites, over AWS's
 * own SDK, with our broker and with mosquitto where it is installed. `npx tsx test/deep/cloud/sync.ts [LIVES]`
 */
import fc from 'fast-check';
import { CLOUDS } from '../../support/cloud-stand-in.js';
import { lives, liveThrough } from '../../support/synced-site.js';

const runs = Number(process.argv[2] ?? 50);
const seed = Math.floor(Math.random() * 2 ** 31);
let failed = 0;
for (const [name, possible, make] of CLOUDS) {
  if (!possible) {
    console.log(`${name}: not on this machine`);
    if (process.env.CI !== undefined) failed += 1;
    continue;
  }
  const cloud = await make();
  const counted: Record<string, number> = {};
  const begin = performance.now();
  const result = await fc.check(
    fc.asyncProperty(lives, async (steps) => {
      for (const step of steps) counted[step.do] = (counted[step.do] ?? 0) + 1;
      await liveThrough(cloud, steps);
    }),
    { numRuns: runs, seed },
  );
  await cloud.stop();
  const seconds = Math.round((performance.now() - begin) / 1000);
  const events = Object.entries(counted).map(([what, times]) => `${what} ${times}`);
  console.log(`${name}: ${result.numRuns} lives in ${seconds} s (${events.join(', ')}), seed ${seed}`);
  if (result.failed) {
    failed += 1;
    console.error(fc.defaultReportMessage(result));
  } else console.log(`${name}: each came together; nothing acknowledged was lost`);
}
process.exit(failed === 0 ? 0 : 1);
