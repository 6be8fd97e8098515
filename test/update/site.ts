/** An installation in a temporary folder with signed archives for it, and a service manager that is not real. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, SILENT, SystemClock } from '../../hal/index.js';
import {
  digestOfFile,
  freeBytes,
  Inbox,
  Installation,
  type Instances,
  Journal,
  signStatement,
  tryRelease,
  type UnitLook,
  type Units,
  type UpdateRecord,
  type UpdateRequest,
  Updater,
  type UpdaterDeps,
} from '../../src/update/index.js';
import { ARCH, type Entry, type Package, packageEntries, tgz } from './archives.js';

/** Remembers which release each restart found; `ill` and `unready` name versions that misbehave. */
export class FakeUnits implements Units {
  readonly restarted: string[] = [];
  unready: string | undefined;
  /** Looks at a unit that find it running; then it is not. */
  looks = Number.POSITIVE_INFINITY;

  constructor(
    private readonly installation: Installation,
    readonly running: readonly string[] = ['greenlight.service'],
  ) {}

  async active(): Promise<readonly string[]> {
    return this.running;
  }

  async restart(units: readonly string[]): Promise<void> {
    const release = (await this.installation.release('current'))!;
    this.restarted.push(...units.map((unit) => `${unit} ${release}`));
    if (release === this.unready) throw new Error('Job for greenlight.service failed\nsee status');
  }

  async environment(): Promise<Record<string, string>> {
    return {};
  }

  async look(): Promise<UnitLook> {
    this.looks -= 1;
    return this.looks >= 0
      ? { running: true, restarts: 0, text: 'active (running)' }
      : { running: false, restarts: 0, text: 'activating (auto-restart)' };
  }
}

export const WELL: Instances = { failing: async () => new Set(), cause: async () => undefined };

export interface Site {
  readonly folder: string;
  readonly installation: Installation;
  readonly journal: Journal;
  readonly inbox: Inbox;
  readonly units: FakeUnits;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
  readonly configuration: string;
}

export const RUNNING = '1.0.0';

/** Version 1.0.0 runs. */
export function siteIn(folder: string): Site {
  const prefix = join(folder, 'opt');
  mkdirSync(join(prefix, 'releases', RUNNING, 'dist/src'), { recursive: true });
  for (const { path, content } of packageEntries({ version: RUNNING }))
    if (content !== undefined)
      writeFileSync(join(prefix, 'releases', RUNNING, path.slice('package/'.length)), content);
  for (const link of ['current', 'confirmed']) symlinkSync(`releases/${RUNNING}`, join(prefix, link));
  writeFileSync(join(prefix, '.installed'), '');
  mkdirSync(join(prefix, 'update'));
  mkdirSync(join(folder, 'etc'), { mode: 0o755 });
  const pair = generateKeyPairSync('ed25519');
  writeFileSync(join(folder, 'etc/update.pub'), pair.publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(folder, 'etc/update.key'), pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(folder, 'etc/site.yaml'), 'version: 1\n');
  const installation = new Installation(prefix);
  return {
    folder,
    installation,
    journal: new Journal(installation.updates),
    inbox: new Inbox(join(folder, 'inbox')),
    units: new FakeUnits(installation),
    publicKey: join(folder, 'etc/update.pub'),
    privateKey: pair.privateKey,
    configuration: join(folder, 'etc/site.yaml'),
  };
}

export function updaterOf(
  site: Site,
  other: Partial<UpdaterDeps> & { readonly watchMs?: number } = {},
): Updater {
  const { installation, journal, units, publicKey, configuration } = site;
  const { watchMs = 0, ...deps } = other;
  const clock: Clock = new SystemClock();
  return new Updater({
    installation,
    journal,
    units,
    clock,
    log: SILENT,
    settings: async () => ({
      publicKey,
      watchMs,
      configurations: [{ file: configuration, env: { GREENLIGHT_TRIED: 'yes' } }],
    }),
    instances: WELL,
    tryRelease,
    flush: async () => {},
    room: freeBytes,
    machine: { name: 'greenlight', arch: ARCH, node: process.versions.node },
    owner: process.getuid!(),
    ...deps,
  });
}

export interface Signed {
  readonly archive: string;
  readonly signature: string;
}

/** Writes an archive and its signature. `says` makes the signature lie. */
export async function signed(
  site: Site,
  content: Package | readonly Entry[] | Buffer,
  says: Readonly<Record<string, unknown>> = {},
): Promise<Signed> {
  const archive = join(site.folder, `archive-${Math.random().toString(36).slice(2)}.tgz`);
  const entries = 'version' in content ? packageEntries(content) : content;
  writeFileSync(archive, Buffer.isBuffer(entries) ? entries : tgz(entries));
  const { version = '2.0.0', name = 'greenlight', arch = ARCH } = 'version' in content ? content : {};
  const statement = { type: 'greenlight-update/1', name, version, arch, ...(await digestOfFile(archive)) };
  const signature = `${archive}.sig`;
  writeFileSync(signature, signStatement({ ...statement, ...says } as never, site.privateKey));
  return { archive, signature };
}

/** Hands an archive over and has it carried out. */
export async function carryOut(
  site: Site,
  updater: Updater,
  files: Signed | undefined,
  options: Partial<UpdateRequest> & { readonly trusted?: boolean; readonly signal?: AbortSignal } = {},
): Promise<UpdateRecord> {
  const { trusted = true, signal = new AbortController().signal, ...request } = options;
  const id = `id-${Math.random().toString(36).slice(2)}`;
  await site.inbox.drop({ id, by: 'tester', file: 'new.tgz', ...request }, files);
  await updater.carryOut({ inbox: site.inbox, id, trusted, signal });
  return (await site.journal.record(id))!;
}

/** What an installation looks like from outside. */
export function seen({ installation }: Site) {
  const link = (name: string) => {
    try {
      return readlinkSync(join(installation.prefix, name)).slice('releases/'.length);
    } catch {
      // there is none
      return undefined;
    }
  };
  const releases = readdirSync(join(installation.prefix, 'releases')).sort();
  const current = link('current')!;
  const { version } = JSON.parse(readFileSync(join(installation.folder(current), 'package.json'), 'utf8'));
  return { current, confirmed: link('confirmed'), previous: link('previous'), releases, version };
}
