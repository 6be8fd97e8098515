import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, VirtualClock } from '../../hal/index.js';
import { openDriver } from '../../hal/registry.js';
import { CATALOG } from '../../src/catalog.js';
import { overlaysOf } from '../../src/doctor/checks/overlays.js';
import { examine, type Outside, thisMachine } from '../../src/doctor/index.js';
import { FAST_CROSSING, runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const LED = `version: 1
hal: { driver: DRIVER }
things:
  - { name: Lamp, role: led, line: GPIO4 }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
`;
const ELSEWHERE = `version: 1
hal: { driver: mock }
things:
  - { name: Lamp, role: led, line: GPIO4 }
connect: { discovery: { host: core.local, port: 8443, ca: ca.pem }, certificates: certs }
`;
const CORE = `version: 1
core: { mqtt: { port: PORT }, discovery: { port: 0 } }
`;

interface World {
  readonly text?: string;
  readonly outside?: Partial<Outside>;
  /** Files below the root: path → text. */
  readonly files?: Readonly<Record<string, string>>;
  /** Mode of /dev/gpiochip0. */
  readonly chip?: number;
  readonly stateDir?: string;
}

/** Findings on a machine that is well but for what the test says. */
async function found(world: World) {
  const root = await temporaryFolder();
  const stateDir = world.stateDir ?? join(root, 'state');
  if (!world.stateDir) await mkdir(stateDir, { mode: 0o700 });
  const file = join(root, 'greenlight.yaml');
  const files = { '/dev/gpiochip0': '', ...world.files };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), text.replace('FILE', file).replace('FOLDER', root));
  }
  await chmod(join(root, '/dev/gpiochip0'), world.chip ?? 0o666);
  if (process.getuid?.() === 0) await chown(join(root, '/dev/gpiochip0'), 0, 4_005);
  await writeFile(file, world.text ?? LED.replace('DRIVER', 'auto'));
  const outside: Outside = {
    ...thisMachine({}),
    root,
    uid: 4_000,
    groups: [4_000],
    kernel: '6.12.34+rpt-rpi-v8',
    now: () => Date.UTC(2026, 10, 23),
    openGpio: () => mockBoard(),
    connect: async () => undefined,
    ...world.outside,
  };
  return examine(file, outside, { catalog: CATALOG, overrides: { stateDir } });
}

async function mockBoard() {
  const { driver } = await openDriver('mock', { clock: new VirtualClock(), log: SILENT });
  onTestFinished(() => driver.stop());
  return driver;
}

async function codes(world: World): Promise<readonly string[]> {
  return (await found(world)).map(({ code }) => code);
}

describe('the doctor finds', () => {
  it('nothing on a machine that is well', async () => {
    expect(await found({})).toEqual([]);
  });

  it.each<[code: string, World]>([
    ['node-old', { outside: { nodeVersion: '20.18.3' } }],
    ['configuration', { text: 'version: 1\nthings: [{ name: A, role: led, colour: red }]\n' }],
    [
      'package-missing',
      { outside: { load: async (name) => (name === 'koffi' ? 'Cannot find package' : undefined) } },
    ],
    [
      'package-missing',
      { outside: { load: async (name) => (name === 'classic-level' ? 'no binary' : undefined) } },
    ],
    ['kernel-old', { outside: { kernel: '5.4.83-v7l+' } }],
    ['watchdog-without-notify', { outside: { env: { WATCHDOG_USEC: '30000000' } } }],
    [
      'runtime-missing',
      {
        text: `${CORE.replace('PORT', '0')}functions: [{ name: F, handler: f.handle, runtime: python3 }]\n`,
        outside: { program: async () => 'ENOENT' },
      },
    ],
    ['core-unreachable', { text: ELSEWHERE, outside: { connect: async () => 'ENOTFOUND' } }],
    ['core-unreachable', { text: ELSEWHERE, outside: { connect: async () => 'EHOSTUNREACH' } }],
    ['certificate-missing', { text: ELSEWHERE }],
    ['certificate-missing', { text: ELSEWHERE, files: { '/certs/Lamp.cert.pem': 'x', '/ca.pem': 'x' } }],
    ['clock-wrong', { outside: { now: () => 0 } }],
    ['disk-read-only', { outside: { write: async () => 'EROFS' } }],
    ['disk-full', { outside: { freeBytes: async () => 1_000_000 } }],
    ['disk-full', { outside: { write: async () => 'ENOSPC' } }],
    ['state-denied', { outside: { write: async () => 'EACCES' } }],
    ['not-in-group', { chip: 0o660, outside: { uid: 4_000, groups: [4_001] } }],
    ['driver-fails', { outside: { openGpio: async () => Promise.reject(new Error('no such board')) } }],
    ['overlay', { files: { '/boot/firmware/config.txt': 'dtoverlay=w1-gpio\n' } }],
    ['overlay', { files: { '/boot/config.txt': 'dtoverlay=dht11,gpiopin=4\n' } }],
    ['line-unknown', { text: LED.replace('DRIVER', 'auto').replace('GPIO4', 'GPIO99') }],
    ['no-sysfs', { text: LED.replace('DRIVER', 'onoff') }],
    [
      'sysfs-base',
      {
        text: LED.replace('DRIVER', 'onoff'),
        files: { '/sys/class/gpio/export': '', '/sys/class/gpio/gpiochip570/label': 'brcmvirt-gpio\n' },
      },
    ],
    [
      'driver-needs-root',
      { text: LED.replace('DRIVER', 'pigpio'), outside: { load: async () => undefined } },
    ],
    [
      'driver-board',
      {
        text: LED.replace('DRIVER', 'pigpio'),
        files: { '/proc/device-tree/model': 'Raspberry Pi 5 Model B Rev 1.0\0' },
        outside: { load: async () => undefined },
      },
    ],
  ])('%s (%#), with a mend', async (code, world) => {
    const all = await found(world);
    expect(all.map((finding) => finding.code)).toContain(code);
    for (const { mend, message } of all) expect(mend.length * message.length).toBeGreaterThan(200);
  });

  it('no fault with a core that is to be found on the local network', async () => {
    const outside = { connect: async () => 'ENOTFOUND' };
    expect(await codes({ text: ELSEWHERE, outside })).toContain('core-unreachable');
    const text = ELSEWHERE.replace('core.local', 'mdns');
    expect(await codes({ text, outside })).not.toContain('core-unreachable');
  });

  it('a chip that no udev rule gives to a group', async () => {
    expect(await codes({ chip: 0o600 })).toEqual(['udev-rule']);
  });

  it('that the driver which auto would take is missing, and whether another does', async () => {
    const load = (...missing: readonly string[]) => ({
      load: async (name: string) => (missing.includes(name) ? 'Cannot find package' : undefined),
    });
    const [warned] = await found({ outside: load('koffi') });
    expect(warned).toMatchObject({ severity: 'warning', message: expect.stringContaining('onoff is used') });
    const [missed] = await found({ outside: load('koffi', 'onoff') });
    expect(missed).toMatchObject({ code: 'package-missing', severity: 'problem' });
  });

  it('no chip at all', async () => {
    const root = await temporaryFolder();
    expect(await codes({ outside: { root } })).toEqual(['no-chip']);
  });

  it('who holds a line, and not when it is the instance itself', async () => {
    const driver = await mockBoard();
    await driver.output('GPIO4', 'w1', { initial: 'inactive' });
    const held = { openGpio: async () => wrap(driver) };
    const [finding] = await found({ outside: held });
    expect(finding).toMatchObject({ code: 'line-held', message: 'Lamp.line (GPIO4) is held by "w1"' });
    expect(await codes({ outside: { ...held, running: async () => true } })).toEqual([]);
  });

  it('a port that is taken, an address that is not here, and not the own ports', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const text = CORE.replace('PORT', String((server.address() as AddressInfo).port));
    expect(await codes({ text })).toEqual(['port-taken']);
    expect(await codes({ text, outside: { running: async () => true } })).toEqual([]);
    const elsewhere = text.replace('mqtt: {', 'mqtt: { host: 203.0.113.9,');
    expect(await codes({ text: elsewhere })).toEqual(['port-unusable']);
  });

  it('certificates that are not yet valid, expire, expired or are damaged; keys that others may see', async () => {
    const { stateDir, stop } = await runApp(FAST_CROSSING);
    await stop();
    const text = CORE.replace('PORT', '0');
    const at = (ms: number) => codes({ text, stateDir, outside: { now: () => ms } });
    const now = Date.now();
    const day = 86_400_000;
    expect(await at(now)).toEqual([]);
    expect(await at(now - 60 * day)).toContain('certificate-not-yet-valid');
    expect(await at(now + 3_640 * day)).toContain('certificate-expires');
    expect(await at(now + 4_000 * day)).toContain('certificate-expired');
    const key = join(stateDir, 'things/GG_TrafficLight/GG_TrafficLight.private.key');
    await chmod(key, 0o644);
    expect(await found({ text, stateDir, outside: { now: () => now } })).toMatchObject([
      { code: 'key-open', message: expect.stringContaining('mode 644'), mend: expect.stringContaining(key) },
    ]);
    await chmod(key, 0o640);
    expect(await at(now)).toEqual([]);
    await chmod(key, 0o600);
    await writeFile(join(stateDir, 'ca/server.pem'), 'spoilt');
    expect(await at(now)).toEqual(['certificate-unreadable']);
    await chmod(stateDir, 0o755);
    expect(await at(now)).toContain('state-open');
  });
});

/** The driver, but the doctor's stop leaves the holder alone. */
function wrap(driver: Awaited<ReturnType<typeof mockBoard>>) {
  return new Proxy(driver, {
    get: (target, key) => {
      if (key === 'stop') return async () => {};
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('units of systemd', () => {
  const PLACE = '/etc/systemd/system/greenlight.service';
  const unit = (more: string, start = '/usr/bin/node /opt/x/main.js') =>
    `[Service]\nType=notify\nWatchdogSec=30s\nDevicePolicy=closed\nDeviceAllow=char-gpiochip rw\nExecStart=${start} run -c FILE\n${more}`;
  const LAMP = LED.replace('DRIVER', 'auto');

  /** `FILE` in a file stands for the configuration's path. */
  async function withUnits(files: Readonly<Record<string, string>>, text = LAMP) {
    const all = await found({ text, files });
    return all.map(({ code, message }) => `${code}: ${message}`);
  }

  it('that are right, or of another configuration, are no findings', async () => {
    expect(await withUnits({ [PLACE]: unit('') })).toEqual([]);
    expect(
      await withUnits({ [PLACE]: unit('').replace('notify', 'simple').replace('FILE', '/other.yaml') }),
    ).toEqual([]);
    for (const name of ['greenlight.service', 'greenlight-core.service', 'greenlight-thing@.service']) {
      const own = (await readFile(`systemd/${name}`, 'utf8')).replace(/-c \S+/, '-c FILE');
      // the core alone has no GPIO
      const text = name.includes('core') ? CORE.replace('PORT', '0') : LAMP;
      expect(await withUnits({ [`/usr/lib/systemd/system/${name}`]: own }, text)).toEqual([]);
    }
  });

  it('with a watchdog that nobody can feed', async () => {
    expect(await withUnits({ [PLACE]: unit('Type=simple') })).toEqual([
      expect.stringMatching(
        /^watchdog-without-notify: greenlight.service has WatchdogSec=30s, but nobody may/,
      ),
    ]);
    expect(await withUnits({ [PLACE]: unit('', '/usr/bin/npm exec greenlight') })).toEqual([
      expect.stringContaining('its main process is npm'),
    ]);
    expect(await withUnits({ [PLACE]: unit('Type=simple\nNotifyAccess=main') })).toEqual([]);
    expect(await withUnits({ [PLACE]: unit('Type=exec\nWatchdogSec=0') })).toEqual([]);
  });

  it('that hide what is needed, also by a drop-in and in a template', async () => {
    for (const more of [
      'PrivateDevices=yes',
      'MemoryDenyWriteExecute=true',
      'DeviceAllow=\nDeviceAllow=/dev/null rw',
    ]) {
      const [finding] = await withUnits({
        [PLACE]: unit(''),
        [`${PLACE}.d/10-own.conf`]: `[Service]\n${more}\n`,
      });
      expect(finding).toMatch(/^unit-hardening: greenlight\.service has /);
    }
    const pattern = unit('DeviceAllow=/dev/gpiochip* rw').replace('DeviceAllow=char-gpiochip rw\n', '');
    expect(await withUnits({ [PLACE]: pattern })).toEqual([expect.stringContaining('cannot be a pattern')]);
    const sysfs = { '/sys/class/gpio/export': '', '/sys/class/gpio/gpiochip512/label': 'pinctrl-bcm2711\n' };
    const template = {
      '/usr/lib/systemd/system/greenlight-thing@.service': unit('ProtectKernelTunables=yes').replace(
        'FILE',
        'FOLDER/%i.yaml',
      ),
    };
    const onoff = await withUnits({ ...sysfs, ...template }, LED.replace('DRIVER', 'onoff'));
    expect(onoff.join()).toContain('greenlight-thing@.service has ProtectKernelTunables=yes');
  });
});

describe('overlays', () => {
  it('take lines by default, by parameter and by switch; comments and others do not', () => {
    const text =
      '#dtoverlay=w1-gpio\ndtparam=i2c_arm=on,spi=off\ndtoverlay=w1-gpio,gpiopin=17\nenable_uart=1\ndtoverlay=vc4-kms-v3d';
    expect(overlaysOf(text).map(({ lines }) => lines)).toEqual([[2, 3], [17], [14, 15]]);
  });
});

describe('greenlight doctor', () => {
  it('says that nothing is wrong with 0; problems with 1; both as JSON', async () => {
    const state = await temporaryFolder();
    const folder = await temporaryFolder();
    const file = join(folder, 'x.yaml');
    await writeFile(file, 'version: 1\nhal: { driver: mock }\n');
    expect(await cli(['doctor', '-c', file, '--state', state])).toEqual({
      code: 0,
      out: `nothing is wrong for ${file}\n`,
      err: '',
    });
    await writeFile(file, 'version: 2\n');
    const { code, out } = await cli(['doctor', '-c', file, '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ findings: [{ code: 'configuration', severity: 'problem' }] });
  });
});

describe('the page about the doctor', () => {
  it('has every finding, and each is provoked here', async () => {
    const checks = 'src/doctor/checks';
    const files = (await readdir(checks)).map((name) => join(checks, name));
    const sources = await Promise.all(
      [...files, 'src/doctor/examine.ts'].map((file) => readFile(file, 'utf8')),
    );
    const lines = sources.flatMap((text) => text.split('\n')).filter((line) => /\bcode: /.test(line));
    const all = lines.flatMap((line) => [...line.matchAll(/'([a-z-]+)'/g)].map(([, code]) => code!));
    const [page, tests] = await Promise.all(
      ['docs/doctor.md', 'test/doctor/findings.test.ts'].map((file) => readFile(file, 'utf8')),
    );
    expect(all.length).toBeGreaterThan(20);
    for (const code of all)
      expect([page!.includes(`\`${code}\``), tests!.includes(`${code}`)]).toEqual([true, true]);
  });
});
