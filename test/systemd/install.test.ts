import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs';
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
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter((file) => !/^\/etc\/(passwd|group|shadow|gshadow|\.pwd\.lock|.*-$)/.test(file))
    .sort();
}

function install(source: string, root: string, ...more: string[]): Promise<string> {
  return run('sh', [join(source, 'systemd/install.sh'), '--root', root, ...more]).then(
    ({ stdout }) => stdout,
  );
}

function uninstall(source: string, root: string, ...more: string[]): Promise<unknown> {
  return run('sh', [join(source, 'systemd/uninstall.sh'), '--root', root, ...more]);
}

const link = (root: string, name: string) => readlinkSync(join(root, 'opt/greenlight', name));

describe('install.sh', () => {
  it('installs, says what it wrote, may be repeated, keeps configuration, and is undone without rest', async () => {
    const [source, root] = [await unpacked(), await temporaryFolder()];
    const first = await install(source, root, '--role', join(PROJECT, 'config/core-only.yaml'));
    expect(first).toContain('wrote /etc/systemd/system/greenlight.service');
    expect(first).toContain('wrote /etc/greenlight/greenlight.yaml (from core-only.yaml)');
    const unit = readFileSync(join(root, 'etc/systemd/system/greenlight.service'), 'utf8');
    expect(unit).toMatch(/^ExecStart=\/.*node \/opt\/greenlight\/current\/dist\/src\/main\.js run/m);
    const { stdout } = await run(process.execPath, [
      join(root, 'opt/greenlight/current/dist/src/main.js'),
      '--version',
    ]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);

    const config = join(root, 'etc/greenlight/greenlight.yaml');
    await appendFile(config, '# mine\n');
    mkdirSync(join(root, 'var/lib/greenlight'), { recursive: true });
    await writeFile(join(root, 'var/lib/greenlight/kept'), '');
    const before = filesOf(root);
    const again = await install(source, root);
    expect(again).toContain('kept /etc/greenlight/greenlight.yaml');
    expect(again).not.toContain('wrote ');
    expect(filesOf(root)).toEqual(before);
    expect(readFileSync(config, 'utf8')).toMatch(/# mine\n$/);
    // from where it is installed, it needs nothing from outside
    await run('rm', [join(root, 'opt/greenlight/current/.bundled')]);
    const itself = await install(join(root, 'opt/greenlight/current'), root);
    expect(itself).toContain('which is the same');
    expect(itself).not.toMatch(/wrote |npm/);
    await writeFile(join(root, 'opt/greenlight/current/.bundled'), '');

    await uninstall(source, root);
    expect(filesOf(root)).toEqual(['/etc/greenlight/greenlight.yaml', '/var/lib/greenlight/kept']);
    // what a Debian package uses is not the installer's
    mkdirSync(join(root, 'usr/lib/greenlight'), { recursive: true });
    await expect(uninstall(source, root, '--purge')).rejects.toThrow('was not installed by install.sh');
    await run('rmdir', ['-p', '--ignore-fail-on-non-empty', join(root, 'usr/lib/greenlight')]);
    await uninstall(source, root, '--purge');
    expect(filesOf(root)).toEqual([]);
    await install(source, root);
    await uninstall(source, root, '--purge');
    expect(filesOf(root)).toEqual([]);
    expect(existsSync(join(root, 'opt/greenlight'))).toBe(false);
    // nothing of what it made; /etc has the users, /var the state
    expect(readdirSync(root).sort()).toEqual(['etc', 'var']);
    expect(existsSync(join(root, 'etc/systemd'))).toBe(false);
  }, 60_000);

  it('keeps the release of before, and no older one; removes what a new version no longer brings', async () => {
    const [source, root] = [await unpacked(), await temporaryFolder()];
    await install(source, root);
    const version = link(root, 'current').slice('releases/'.length);
    await writeFile(join(source, 'config/second.yaml'), '');
    const gone = '/etc/systemd/system/greenlight-core.service';
    await run('rm', [join(source, 'systemd/greenlight-core.service')]);
    const second = await install(source, root);
    expect(second).toContain(`wrote /opt/greenlight/releases/${version}-2`);
    expect(second).toContain(`removed ${gone}`);
    expect(existsSync(join(root, gone))).toBe(false);
    const links = ['current', 'confirmed', 'previous'].map((name) => link(root, name));
    expect(links).toEqual([`releases/${version}-2`, `releases/${version}-2`, `releases/${version}`]);
    await writeFile(join(source, 'config/third.yaml'), '');
    await install(source, root);
    expect(readdirSync(join(root, 'opt/greenlight/releases')).sort()).toEqual([
      `${version}-2`,
      `${version}-3`,
    ]);
    expect(link(root, 'previous')).toBe(`releases/${version}-2`);
  }, 60_000);

  it('turns an installation of before there were releases into the previous release', async () => {
    const [source, root] = [await unpacked(), await temporaryFolder()];
    const prefix = join(root, 'opt/greenlight');
    mkdirSync(prefix, { recursive: true });
    for (const part of ['dist', 'config'])
      cpSync(join(source, part), join(prefix, part), { recursive: true });
    await writeFile(join(prefix, 'package.json'), '{\n  "name": "greenlight",\n  "version": "0.0.9"\n}\n');
    await writeFile(join(prefix, '.installed'), '');
    await install(source, root);
    expect(link(root, 'previous')).toBe('releases/0.0.9');
    expect(existsSync(join(prefix, 'previous/dist/src/main.js'))).toBe(true);
    expect(readdirSync(prefix).sort()).toEqual([
      '.installed',
      'confirmed',
      'current',
      'previous',
      'releases',
      'update',
    ]);
  }, 60_000);

  it('refuses before it writes anything', async () => {
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
    expect(await refusal(script, '--prefix', '/opt')).toContain('two parts or more');
    mkdirSync(join(root, 'opt/greenlight/update'), { recursive: true });
    expect(await refusal(script)).toContain('was not made by this installer');
    expect(filesOf(root)).toEqual([]);
    expect(statSync(join(root, 'opt/greenlight')).isDirectory()).toBe(true);
    await writeFile(join(root, 'opt/greenlight/.installed'), '');
    await writeFile(join(root, 'opt/greenlight/update/state.json'), '{}');
    expect(await refusal(script)).toContain('an update of /opt/greenlight is under way');
  });
});
