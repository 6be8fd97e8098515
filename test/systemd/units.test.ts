import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';
import { mayLackFor } from '../support/tools.js';

const FOLDER = new URL('../../systemd/', import.meta.url).pathname;
const UNITS = readdirSync(FOLDER).filter((name) => /\.(service|target)$/.test(name));
const run = promisify(execFile);
const ANALYZE = spawnSync('systemd-analyze', ['--version']).status === 0;

/** Exposure at most; pigpio has to map the registers. */
const LIMITS: Readonly<Record<string, number>> = { 'greenlight-pigpio.service': 3.5 };

async function folderOfUnits(): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of UNITS) {
    const text = readFileSync(join(FOLDER, name), 'utf8').replaceAll('/usr/bin/node', process.execPath);
    await writeFile(join(folder, name), text);
  }
  return folder;
}

describe.skipIf(mayLackFor(ANALYZE))('systemd-analyze', () => {
  it('has nothing to say about the units', async () => {
    const folder = await folderOfUnits();
    const { stderr } = await run('systemd-analyze', [
      'verify',
      ...UNITS.map((name) => join(folder, name.replace('@.', '@street.'))),
    ]).catch((error: { stderr: string }) => error);
    expect(stderr.split('\n').filter((line) => line.includes('greenlight'))).toEqual([]);
  });

  it.each(UNITS.filter((name) => name.endsWith('.service')))('finds %s little exposed', async (name) => {
    const folder = await folderOfUnits();
    const { stdout } = await run('systemd-analyze', ['security', '--offline=yes', join(folder, name)]);
    const exposure = Number(/level for .*: ([\d.]+)/.exec(stdout)?.[1]);
    expect(exposure).toBeLessThanOrEqual(LIMITS[name] ?? 2.5);
  });
});

describe('units', () => {
  it.each(UNITS.filter((name) => name.endsWith('.service')))('%s keeps what GPIO and V8 need', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    expect(text).not.toMatch(/^(PrivateDevices|MemoryDenyWriteExecute)=yes/m);
    expect(text).toMatch(/^Type=notify$/m);
    expect(text).toMatch(/^NotifyAccess=main$/m);
    // npm in between would be the main process
    expect(text).toMatch(/^ExecStart=\/usr\/bin\/node /m);
  });
});
