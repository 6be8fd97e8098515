/** The first programs of a guest: they load what the disk needs, mount it and go on with one of its two inits. */
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { script, sh, withSbin } from './shell.js';

/** Modules that the machines need before the disk is mounted, and those that the tests load. */
const MODULES = [
  'crc32c_generic',
  'ext4',
  'mmc_block',
  'sdhci-iproc',
  'bcm2835',
  'bcm2835_wdt',
  'virtio_blk',
  'virtio_mmio',
  'pwm-bcm2835',
  'dht11',
];

export interface InitramfsSettings {
  readonly folder: string;
  /** Where the kernel package was unpacked. */
  readonly kernel: string;
  readonly version: string;
  /** A static busybox for the guest. */
  readonly busybox: string;
}

/** @returns path of the archive. The kernel's `init=` names the program that the disk goes on with. */
export async function packInitramfs({
  folder,
  kernel,
  version,
  busybox,
}: InitramfsSettings): Promise<string> {
  await sh('depmod', ['-b', kernel, version], { env: withSbin() });
  const modules = join(kernel, 'lib/modules', version);
  const ordered = loadOrder(await readFile(join(modules, 'modules.dep'), 'utf8'), MODULES);
  const target = join(folder, 'initramfs');
  await rm(target, { recursive: true, force: true });
  for (const each of ['bin', 'modules', 'root', 'dev', 'proc']) {
    await mkdir(join(target, each), { recursive: true });
  }
  await cp(busybox, join(target, 'bin/busybox'));
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
    // shell variables do not reach the next program; the kernel's command line is what lasts
    'for word in $(cat /proc/cmdline); do case $word in init=*) init=' + '$' + '{word#init=} ;; esac; done',
    'umount /proc; exec switch_root /root "' + '$' + 'init"',
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
