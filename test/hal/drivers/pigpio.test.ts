import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { requireBoard } from '../../../hal/drivers/pigpio/board.js';
import { PigpioDriver } from '../../../hal/drivers/pigpio/driver.js';
import { createDriver } from '../../../hal/drivers/pigpio/index.js';
import { loadPigpio } from '../../../hal/drivers/pigpio/package.js';
import { retakeSignals, type SignalTarget } from '../../../hal/drivers/pigpio/signals.js';
import { type EdgeEvent, SILENT, SystemClock, VirtualClock } from '../../../hal/index.js';
import { GPIO_CASES, unmet } from '../../contract/gpio-driver-cases.js';
import { RecordingPigpio } from './recording-pigpio.js';

const PI4 = { model: 'Raspberry Pi 4 Model B Rev 1.5', uid: 0 };
/** A tick that wraps within the first second. */
const TICK_ORIGIN = 2 ** 32 - 500_000;

async function bench() {
  const clock = new VirtualClock();
  const pigpio = new RecordingPigpio(() => TICK_ORIGIN + Number(clock.monotonicNs() / 1000n));
  const driver = new PigpioDriver({ clock, log: SILENT, load: () => pigpio, board: () => PI4 });
  await driver.start(new AbortController().signal);
  return { clock, pigpio, driver };
}

describe('GPIO driver: pigpio on a recording double', () => {
  // The double has no glitch filter in it; the library's own is what those cases would test.
  for (const each of GPIO_CASES.filter((candidate) => !/debounce/.test(candidate.title))) {
    it(each.title, async ({ skip }) => {
      const { clock, pigpio, driver } = await bench();
      const gpioOf = (line: unknown) => Number(/\d+/.exec(String(line))?.[0]);
      const rig = {
        driver,
        free: ['GPIO17', 'GPIO27', 'GPIO22'],
        pass: (ms: number) => clock.advance(ms),
        drive: async (line: unknown, level: 'high' | 'low' | undefined) =>
          pigpio.drive(gpioOf(line), level === 'high' ? 1 : 0),
        observe: async (line: unknown) =>
          pigpio.state(gpioOf(line)).level === 1 ? ('high' as const) : ('low' as const),
        close: () => driver.stop(),
      };
      const reason = unmet(rig, each.needs);
      if (reason !== undefined) return skip(reason);
      try {
        await each.run(rig);
      } finally {
        await rig.close();
      }
    });
  }
});

describe('pigpio', () => {
  it('is initialised once without its network port, and terminated once, after the lines', async () => {
    const { pigpio, driver } = await bench();
    await driver.start(new AbortController().signal);
    await driver.output('GPIO17', 'red', { initial: 'inactive', safe: 'active' });
    await driver.output('GPIO22', 'green', { initial: 'active' });
    await driver.stop();
    await driver.stop();
    expect(pigpio.calls).toEqual([
      'configureInterfaces 3',
      'initialize',
      'GPIO17 digitalWrite 0',
      'GPIO17 mode 1',
      'GPIO22 digitalWrite 1',
      'GPIO22 mode 1',
      'GPIO22 digitalWrite 0',
      'GPIO17 digitalWrite 1',
      'terminate',
    ]);
  });

  it('gives the library only arguments within its ranges', async () => {
    const { pigpio, driver } = await bench();
    const lamp = await driver.pwm('GPIO18', 'lamp', { frequencyHz: 800, duty: 1 / 3 });
    await lamp.setDuty(0.9999);
    await lamp.close();
    const servo = await driver.servo('GPIO12', 'arm');
    await servo.setPulseWidth(1_499.6);
    await servo.close();
    expect(pigpio.calls.slice(2)).toEqual([
      'GPIO18 pwmFrequency 800',
      'GPIO18 pwmRange 1000',
      'GPIO18 pwmWrite 333',
      'GPIO18 pwmWrite 1000',
      'GPIO18 pwmWrite 0',
      'GPIO12 servoWrite 1500',
      'GPIO12 servoWrite 0',
    ]);
    for (const frequencyHz of [9, 8_001, Number.NaN]) {
      await expect(driver.pwm('GPIO18', 'lamp', { frequencyHz, duty: 0 })).rejects.toMatchObject({
        code: 'HAL_ARGUMENT',
      });
    }
  });

  it('filters glitches itself up to 300 ms, beyond that in software', async () => {
    const { clock, pigpio, driver } = await bench();
    await driver.input('GPIO5', 'button', { debounceMs: 20, bias: 'pull-up' });
    expect(pigpio.calls).toContain('GPIO5 glitchFilter 20000');
    expect(pigpio.calls).toContain('GPIO5 pullUpDown 2');
    const slow = await driver.input('GPIO6', 'float switch', { debounceMs: 1_000 });
    expect(pigpio.calls).toContain('GPIO6 glitchFilter 0');
    const events: EdgeEvent[] = [];
    slow.onEdge((event) => events.push(event));
    for (const level of [1, 0, 1] as const) pigpio.drive(6, level);
    await clock.advance(1_100);
    expect(events).toHaveLength(1);
  });

  it('keeps timestamps monotonic over the wrap of the tick, to the microsecond', async () => {
    const { clock, pigpio, driver } = await bench();
    const input = await driver.input('GPIO5', 'counter');
    const events: EdgeEvent[] = [];
    input.onEdge((event) => events.push(event));
    await clock.advance(499);
    pigpio.drive(5, 1);
    await clock.advance(2);
    pigpio.drive(5, 0);
    // Two more wraps without an edge.
    await clock.advance(2 * 4_294_967.296);
    pigpio.drive(5, 1);
    const [a, b, c] = events.map((event) => event.timestampNs);
    expect(b! - a!).toBe(2_000_000n);
    expect(c! - b!).toBe(8_589_934_592_000n);
  });

  it('refuses in one sentence that names the driver that works', () => {
    const refusal = (model: string, uid: number) => {
      try {
        requireBoard({ model, uid });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(refusal('Raspberry Pi 5 Model B Rev 1.0', 0)).toMatch(/Raspberry Pi 5.*chardev/);
    expect(refusal('Raspberry Pi Compute Module 5 Rev 1.0', 0)).toMatch(/chardev/);
    expect(refusal('', 0)).toMatch(/no Pi.*chardev/);
    expect(refusal(PI4.model, 1000)).toMatch(/root.*chardev/);
    expect(refusal('Raspberry Pi Zero W Rev 1.1', 0)).toBe('');
    expect(refusal(PI4.model, 0)).toBe('');
  });

  it('loads the real package without its page of warnings, and says in one sentence what is missing', () => {
    const { warn } = console;
    const printed: unknown[] = [];
    console.warn = (...words: unknown[]) => printed.push(...words);
    try {
      expect(loadPigpio()).toHaveProperty('Gpio');
    } catch (error) {
      expect(error).toMatchObject({ code: 'HAL_UNAVAILABLE' });
      expect((error as Error).message).toMatch(/C library.*chardev works without it$/s);
      expect((error as Error).message).not.toContain('\n');
    } finally {
      console.warn = warn;
    }
    expect(printed).toEqual([]);
  });

  it('does not start on this machine unless it is a Pi', async () => {
    const driver = createDriver({ clock: new SystemClock(), log: SILENT });
    try {
      await driver.start(new AbortController().signal);
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^HAL_(UNAVAILABLE|PERMISSION)$/) });
      expect((error as Error).message).toMatch(/chardev/);
    } finally {
      await driver.stop();
    }
  });

  it('takes signals back with their listeners in order, once-listeners included', () => {
    const installed: string[] = [];
    const target = new EventEmitter();
    target.on('newListener', (name) => installed.push(String(name)));
    const heard: string[] = [];
    target.on('SIGTERM', () => heard.push('first'));
    target.once('SIGTERM', () => heard.push('once'));
    target.on('SIGINT', () => heard.push('int'));
    target.on('message', () => {});
    installed.length = 0;
    retakeSignals(target as unknown as SignalTarget);
    expect(installed).toEqual(['SIGTERM', 'SIGTERM', 'SIGINT']);
    target.emit('SIGTERM');
    target.emit('SIGTERM');
    expect(heard).toEqual(['first', 'once', 'first']);
  });
});
