/**
 * `npm run test:rig`: drivers, application and appliance on emulated boards with real kernel drivers, seen and driven
 * from outside. Builds all it needs from Debian and npm packages. With `--install`, or with CI=true, missing tools are
 * installed (root); on a machine without them it says so and ends. GREENLIGHT_RIG_DIR keeps what was built.
 * `--drivers` or `--appliance` run one half.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { appliance } from './appliance.js';
import { driversAndApplication } from './drivers.js';
import { buildImage } from './host/image.js';
import { installTools, missingTools } from './host/tools.js';
import { Parts } from './part.js';

const { values: options } = parseArgs({
  options: {
    install: { type: 'boolean', default: process.env.CI === 'true' },
    drivers: { type: 'boolean', default: false },
    appliance: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const began = Date.now();
  const missing = missingTools();
  if (missing.length > 0 && !options.install) {
    const packages = [...new Set(missing.map((tool) => tool.package))].join(' ');
    process.stdout.write(
      `skipped: the emulated boards need ${missing.map((tool) => tool.program).join(', ')}; ` +
        `install ${packages} (Debian), or run with --install as root\n`,
    );
    return 0;
  }
  if (missing.length > 0) await installTools(missing);
  const kept = process.env.GREENLIGHT_RIG_DIR;
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'greenlight-rig-image-')));
  if (kept === undefined) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const parts = new Parts();
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { image, releases } = await buildImage({ root, folder });
  if (!options.appliance) await driversAndApplication(image, parts);
  if (!options.drivers) await appliance({ image, releases, folder, parts });
  const minutes = ((Date.now() - began) / 60_000).toFixed(1);
  process.stdout.write(`${parts.passed} passed, ${parts.failed} failed, ${minutes} min\n`);
  return parts.failed === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
process.exitCode = await main();
