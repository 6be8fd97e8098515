import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';
import { mayLackFor } from '../support/tools.js';

const FOLDER = new URL('../../systemd/', import.meta.url).pathname;
const UNITS = readdirSync(FOLDER).filter((name) => /\.(service|target|path)$/.test(name));
const run = promisify(execFile);
const ANALYZE = spawnSync('systemd-analyze', ['--version']).status === 0;

/** Exposure at most, below what all have to keep. */
const LIMITS: Readonly<Record<string, number>> = {
  'greenlight-update.service': 1.2,
  'greenlight-update-resume.service': 1.0,
};
/** Those that run the application. */
const RUNNING = UNITS.filter((name) => name.endsWith('.service') && !name.startsWith('greenlight-update'));

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
  it.each(RUNNING)('%s keeps what GPIO and V8 need', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    expect(text).not.toMatch(/^(PrivateDevices|MemoryDenyWriteExecute)=yes/m);
    expect(text).toMatch(/^Type=notify$/m);
    expect(text).toMatch(/^NotifyAccess=main$/m);
    // npm in between would be the main process
    expect(text).toMatch(/^ExecStart=\/usr\/bin\/node /m);
  });

  it('of updates run the confirmed release, and nothing that reaches the network', () => {
    for (const name of ['greenlight-update.service', 'greenlight-update-resume.service']) {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      expect(text).toMatch(
        /^ExecStart=\/usr\/bin\/node \/opt\/greenlight\/confirmed\/dist\/src\/main\.js update /m,
      );
      expect(text).toMatch(/^PrivateNetwork=yes$/m);
      expect(text).not.toMatch(/^MemoryDenyWriteExecute=yes/m);
    }
  });

  it('start after an update that was cut off', () => {
    const resume = readFileSync(join(FOLDER, 'greenlight-update-resume.service'), 'utf8');
    const before = /^Before=(.*)$/m.exec(resume)?.[1]?.split(' ') ?? [];
    for (const name of RUNNING) {
      const after = /^After=.*greenlight-update-resume\.service/m.test(
        readFileSync(join(FOLDER, name), 'utf8'),
      );
      expect([name, after || before.includes(name)]).toEqual([name, true]);
    }
  });
});
