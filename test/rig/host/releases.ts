/** Packages of the appliance for the guest, as they are given out: one to install, a newer one, and a broken one. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sh } from './shell.js';

/** What the guest finds in /root. */
export interface Releases {
  readonly installed: Release;
  readonly newer: Release;
  /** It tells its version and checks a configuration, and does not come up. */
  readonly broken: Release;
  /** Path in the guest. */
  readonly publicKey: string;
}

export interface Release {
  readonly version: string;
  /** Path in the guest. Its signature is beside it. */
  readonly file: string;
}

interface ReleaseSettings {
  /** The repository, built. */
  readonly root: string;
  readonly folder: string;
  readonly rootfs: string;
}

/** Never loaded by what runs in the guest. The release to update to goes without: unpacking takes its time there. */
const LEFT_OUT = [
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/lib-dynamodb',
  'aws-iot-device-sdk-v2',
  'pino-pretty',
];
/** Folders that only authors read. */
const AUTHORS = ['test', 'tests', 'docs', 'example', 'examples', 'benchmark', 'benchmarks', '.github'];
/** All that the broken release is: it passes every check before it is to run. */
const brokenMain = (version: string): string => `#!/usr/bin/env node
if (process.argv[2] === '--version') console.log('${version}');
if (process.argv[2] === 'run') throw new Error('this release is broken');
`;

/** Packs the releases with the tools that make packages, signs them and puts them into the guest's /root. */
export async function makeReleases({ root, folder, rootfs }: ReleaseSettings): Promise<Releases> {
  const out = join(folder, 'releases');
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const packed = (await sh(join(root, 'systemd/bundle.sh'), ['arm64'], { env: { OUT: out } })).trim();
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const tree = join(out, 'package');
  await sh('tar', ['-xzf', packed, '-C', out]);
  await slim(tree);
  const next = (patch: number): string => version.replace(/\d+$/, (last) => String(Number(last) + patch));
  const repack = async (as: string): Promise<string> => {
    for (const file of ['package.json', '.bundled']) {
      const path = join(tree, file);
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace(/("version": ?")[^"]*"/, `$1${as}"`));
    }
    const file = join(out, `greenlight-${as}-arm64.tgz`);
    await sh('tar', ['-C', out, '--owner=0', '--group=0', '-czf', file, 'package']);
    return file;
  };
  const newer = await repack(next(1));
  await rm(join(tree, 'node_modules'), { recursive: true });
  await rm(join(tree, 'dist'), { recursive: true });
  await mkdir(join(tree, 'dist/src'), { recursive: true });
  await writeFile(join(tree, 'dist/src/main.js'), brokenMain(next(2)));
  const broken = await repack(next(2));
  await rm(tree, { recursive: true });

  const greenlight = join(root, 'dist/src/main.js');
  await sh(process.execPath, [greenlight, 'update', 'keygen', 'update'], { cwd: out });
  const inGuest = async (file: string, as: string): Promise<Release> => {
    await sh(process.execPath, [greenlight, 'update', 'sign', file, '--key', join(out, 'update.key')]);
    const name = file.split('/').at(-1) ?? '';
    for (const each of [name, `${name}.sig`]) await cp(join(out, each), join(rootfs, 'root', each));
    return { version: as, file: `/root/${name}` };
  };
  await cp(join(out, 'update.pub'), join(rootfs, 'root/update.pub'));
  return {
    installed: await inGuest(packed, version),
    newer: await inGuest(newer, next(1)),
    broken: await inGuest(broken, next(2)),
    publicKey: '/root/update.pub',
  };
}

/** Leaves what the application can reach of its packages, without those that it never loads in the guest. */
async function slim(tree: string): Promise<void> {
  const modules = join(tree, 'node_modules');
  const needed = new Set<string>();
  const visit = async (folder: string): Promise<void> => {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      await readFile(join(folder, 'package.json'), 'utf8'),
    ) as { dependencies?: object; optionalDependencies?: object };
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const own = join(folder, 'node_modules', name);
      if (folder !== tree && existsSync(own)) await visit(own);
      if (needed.has(name) || LEFT_OUT.includes(name) || !existsSync(join(modules, name))) continue;
      needed.add(name);
      await visit(join(modules, name));
    }
  };
  await visit(tree);
  for (const entry of await readdir(modules)) {
    const names = entry.startsWith('@')
      ? (await readdir(join(modules, entry))).map((name) => `${entry}/${name}`)
      : [entry];
    for (const name of names) {
      if (!needed.has(name)) await rm(join(modules, name), { recursive: true });
    }
  }
  for (const path of await readdir(tree, { recursive: true })) {
    if (AUTHORS.includes(basename(path)) || /\.(md|map|d\.ts)$/.test(path))
      await rm(join(tree, path), { recursive: true, force: true });
  }
}
