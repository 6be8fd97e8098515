import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';

const PROJECT = new URL('../../', import.meta.url).pathname;
const run = promisify(execFile);

/** An unpacked package that brings its packages along, so that nothing is fetched. */
async function unpacked(): Promise<string> {
  const folder = await temporaryFolder();
  for (const part of ['dist', 'config', 'systemd', 'package.json', 'README.md'])
    cpSync(join(PROJECT, part), join(folder, part), { recursive: true });
  mkdirSync(join(folder, 'docs'));
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, '.bundled'), '');
  return folder;
}

function filesOf(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter((file) => !/^\/etc\/(passwd|group|shadow|gshadow|\.pwd\.lock|.*-$)/.test(file))
    .sort();
}

describe('install.sh', () => {
  it('installs, says what it wrote, may be repeated, keeps configuration, and is undone without rest', async () => {
    const [source, root] = [await unpacked(), await temporaryFolder()];
    const install = (...more: string[]) =>
      run('sh', [join(source, 'systemd/install.sh'), '--root', root, ...more]).then(({ stdout }) => stdout);
    const first = await install('--role', join(PROJECT, 'config/core-only.yaml'));
    expect(first).toContain('wrote /etc/systemd/system/greenlight.service');
    expect(first).toContain('wrote /etc/greenlight/greenlight.yaml (from core-only.yaml)');
    const unit = readFileSync(join(root, 'etc/systemd/system/greenlight.service'), 'utf8');
    expect(unit).toMatch(/^ExecStart=\/.*node \/opt\/greenlight\/dist\/src\/main\.js run/m);
    const { stdout } = await run(process.execPath, [
      join(root, 'opt/greenlight/dist/src/main.js'),
      '--version',
    ]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);

    const config = join(root, 'etc/greenlight/greenlight.yaml');
    await appendFile(config, '# mine\n');
    mkdirSync(join(root, 'var/lib/greenlight'), { recursive: true });
    await writeFile(join(root, 'var/lib/greenlight/kept'), '');
    const before = filesOf(root);
    const again = await install();
    expect(again).toContain('kept /etc/greenlight/greenlight.yaml');
    expect(again).not.toContain('wrote ');
    expect(filesOf(root)).toEqual(before);
    expect(readFileSync(config, 'utf8')).toMatch(/# mine\n$/);

    const uninstall = (...more: string[]) =>
      run('sh', [join(source, 'systemd/uninstall.sh'), '--root', root, ...more]);
    await uninstall();
    expect(filesOf(root)).toEqual(['/etc/greenlight/greenlight.yaml', '/var/lib/greenlight/kept']);
    await install();
    await uninstall('--purge');
    expect(filesOf(root)).toEqual([]);
    expect(existsSync(join(root, 'opt/greenlight'))).toBe(false);
  }, 60_000);

  it('refuses before it writes anything: no build, a folder of somebody else, a role that is not there', async () => {
    const [source, root] = [await unpacked(), await temporaryFolder()];
    const refusal = (script: string, ...more: string[]) =>
      run('sh', [script, '--root', root, ...more]).then(
        () => 'installed',
        (error: { stderr: string }) => error.stderr,
      );
    const script = join(source, 'systemd/install.sh');
    const bare = await temporaryFolder();
    cpSync(join(PROJECT, 'systemd'), join(bare, 'systemd'), { recursive: true });
    expect(await refusal(join(bare, 'systemd/install.sh'))).toContain('dist is missing');
    expect(await refusal(script, '--role', '/nowhere.yaml')).toContain('no such file');
    mkdirSync(join(root, 'opt/greenlight'), { recursive: true });
    expect(await refusal(script)).toContain('was not made by this installer');
    expect(filesOf(root)).toEqual([]);
    expect(statSync(join(root, 'opt/greenlight')).isDirectory()).toBe(true);
  });
});
