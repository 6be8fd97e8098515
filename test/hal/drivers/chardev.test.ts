import { describe, expect, it } from 'vitest';
import { ChardevDriver } from '../../../hal/drivers/chardev/driver.js';
import { createDriver } from '../../../hal/drivers/chardev/index.js';
import { FLAG, IOCTL } from '../../../hal/drivers/chardev/layout.js';
import { type EdgeEvent, type Log, SILENT, SystemClock, VirtualClock } from '../../../hal/index.js';
import { KernelPwm } from '../../../hal/pwm/kernel.js';
import { describeGpioDriver } from '../../contract/gpio-driver.js';
import { SimulatedKernel } from './simulated-kernel.js';

const LABEL = 'pinctrl-bcm2711';
/** As a mainline kernel names them: some by function. */
const NAMES = Array.from({ length: 54 }, (_, n) => (n === 4 ? 'GPIO_GCLK' : n === 14 ? 'TXD0' : `GPIO${n}`));

interface Bench {
  readonly clock: VirtualClock;
  readonly kernel: SimulatedKernel;
  readonly driver: ChardevDriver;
  readonly logged: string[];
}

async function bench(chips = [{ label: LABEL, names: NAMES }]): Promise<Bench> {
  const clock = new VirtualClock();
  const kernel = new SimulatedKernel(clock, chips);
  const logged: string[] = [];
  const log: Log = { ...SILENT, warn: (_, message) => logged.push(message), error: (_, m) => logged.push(m) };
  const driver = new ChardevDriver({
    clock,
    log,
    uapi: kernel,
    pwm: new KernelPwm({ clock, root: '/nonexistent' }),
  });
  await driver.start(new AbortController().signal);
  return { clock, kernel, driver, logged };
}

describeGpioDriver('chardev on a simulated kernel', async () => {
  const { clock, kernel, driver } = await bench();
  return {
    driver,
    free: ['GPIO17', 'GPIO27', 'GPIO22'],
    pass: (ms) => clock.advance(ms),
    drive: async (line, level) => {
      const { offset } = await driver.resolve(line);
      kernel.drive(LABEL, offset, level === undefined ? undefined : level === 'high' ? 1 : 0);
    },
    observe: async (line) => {
      const number = Number(/\d+/.exec(String(line))?.[0]);
      return kernel.level(LABEL, number) === 1 ? 'high' : 'low';
    },
    close: () => driver.stop(),
  };
});

describe('chardev: lines', () => {
  it('finds a header line by position, and by GPIO number where the kernel names it by function', async () => {
    const { driver } = await bench();
    expect(await driver.resolve('J8:11')).toEqual({ chip: LABEL, offset: 17, name: 'GPIO17' });
    expect(await driver.resolve('GPIO4')).toEqual({ chip: LABEL, offset: 4, name: 'GPIO4' });
    expect(await driver.resolve('TXD0')).toMatchObject({ offset: 14 });
  });

  it('prefers the header where two chips have a line of that name', async () => {
    const { driver } = await bench([
      { label: 'expander', names: ['GPIO17', 'A'] },
      { label: LABEL, names: NAMES },
      { label: 'second', names: ['A'] },
    ]);
    expect((await driver.resolve('GPIO17')).chip).toBe(LABEL);
    await expect(driver.resolve('A')).rejects.toMatchObject({
      code: 'HAL_ARGUMENT',
      message: expect.stringContaining('{ chip: second, offset: 0 }'),
    });
  });

  it('names the nearest lines, or says how to address lines without names', async () => {
    const named = await bench();
    await expect(named.driver.resolve('GPIO71')).rejects.toThrow(/GPIO17|GPIO1/);
    const nameless = await bench([{ label: '9030000.pl061', names: ['', '', ''] }]);
    await expect(nameless.driver.resolve('GPIO1')).rejects.toThrow(/9030000\.pl061 \(3 lines\)/);
  });

  it('finds lines of a chip that was plugged in later, and forgets those of one that was unplugged', async () => {
    const { driver, kernel } = await bench();
    await expect(driver.resolve('RELAY1')).rejects.toMatchObject({ code: 'HAL_LINE_UNKNOWN' });
    kernel.plug({ label: 'usb-relay', names: ['RELAY0', 'RELAY1'] });
    expect(await driver.resolve('RELAY1')).toEqual({ chip: 'usb-relay', offset: 1, name: 'RELAY1' });
    expect(await driver.chips()).toHaveLength(2);
    kernel.unplug('usb-relay');
    expect((await driver.lines()).every((line) => line.chip === LABEL)).toBe(true);
    await expect(driver.resolve('RELAY1')).rejects.toMatchObject({ code: 'HAL_LINE_UNKNOWN' });
  });

  it('puts the initial value, polarity, drive and bias into the request itself', async () => {
    const { driver, kernel } = await bench();
    await driver.output('GPIO17', 'lamp', {
      initial: 'active',
      activeLow: true,
      drive: 'open-drain',
      bias: 'pull-up',
    });
    expect(kernel.level(LABEL, 17)).toBe(0);
    expect(kernel.flags(LABEL, 17)).toBe(FLAG.OUTPUT | FLAG.ACTIVE_LOW | FLAG.OPEN_DRAIN | FLAG.PULL_UP);
    expect(kernel.calls.get(IOCTL.SET_VALUES)).toBeUndefined();
  });

  it('says who holds a line, also when that is the kernel or sysfs', async () => {
    const { driver, kernel } = await bench();
    kernel.hold(LABEL, 4, 'dht11@4');
    kernel.hold(LABEL, 24, 'sysfs');
    kernel.hold(LABEL, 25, '');
    const take = (line: string) => driver.input(line, 'button');
    await expect(take('GPIO4')).rejects.toMatchObject({
      code: 'HAL_LINE_BUSY',
      message: expect.stringContaining('"dht11@4"'),
    });
    await expect(take('GPIO24')).rejects.toThrow(/unexport/);
    await expect(take('GPIO25')).rejects.toThrow(/"the kernel"|does not name/);
  });

  it('warns when a line with another function is taken, and lists that function', async () => {
    const { driver, logged } = await bench();
    await driver.output('GPIO17', 'lamp', { initial: 'inactive' });
    expect(logged).toEqual([]);
    await driver.output('GPIO14', 'lamp', { initial: 'inactive' });
    expect(logged.join()).toMatch(/UART/);
    expect((await driver.lines())[14]?.special).toMatch(/UART/);
  });

  it('stops with the lamps that end dark first and leaves no descriptor open', async () => {
    const { driver, kernel } = await bench();
    const order: string[] = [];
    const red = await driver.output('GPIO17', 'red', { initial: 'inactive', safe: 'active' });
    const green = await driver.output('GPIO22', 'green', { initial: 'active' });
    const { close } = kernel;
    kernel.close = (fd) => {
      order.push(`${kernel.level(LABEL, 17)}${kernel.level(LABEL, 22)}`);
      close.call(kernel, fd);
    };
    await driver.stop();
    expect(order.slice(0, 2)).toEqual(['00', '10']);
    expect(kernel.descriptors).toBe(0);
    await expect(red.write('inactive')).rejects.toMatchObject({ code: 'HAL_CLOSED' });
    await expect(green.read()).rejects.toMatchObject({ code: 'HAL_CLOSED' });
  });
});

describe('chardev: edges', () => {
  it('reports a gap when more edges came than the kernel keeps', async () => {
    const { driver, kernel, clock, logged } = await bench();
    const input = await driver.input('GPIO5', 'counter');
    const events: EdgeEvent[] = [];
    input.onEdge((event) => events.push(event));
    for (let n = 0; n < 300; n += 1) kernel.drive(LABEL, 5, n % 2 === 0 ? 1 : 0);
    await clock.advance(1);
    expect(events).toHaveLength(256);
    expect(events[0]?.sequence).toBe(45);
    expect(events.at(-1)?.sequence).toBe(300);
    expect(logged.join()).toMatch(/some are lost/);
  });

  it('keeps back an edge that waits in the kernel when the listener comes', async () => {
    const { driver, kernel, clock } = await bench();
    const input = await driver.input('GPIO5', 'button');
    kernel.drive(LABEL, 5, 1);
    const events: EdgeEvent[] = [];
    input.onEdge((event) => events.push(event));
    kernel.drive(LABEL, 5, 0);
    await clock.advance(1);
    expect(events.map((event) => [event.edge, event.sequence])).toEqual([['falling', 2]]);
  });

  it('keeps delivering to the others when a listener throws', async () => {
    const { driver, kernel, clock, logged } = await bench();
    const input = await driver.input('GPIO5', 'button');
    let seen = 0;
    input.onEdge(() => {
      throw new Error('listener');
    });
    input.onEdge(() => {
      seen += 1;
    });
    kernel.drive(LABEL, 5, 1);
    await clock.advance(1);
    kernel.drive(LABEL, 5, 0);
    await clock.advance(1);
    expect(seen).toBe(2);
    expect(logged).toHaveLength(2);
  });

  it('tells its listeners when the line can give no more edges', async () => {
    const { driver, kernel, clock } = await bench();
    const input = await driver.input('GPIO5', 'button');
    const errors: Error[] = [];
    input.onError((error) => errors.push(error));
    kernel.breakEvents();
    await clock.advance(1);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: 'HAL_IO' });
  });

  it('reads a chip without interrupts, but refuses edges on it', async () => {
    const { driver } = await bench([{ label: 'pcf8574', names: ['IN0', 'IN1'], interrupts: false } as never]);
    const input = await driver.input('IN0', 'switch');
    expect(await input.read()).toBe('inactive');
    expect(() => input.onEdge(() => {})).toThrow(/no interrupts/);
    await expect(driver.input('IN1', 'button', { edge: 'both' })).rejects.toMatchObject({
      code: 'HAL_UNSUPPORTED',
    });
  });

  it('captures a pulse train: drives, releases in place, and collects the edges', async () => {
    const { driver, kernel, clock } = await bench();
    const capture = driver.pulses.capture('GPIO6', {
      consumer: 'dht22',
      driveMs: 20,
      edge: 'falling',
      bias: 'pull-up',
      count: 3,
      timeoutMs: 100,
    });
    await clock.advance(10);
    expect(kernel.flags(LABEL, 6) & FLAG.OUTPUT).toBeTruthy();
    expect(kernel.level(LABEL, 6)).toBe(0);
    await clock.advance(11);
    expect(kernel.flags(LABEL, 6)).toBe(FLAG.INPUT | FLAG.PULL_UP | FLAG.EDGE_FALLING);
    for (let n = 0; n < 3; n += 1) {
      kernel.drive(LABEL, 6, 0);
      await clock.advance(1);
      kernel.drive(LABEL, 6, undefined);
    }
    const edges = await capture;
    expect(edges.map((each) => each.edge)).toEqual(['falling', 'falling', 'falling']);
    expect(edges[1]!.timestampNs - edges[0]!.timestampNs).toBe(1_000_000n);
    expect(kernel.calls.get(IOCTL.LINE_REQUEST)).toBe(1);
  });
});

describe('chardev: where it cannot run', () => {
  it('says that there is no chip', async () => {
    const clock = new VirtualClock();
    const driver = new ChardevDriver({ clock, log: SILENT, uapi: new SimulatedKernel(clock, []) });
    await expect(driver.start(new AbortController().signal)).rejects.toMatchObject({
      code: 'HAL_UNAVAILABLE',
      message: expect.stringContaining('mock'),
    });
  });

  it('asks for the group when the device may not be opened', async () => {
    const clock = new VirtualClock();
    const kernel = new SimulatedKernel(clock, [{ label: LABEL, names: NAMES }]);
    kernel.open = () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    };
    const driver = new ChardevDriver({ clock, log: SILENT, uapi: kernel });
    await expect(driver.start(new AbortController().signal)).rejects.toMatchObject({
      code: 'HAL_PERMISSION',
      message: expect.stringContaining('usermod -aG gpio'),
    });
  });

  it('starts on this machine or says in one sentence why not', async () => {
    const driver = createDriver({ clock: new SystemClock(), log: SILENT });
    try {
      await driver.start(new AbortController().signal);
      expect((await driver.chips()).length).toBeGreaterThan(0);
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^HAL_(UNAVAILABLE|PERMISSION)$/) });
    } finally {
      await driver.stop();
    }
  });
});
