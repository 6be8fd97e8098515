import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LineIdentity, SystemClock } from '../../../hal/index.js';
import { KernelPwm } from '../../../hal/pwm/kernel.js';
import { servoOverPwm } from '../../../hal/pwm/servo.js';

const GPIO18: LineIdentity = { chip: 'pinctrl-bcm2711', offset: 18, name: 'GPIO18' };
const GPIO19: LineIdentity = { chip: 'pinctrl-rp1', offset: 19, name: 'GPIO19' };

let root: string;
let pwm: KernelPwm;

/** A folder like /sys/class/pwm: chips are links to devices. A channel's files are there as if exported. */
async function addChip(name: string, device: string, channels: readonly number[]): Promise<string> {
  const folder = join(root, 'devices', device, 'pwm', name);
  for (const channel of channels) {
    await mkdir(join(folder, `pwm${channel}`), { recursive: true });
    for (const file of ['duty_cycle', 'period', 'polarity', 'enable']) {
      await writeFile(join(folder, `pwm${channel}`, file), '');
    }
  }
  for (const file of ['export', 'unexport']) await writeFile(join(folder, file), '');
  await symlink(folder, join(root, 'class', name));
  return folder;
}

function read(folder: string, file: string): Promise<string> {
  return readFile(join(folder, file), 'utf8');
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenlight-pwm-'));
  await mkdir(join(root, 'class'));
  pwm = new KernelPwm({ clock: new SystemClock(), root: join(root, 'class') });
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('PWM of the kernel', () => {
  it('finds the chip by its device, not by its number, and the channel by the line', async () => {
    await addChip('pwmchip0', 'platform/leds', [0, 1]);
    const header = await addChip('pwmchip2', 'platform/soc/fe20c000.pwm', [0, 1]);
    const pi5 = await addChip('pwmchip4', 'platform/axi/1f00098000.pwm', [3]);
    const lamp = await pwm.open(GPIO18, 'lamp', { frequencyHz: 1_000, duty: 0.25 });
    expect(await read(header, 'export')).toBe('0');
    expect(await read(header, 'pwm0/period')).toBe('1000000');
    expect(await read(header, 'pwm0/duty_cycle')).toBe('250000');
    expect(await read(header, 'pwm0/enable')).toBe('1');
    await lamp.setDuty(1);
    expect(await read(header, 'pwm0/duty_cycle')).toBe('1000000');
    await pwm.open(GPIO19, 'fan', { frequencyHz: 25_000, duty: 0.5, activeLow: true });
    expect(await read(pi5, 'pwm3/period')).toBe('40000');
    expect(await read(pi5, 'pwm3/polarity')).toBe('inversed');
  });

  it('writes duties in call order and switches off when closed', async () => {
    const folder = await addChip('pwmchip0', 'platform/soc/3f20c000.pwm', [0]);
    const line = await pwm.open(GPIO18, 'lamp', { frequencyHz: 100, duty: 0 });
    await Promise.all([0.1, 0.9, 0.3, 0.7].map((duty) => line.setDuty(duty)));
    expect(await read(folder, 'pwm0/duty_cycle')).toBe('7000000');
    await line.close();
    await line.close();
    expect(await read(folder, 'pwm0/enable')).toBe('0');
    expect(await read(folder, 'unexport')).toBe('0');
    await expect(line.setDuty(0.5)).rejects.toMatchObject({ code: 'HAL_CLOSED' });
    await (await pwm.open(GPIO18, 'again', { frequencyHz: 100, duty: 0 })).close();
  });

  it('says what is missing: the hardware, the overlay, the holder, the range', async () => {
    expect(await pwm.available()).toBe(false);
    const settings = { frequencyHz: 100, duty: 0 };
    const plain = { chip: 'pinctrl-bcm2711', offset: 17, name: 'GPIO17' };
    await expect(pwm.open(plain, 'lamp', settings)).rejects.toMatchObject({ code: 'HAL_UNSUPPORTED' });
    await expect(pwm.open(GPIO18, 'lamp', settings)).rejects.toMatchObject({
      code: 'HAL_UNAVAILABLE',
      message: expect.stringContaining('dtoverlay=pwm,pin=18,func=2'),
    });
    await addChip('pwmchip0', 'platform/soc/3f20c000.pwm', [0]);
    expect(await pwm.available()).toBe(true);
    await expect(pwm.open(GPIO18, 'lamp', { frequencyHz: 0.5, duty: 0 })).rejects.toMatchObject({
      code: 'HAL_ARGUMENT',
    });
    await pwm.open(GPIO18, 'lamp', settings);
    await expect(pwm.open({ ...GPIO18, offset: 12 }, 'fan', settings)).rejects.toMatchObject({
      code: 'HAL_LINE_BUSY',
      message: expect.stringContaining('"lamp"'),
    });
  });

  it('drives a servo at 50 Hz with pulses of 500 to 2500 µs', async () => {
    const folder = await addChip('pwmchip0', 'platform/soc/3f20c000.pwm', [0]);
    const servo = await servoOverPwm(pwm, GPIO18, 'arm');
    expect(await read(folder, 'pwm0/period')).toBe('20000000');
    await servo.setPulseWidth(1_500);
    expect(await read(folder, 'pwm0/duty_cycle')).toBe('1500000');
    await servo.setPulseWidth(0);
    expect(await read(folder, 'pwm0/duty_cycle')).toBe('0');
    await expect(servo.setPulseWidth(2_600)).rejects.toMatchObject({ code: 'HAL_ARGUMENT' });
  });
});
