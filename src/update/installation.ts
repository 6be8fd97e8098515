import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UpdateError } from './errors.js';
import { flushFolder } from './files.js';

/**
 * `current` runs. `confirmed` is the last release that is known to be healthy: the same, but while another is on trial.
 * `previous` was confirmed before.
 */
export type ReleaseLink = 'current' | 'confirmed' | 'previous';

/** What install.sh made: releases side by side, and links that say which of them runs. */
export class Installation {
  constructor(readonly prefix: string) {}

  /**
   * The installation that a package folder belongs to.
   * @throws {UpdateError} UPDATE_PLACE with the right way to update
   */
  static of(packageFolder: string): Installation {
    const releases = dirname(packageFolder);
    const prefix = dirname(releases);
    if (basename(releases) === 'releases' && existsSync(join(prefix, '.installed')))
      return new Installation(prefix);
    throw new UpdateError(
      'UPDATE_PLACE',
      packageFolder.startsWith('/usr/lib/')
        ? `${packageFolder} is managed by dpkg: install the new package with sudo apt install ./greenlight_VERSION_ARCH.deb`
        : `${packageFolder} was not installed by systemd/install.sh, so there is nothing to switch; install it with that`,
    );
  }

  /** Where updates and what became of them are kept. */
  get updates(): string {
    return join(this.prefix, 'update');
  }

  folder(release: string): string {
    return join(this.prefix, 'releases', release);
  }

  /** Where a release is made that has no name yet. Nothing runs from here. */
  get beginning(): string {
    return this.folder('.new');
  }

  /** @returns name of the release, undefined without such a link */
  async release(link: ReleaseLink): Promise<string | undefined> {
    try {
      return basename(await readlink(join(this.prefix, link)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** In one step: whoever looks sees the former release or this one. On disk when it resolves. */
  async point(link: ReleaseLink, release: string): Promise<void> {
    const beside = join(this.prefix, `${link}.new`);
    await rm(beside, { force: true });
    await symlink(join('releases', release), beside);
    await rename(beside, join(this.prefix, link));
    await flushFolder(this.prefix);
  }

  /** An empty place for a new release. What another update left there goes. */
  async begin(): Promise<string> {
    await rm(this.beginning, { recursive: true, force: true });
    await mkdir(this.beginning, { mode: 0o755 });
    return this.beginning;
  }

  /** Gives what was begun a name. @returns `VERSION`, or `VERSION-N` where that one is taken */
  async name(version: string): Promise<string> {
    let release = version;
    for (let n = 2; existsSync(this.folder(release)); n += 1) release = `${version}-${n}`;
    await rename(this.beginning, this.folder(release));
    await flushFolder(dirname(this.beginning));
    return release;
  }

  /** The version that a release is of. */
  async version(release: string): Promise<string> {
    const text = await readFile(join(this.folder(release), 'package.json'), 'utf8');
    return String((JSON.parse(text) as { version?: unknown }).version);
  }

  /** Removes every release that no link names. */
  async tidy(): Promise<void> {
    const links = ['current', 'confirmed', 'previous'] as const;
    const named = new Set(await Promise.all(links.map((link) => this.release(link))));
    for (const release of await readdir(join(this.prefix, 'releases')))
      if (!named.has(release)) await rm(this.folder(release), { recursive: true, force: true });
  }
}
