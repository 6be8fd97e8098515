/**
 * The guest's Debian: packages are unpacked, not installed, so nothing of another architecture runs while it is built.
 * What their scripts would have set up and the tests need is written here.
 */
import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianArm64 } from './packages.js';
import { script } from './shell.js';

const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'systemd-timesyncd', 'udev', 'kmod', 'libstdc++6'],
  ...[
    'bash',
    'dash',
    'coreutils',
    'util-linux',
    'mount',
    'login',
    'passwd',
    'base-files',
    'base-passwd',
    'procps',
  ],
  ...['grep', 'sed', 'mawk', 'findutils', 'tar', 'gzip', 'diffutils', 'busybox-static'],
];
/** What only package installation asks for. */
const WITHOUT = /^(perl|libperl|libfile|libtext|libnumber|libgdbm|libdb5|debconf|adduser|usrmerge)/;

/** Units that show nothing here and take seconds each on an emulated processor. */
const MASKED = [
  ...['getty.target', 'getty@.service', 'serial-getty@.service', 'systemd-logind.service'],
  ...['systemd-user-sessions.service', 'systemd-update-utmp.service', 'systemd-update-utmp-runlevel.service'],
  ...['e2scrub_all.timer', 'e2scrub_reap.service', 'fstrim.timer', 'systemd-pstore.service'],
  ...['dev-hugepages.mount', 'dev-mqueue.mount', 'sys-kernel-debug.mount', 'sys-kernel-tracing.mount'],
  ...['sys-kernel-config.mount', 'sys-fs-fuse-connections.mount', 'proc-sys-fs-binfmt_misc.automount'],
  ...[
    'modprobe@.service',
    'systemd-modules-load.service',
    'kmod-static-nodes.service',
    'systemd-binfmt.service',
  ],
  ...['systemd-ask-password-console.path', 'systemd-ask-password-wall.path', 'remote-fs.target'],
];

const PAM = {
  auth: 'auth',
  account: 'account',
  password: 'password',
  session: 'session',
  'session-noninteractive': 'session',
};

/** A shell on the serial console from early on until shutdown, which the rig speaks to. */
const CONSOLE = `[Unit]
Description=Shell of the rig
DefaultDependencies=no
IgnoreOnIsolate=yes
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Environment=HOME=/root TERM=dumb PATH=/opt/rig:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
WorkingDirectory=/root
ExecStart=/bin/sh -c 'stty -echo; echo @@shell@@; exec sh -i'
Restart=always
RestartSec=0
StandardInput=tty-force
StandardOutput=tty
TTYPath=/dev/ttyAMA0
SendSIGHUP=yes

[Install]
WantedBy=sysinit.target
`;

/** Unpacks the packages into `rootfs` and gives it what a first boot needs. */
export async function makeUserland(debian: DebianArm64, rootfs: string): Promise<void> {
  await debian.unpackWithDependencies(PACKAGES, rootfs, WITHOUT);
  const at = (path: string): string => join(rootfs, path);
  for (const folder of [
    'proc',
    'sys',
    'dev',
    'run',
    'tmp',
    'root',
    'opt',
    'usr/local/bin',
    'etc/systemd/system/sysinit.target.wants',
  ]) {
    await mkdir(at(folder), { recursive: true });
  }
  await cp(at('usr/share/base-passwd/passwd.master'), at('etc/passwd'));
  await cp(at('usr/share/base-passwd/group.master'), at('etc/group'));
  await writeFile(at('etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  await writeFile(at('etc/hostname'), 'rig\n');
  await writeFile(at('etc/fstab'), '');
  await writeFile(at('etc/machine-id'), '0123456789abcdef0123456789abcdef\n');
  await rm(at('usr/bin/awk'), { force: true });
  await symlink('mawk', at('usr/bin/awk'));
  await writeFile(at('etc/systemd/system/rig-console.service'), CONSOLE);
  await symlink('../rig-console.service', at('etc/systemd/system/sysinit.target.wants/rig-console.service'));
  await symlink('/lib/systemd/system/multi-user.target', at('etc/systemd/system/default.target'));
  for (const unit of MASKED) await symlink('/dev/null', at(`etc/systemd/system/${unit}`));
  await symlink(
    '/lib/systemd/system/systemd-timesyncd.service',
    at('etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service'),
  );
  // runuser asks PAM, which aborts where a service that it knows of is not configured.
  for (const [name, type] of Object.entries(PAM)) {
    await writeFile(at(`etc/pam.d/common-${name}`), `${type} required pam_permit.so\n`);
  }
  // A board without a clock: systemd moves its time on to that of this file.
  await writeFile(at('usr/lib/clock-epoch'), '');
  await bareInit(rootfs);
}

/** The other init: a shell and nothing else, for what needs no services and should start at once. */
async function bareInit(rootfs: string): Promise<void> {
  await mkdir(join(rootfs, 'opt/rig'), { recursive: true });
  await script(join(rootfs, 'opt/rig/init'), [
    '#!/bin/busybox sh',
    'export PATH=/opt/rig:/usr/sbin:/usr/bin HOME=/root',
    'mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev 2>/dev/null',
    'mount -t tmpfs tmp /tmp; busybox ip link set lo up',
    'exec setsid sh -c "stty -echo </dev/ttyAMA0; echo @@shell@@ >/dev/ttyAMA0; exec busybox sh -i </dev/ttyAMA0 >/dev/ttyAMA0 2>&1"',
  ]);
}
