/** Debian and npm packages for the guest's architecture, fetched without touching this machine's own package state. */
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { sh } from './shell.js';

/** What nobody reads in a guest. */
const UNREAD = ['doc', 'man', 'info', 'locale', 'lintian', 'bash-completion', 'zsh', 'polkit-1', 'dbus-1']
  .map((name) => `--exclude=./usr/share/${name}`)
  .join(' ');

/** Fetches and unpacks arm64 packages from the Debian mirrors that this machine is set up with. */
export class DebianArm64 {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async update(): Promise<void> {
    await mkdir(join(this.#folder, 'lists/partial'), { recursive: true });
    await mkdir(join(this.#folder, 'cache/archives/partial'), { recursive: true });
    await sh('apt-get', [...this.#options(), 'update', '-q']);
  }

  /** The package of the newest kernel, unsigned (nothing here checks the signature). */
  async kernelPackage(): Promise<string> {
    const said = await sh('apt-cache', [...this.#options(), 'depends', 'linux-image-arm64']);
    const name = /Depends: (linux-image-[\w.+-]+-arm64)/.exec(said)?.[1];
    if (name === undefined) throw new Error(`apt-cache names no arm64 kernel:\n${said}`);
    return `${name}-unsigned`;
  }

  /** Downloads packages and unpacks them, without their scripts, into `target`. */
  async unpack(packages: readonly string[], target: string): Promise<void> {
    const debs = join(this.#folder, 'debs', packages[0] ?? '');
    await rm(debs, { recursive: true, force: true });
    await mkdir(debs, { recursive: true });
    await mkdir(target, { recursive: true });
    await sh('apt-get', [...this.#options(), 'download', '-q', ...packages], { cwd: debs });
    for (const deb of await readdir(debs)) await sh('dpkg-deb', ['-x', join(debs, deb), target]);
  }

  /**
   * Fetches packages and all that they depend on and unpacks them, without their scripts, into a merged-usr tree.
   * @param without patterns of package files that nothing in the tree needs
   */
  async unpackWithDependencies(packages: readonly string[], target: string, without: RegExp): Promise<void> {
    const archives = join(this.#folder, 'cache/archives');
    await rm(archives, { recursive: true, force: true });
    await mkdir(join(archives, 'partial'), { recursive: true });
    await sh('apt-get', [
      ...this.#options(),
      ...['install', '-y', '-q', '--no-install-recommends', '--download-only', ...packages],
    ]);
    for (const folder of ['bin', 'sbin', 'lib']) {
      await mkdir(join(target, 'usr', folder), { recursive: true });
      await symlink(`usr/${folder}`, join(target, folder));
    }
    for (const deb of (await readdir(archives)).filter(
      (name) => name.endsWith('.deb') && !without.test(name),
    )) {
      await sh('sh', [
        '-c',
        `dpkg-deb --fsys-tarfile "$0" | tar -xf - -C "$1" --keep-directory-symlink ${UNREAD}`,
        join(archives, deb),
        target,
      ]);
    }
  }

  #options(): string[] {
    return [
      'APT::Architecture=arm64',
      'APT::Architectures::=arm64',
      `Dir::State::Lists=${this.#folder}/lists`,
      `Dir::Cache=${this.#folder}/cache`,
      'Dir::State::status=/dev/null',
      'APT::Sandbox::User=root',
    ].flatMap((option) => ['-o', option]);
  }
}

/** Unpacks an npm package for the guest, without running its scripts. */
export async function unpackNpm(spec: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const packed = await sh('npm', ['pack', '--silent', spec], { cwd: target });
  const file = packed.trim().split('\n').at(-1) ?? '';
  await sh('tar', ['-xzf', file, '--strip-components=1'], { cwd: target });
  await rm(join(target, file));
}
