/** What runs in the guest beside the installed appliance: a copy of the application, and the rig's own programs. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackNpm } from './packages.js';
import { sh } from './shell.js';

/** Parts of the application that the guest's configuration never loads. */
const UNUSED = ['aws-crt', 'aws-iot-device-sdk-v2', 'node-dht-sensor', 'pigpio', '@aws-sdk', '@smithy'];

interface ProgramSettings {
  /** The repository. */
  readonly root: string;
  readonly rootfs: string;
}

/** The application with every driver, onoff compiled, in /opt/rig/app. @param node its headers */
export async function copyApplication({
  root,
  rootfs,
  node,
}: ProgramSettings & { node: string }): Promise<void> {
  const target = join(rootfs, 'opt/rig/app');
  await mkdir(target, { recursive: true });
  await cp(join(root, 'package.json'), join(target, 'package.json'));
  for (const path of await productionPackages(root)) {
    await cp(join(root, path), join(target, path), { recursive: true });
  }
  // koffi keeps its binaries in one package per machine.
  const koffi = JSON.parse(await readFile(join(root, 'node_modules/koffi/package.json'), 'utf8')) as Package;
  const name = '@koromix/koffi-linux-arm64';
  await unpackNpm(`${name}@${koffi.version}`, join(target, 'node_modules', name));
  // onoff waits for edges through this addon, which has no prebuilt binary.
  await sh('npm', ['rebuild', 'epoll'], {
    cwd: target,
    env: {
      npm_config_arch: 'arm64',
      npm_config_nodedir: node,
      CC: 'aarch64-linux-gnu-gcc',
      CXX: 'aarch64-linux-gnu-g++',
      LINK: 'aarch64-linux-gnu-g++',
    },
  });
  await tsc(join(root, 'tsconfig.build.json'), join(target, 'dist'));
}

interface Package {
  readonly version: string;
}

/** Folders of the packages that the application needs when it runs, as this checkout has them installed. */
async function productionPackages(root: string): Promise<readonly string[]> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path.startsWith('node_modules/') && !entry.dev)
    .map(([path]) => path)
    .filter((path) => !UNUSED.some((name) => path.startsWith(`node_modules/${name}`)))
    .filter((path) => existsSync(join(root, path)));
}

/** The guest's test programs: TypeScript through tsc, C through the cross compiler. */
export async function compileGuest({ root, rootfs }: ProgramSettings): Promise<void> {
  const target = join(rootfs, 'opt/rig');
  await tsc(join(root, 'test/rig/tsconfig.json'), target);
  await writeFile(join(target, 'package.json'), '{ "type": "module" }\n');
  await symlink('/opt/rig/app/node_modules', join(target, 'node_modules'));
  const sources = join(root, 'test/rig/guest');
  for (const file of await readdir(sources)) {
    if (file.endsWith('.yaml') || file.endsWith('.mjs')) await cp(join(sources, file), join(target, file));
  }
  await sh('aarch64-linux-gnu-gcc', [
    ...['-O2', '-static', '-Wall', '-o', join(target, 'toggle')],
    join(sources, 'toggle.c'),
  ]);
}

async function tsc(project: string, target: string): Promise<void> {
  await sh('npx', [
    '--no-install',
    'tsc',
    '-p',
    project,
    '--outDir',
    target,
    '--sourceMap',
    'false',
    '--noCheck',
  ]);
}
