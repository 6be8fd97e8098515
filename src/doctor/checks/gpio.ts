/** Chips, rights, lines and who else has them. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ROLES } from '../../../devices/index.js';
import { type GpioDriver, type LineAddress, messageOf } from '../../../hal/index.js';
import type { Config } from '../../config/model.js';
import { packageFolder } from '../../package.js';
import type { Check, Finding, Outside, Patient } from '../contract.js';
import { overlaysOf } from './overlays.js';
import { wantsGpio } from './runtime.js';

interface Wanted {
  readonly thing: string;
  readonly path: string;
  readonly address: LineAddress;
}

export const checkGpio: Check = async (patient) => {
  const { config, outside } = patient;
  if (!wantsGpio(config.things)) return [];
  const wanted = linesOf(config);
  const findings: Finding[] = [];
  if (config.hal.driver !== 'mock') {
    const rights = await checkChips(patient);
    findings.push(...rights, ...(await checkDriverFits(config, outside)));
    findings.push(...(await checkOverlays(wanted, outside)));
    if (rights.length > 0) return findings;
  }
  let driver: GpioDriver;
  try {
    driver = await outside.openGpio(config);
  } catch (error) {
    findings.push({
      code: 'driver-fails',
      severity: 'problem',
      message: `the GPIO driver ${config.hal.driver} does not start: ${messageOf(error)}`,
      mend: 'greenlight gpio lists every driver and why it cannot run here; on a laptop use hal: { driver: mock }',
    });
    return findings;
  }
  try {
    findings.push(...(await checkLines(wanted, driver, patient.running)));
  } finally {
    await driver.stop();
  }
  return findings;
};

async function checkChips({ outside }: Patient): Promise<readonly Finding[]> {
  const folder = join(outside.root, '/dev');
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^gpiochip\d+$/.test(name));
  if (names.length === 0)
    return [
      {
        code: 'no-chip',
        severity: 'problem',
        message:
          'there is no /dev/gpiochip*: this machine has no GPIO lines, or its kernel does not show them',
        mend: 'on a Raspberry Pi: sudo apt full-upgrade and reboot; on a laptop: hal: { driver: mock }',
      },
    ];
  const denied: Finding[] = [];
  for (const name of names) {
    const { mode, uid, gid } = await stat(join(folder, name));
    const may =
      outside.uid === 0 ||
      (uid === outside.uid && (mode & 0o600) === 0o600) ||
      (outside.groups.includes(gid) && (mode & 0o060) === 0o060) ||
      (mode & 0o006) === 0o006;
    if (may) continue;
    denied.push(
      (mode & 0o060) === 0o060 && gid !== 0
        ? {
            code: 'not-in-group',
            severity: 'problem',
            message: `this user is not in the group (${gid}) that may use /dev/${name}`,
            mend: 'sudo usermod -aG gpio "$USER", then log in again; for the unit: SupplementaryGroups=gpio',
          }
        : {
            code: 'udev-rule',
            severity: 'problem',
            message: `/dev/${name} is for root only: no udev rule gives it to group gpio`,
            mend: `sudo cp ${join(packageFolder(), 'systemd/60-greenlight.rules')} /etc/udev/rules.d/ && sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=gpio`,
          },
    );
  }
  // a second chip that is closed to us does no harm while one is open
  return denied.length < names.length ? [] : denied.slice(0, 1);
}

async function checkDriverFits(config: Config, outside: Outside): Promise<readonly Finding[]> {
  const { driver } = config.hal;
  const findings: Finding[] = [];
  const model = await text(outside, '/proc/device-tree/model');
  if (driver === 'pigpio' && /Raspberry Pi (5|500|Compute Module 5)/.test(model))
    findings.push({
      code: 'driver-board',
      severity: 'problem',
      message: `the driver pigpio does not know the chip of a ${model}`,
      mend: 'hal: { driver: chardev }; PWM there goes through the kernel (dtoverlay=pwm-2chan)',
    });
  else if (driver === 'pigpio' && outside.uid !== 0)
    findings.push({
      code: 'driver-needs-root',
      severity: 'problem',
      message: 'the driver pigpio maps the GPIO registers and needs root',
      mend: 'use greenlight-pigpio.service, or hal: { driver: chardev }',
    });
  if (driver === 'onoff') {
    const there = await stat(join(outside.root, '/sys/class/gpio/export')).then(
      () => true,
      () => false,
    );
    if (!there)
      findings.push({
        code: 'no-sysfs',
        severity: 'problem',
        message: 'the driver onoff needs /sys/class/gpio, which this kernel does not have',
        mend: 'hal: { driver: chardev }',
      });
    else if ((await headerBase(outside)) === undefined)
      findings.push({
        code: 'sysfs-base',
        severity: 'problem',
        message:
          "no chip in /sys/class/gpio carries the header (by its label): its lines' numbers cannot be told",
        mend: 'cat /sys/class/gpio/gpiochip*/label shows the chips; name lines by { chip: LABEL, offset: N }, or use hal: { driver: chardev }',
      });
  }
  return findings;
}

async function checkOverlays(wanted: readonly Wanted[], outside: Outside): Promise<readonly Finding[]> {
  const file =
    (await text(outside, '/boot/firmware/config.txt')) || (await text(outside, '/boot/config.txt'));
  return wanted.flatMap(({ thing, path, address }) => {
    const gpio =
      typeof address === 'string' ? Number(/^GPIO(\d+)$/.exec(address)?.[1] ?? Number.NaN) : Number.NaN;
    return overlaysOf(file)
      .filter(({ lines }) => lines.includes(gpio))
      .map(
        ({ setting }): Finding => ({
          code: 'overlay',
          severity: 'problem',
          message: `${thing}.${path} is GPIO${gpio}, which "${setting}" in config.txt gives to the kernel`,
          mend: `take "${setting}" out of config.txt and reboot, or wire ${thing} to another line`,
        }),
      );
  });
}

async function checkLines(
  wanted: readonly Wanted[],
  driver: GpioDriver,
  running: boolean,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const known = await driver.lines();
  for (const { thing, path, address } of wanted) {
    try {
      const at = await driver.resolve(address);
      const holder = known.find((line) => line.chip === at.chip && line.offset === at.offset)?.consumer;
      if (holder === undefined || running) continue;
      findings.push({
        code: 'line-held',
        severity: 'problem',
        message: `${thing}.${path} (${at.name || `${at.chip} ${at.offset}`}) is held by "${holder}"`,
        mend: `stop what calls itself "${holder}" (sudo lsof /dev/gpiochip* names the process; a kernel driver shows no process: see dtoverlay in config.txt), or use another line`,
      });
    } catch (error) {
      findings.push({
        code: 'line-unknown',
        severity: 'problem',
        message: `${thing}.${path}: ${messageOf(error)}`,
        mend: 'greenlight gpio lists the lines that there are; write GPIO17, J8:11 or { chip: LABEL, offset: N }',
      });
    }
  }
  return findings;
}

function linesOf(config: Config): readonly Wanted[] {
  return config.things.flatMap(({ name, role, options }) =>
    (role === undefined ? [] : (ROLES.get(role)?.lines(options) ?? [])).map(({ path, address }) => ({
      thing: name,
      path,
      address,
    })),
  );
}

async function headerBase(outside: Outside): Promise<number | undefined> {
  const folder = '/sys/class/gpio';
  for (const name of await readdir(join(outside.root, folder)).catch(() => [])) {
    const label = (await text(outside, `${folder}/${name}/label`)).trim();
    if (/^pinctrl-(rp1|bcm2711|bcm2835)$/.test(label))
      return Number(await text(outside, `${folder}/${name}/base`));
  }
  return undefined;
}

/** Empty where there is no such file. */
async function text(outside: Outside, path: string): Promise<string> {
  return readFile(join(outside.root, path), 'utf8').then(
    (found) => found.replaceAll('\0', ''),
    () => '',
  );
}
