import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OnoffDriver } from '../../../hal/drivers/onoff/driver.js';
import { createDriver } from '../../../hal/drivers/onoff/index.js';
import { loadOnoff } from '../../../hal/drivers/onoff/package.js';
import { findChips } from '../../../hal/drivers/onoff/sysfs.js';
import { type EdgeEvent, type Log, SILENT, SystemClock, VirtualClock } from '../../../hal/index.js';
import { KernelPwm } from '../../../hal/pwm/kernel.js';
import { describeGpioDriver } from '../../contract/gpio-driver.js';
import { FakeSysfs } from './fake-sysfs.js';

const folder = mkdtempSync(join(tmpdir(), 'greenlight-sysfs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

async function bench(base = 512) {
  const clock = new VirtualClock();
  const sysfs = new FakeSysfs(join(folder, String(count++)));
  sysfs.addChip(base, 'pinctrl-bcm2835', 54);
  sysfs.addChip(base - 8, 'raspberrypi-exp-gpio', 8);
  const logged: string[] = [];
  const log: Log = { ...SILENT, warn: (_, message) => logged.push(message) };
  const pwm = new KernelPwm({ clock, root: '/nonexistent' });
  const driver = new OnoffDriver({ clock, log, root: sysfs.root, load: async () => sysfs.Gpio, pwm });
  await driver.start(new AbortController().signal);
  return { clock, sysfs, driver, logged };
}

describeGpioDriver('onoff on a sysfs of files', async () => {
  const { clock, sysfs, driver } = await bench();
  const numberOf = (line: unknown) => 512 + Number(/\d+/.exec(String(line))?.[0]);
  return {
    driver,
    free: ['GPIO17', 'GPIO27', 'GPIO22'],
    pass: (ms) => clock.advance(ms),
    drive: async (line, level) => sysfs.set(numberOf(line), level === 'high' ? 1 : 0),
    observe: async (line) => (sysfs.level(numberOf(line)) === 1 ? 'high' : 'low'),
    close: () => driver.stop(),
  };
});

describe('onoff', () => {
  it.each([458, 512, 970])('finds GPIO17 where the chip begins at %i', async (base) => {
    const { driver, sysfs } = await bench(base);
    const line = await driver.output('J8:11', 'lamp', { initial: 'active' });
    expect(existsSync(sysfs.exported(base + 17))).toBe(true);
    expect(sysfs.level(base + 17)).toBe(1);
    await line.close();
    expect(existsSync(sysfs.exported(base + 17))).toBe(false);
  });

  it('takes the initial level and the direction in one step, electrical for an active-low line', async () => {
    const { driver, sysfs } = await bench();
    await driver.output('GPIO17', 'relay', { initial: 'active', activeLow: true });
    expect(sysfs.level(529)).toBe(0);
    await driver.output('GPIO27', 'relay', { initial: 'inactive', activeLow: true });
    expect(sysfs.level(539)).toBe(1);
  });

  it('takes over a line that a killed process left exported, and says so', async () => {
    const { driver, sysfs, logged } = await bench();
    mkdirSync(sysfs.exported(529));
    for (const [file, text] of [
      ['direction', 'out'],
      ['active_low', '0'],
    ] as const) {
      writeFileSync(join(sysfs.exported(529), file), text);
    }
    expect((await driver.lines()).find((line) => line.name === 'GPIO17')?.consumer).toBe('sysfs');
    await driver.output('GPIO17', 'lamp', { initial: 'inactive' });
    expect(logged.join()).toMatch(/exported already/);
  });

  it('says that a line is busy, or that a setting needs another driver', async () => {
    const { driver, sysfs } = await bench();
    sysfs.busy.add(529);
    await expect(driver.input('GPIO17', 'button')).rejects.toMatchObject({ code: 'HAL_LINE_BUSY' });
    await expect(driver.input('GPIO27', 'button', { bias: 'pull-up' })).rejects.toThrow(/chardev/);
    await expect(driver.output('GPIO27', 'x', { initial: 'active', drive: 'open-drain' })).rejects.toThrow(
      /chardev/,
    );
  });

  it('leaves a gap in the sequence when sysfs merged edges', async () => {
    const { driver, sysfs, clock } = await bench();
    const input = await driver.input('GPIO5', 'button');
    const events: EdgeEvent[] = [];
    input.onEdge((event) => events.push(event));
    sysfs.merge(517, [1]);
    sysfs.merge(517, [0, 1]);
    sysfs.merge(517, [0]);
    await clock.advance(1);
    expect(events.map((each) => [each.edge, each.sequence])).toEqual([
      ['rising', 1],
      ['falling', 4],
    ]);
  });

  it('takes a first wake-up without a change for none', async () => {
    const { driver, sysfs, clock } = await bench();
    const input = await driver.input('GPIO5', 'button');
    const events: EdgeEvent[] = [];
    input.onEdge((event) => events.push(event));
    sysfs.merge(517, [0]);
    sysfs.merge(517, [1]);
    await clock.advance(1);
    expect(events.map((each) => [each.edge, each.sequence])).toEqual([['rising', 1]]);
  });

  it('lets a bouncing contact through once, also when sysfs merged its first edges', async () => {
    const { driver, sysfs, clock } = await bench();
    const input = await driver.input('GPIO5', 'button', { debounceMs: 20 });
    const events: EdgeEvent[] = [];
    input.onEdge((event) => events.push(event));
    sysfs.merge(517, [1, 0]);
    sysfs.merge(517, [1]);
    await clock.advance(30);
    expect(events.map((each) => each.edge)).toEqual(['rising']);
  });

  it('refuses a kernel without sysfs, and names the driver that works', () => {
    expect(() => findChips('/nonexistent')).toThrow(/chardev/);
  });

  it('loads the real package, and starts or says why not', async () => {
    expect(await loadOnoff()).toBeTypeOf('function');
    const driver = createDriver({ clock: new SystemClock(), log: SILENT });
    try {
      await driver.start(new AbortController().signal);
      expect((await driver.chips()).length).toBeGreaterThan(0);
    } catch (error) {
      expect(error).toMatchObject({ code: 'HAL_UNAVAILABLE' });
    } finally {
      await driver.stop();
    }
  });
});
