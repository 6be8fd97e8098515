import { describe, expect, it } from 'vitest';
import { MockBoard, MockDriver } from '../../hal/drivers/mock/index.js';
import { type DriverName, type GpioDriver, HalError, SILENT, VirtualClock } from '../../hal/index.js';
import { type DriverModule, openDriver } from '../../hal/registry.js';

const clock = new VirtualClock();
const deps = { clock, log: SILENT };

/** Drivers that start or fail as told; one that is not told works. */
function drivers(failures: Partial<Record<DriverName, Error>>): {
  load: (name: DriverName) => Promise<DriverModule>;
  loaded: DriverName[];
  stopped: DriverName[];
} {
  const loaded: DriverName[] = [];
  const stopped: DriverName[] = [];
  const load = async (name: DriverName): Promise<DriverModule> => {
    loaded.push(name);
    const failure = failures[name];
    if (failure !== undefined && 'code' in failure && failure.code === 'ERR_MODULE_NOT_FOUND') throw failure;
    const driver: GpioDriver = new MockDriver(new MockBoard({ clock }));
    if (failure !== undefined) {
      driver.start = () => Promise.reject(failure);
      driver.stop = async () => {
        stopped.push(name);
      };
    }
    return { createDriver: () => driver };
  };
  return { load, loaded, stopped };
}

function missing(name: string): Error {
  return Object.assign(new Error(`Cannot find package '${name}' imported from /app/hal/x.js`), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
}

describe('openDriver', () => {
  it('takes the first of chardev, onoff and pigpio that starts, and says why the others were passed over', async () => {
    const { load, loaded, stopped } = drivers({
      chardev: new HalError('HAL_UNAVAILABLE', 'there is no /dev/gpiochip0'),
      onoff: missing('onoff'),
    });
    const { considered } = await openDriver('auto', deps, { load });
    expect(considered).toEqual([
      { name: 'chardev', outcome: 'skipped', reason: 'there is no /dev/gpiochip0' },
      {
        name: 'onoff',
        outcome: 'skipped',
        reason: 'the optional package onoff is not installed (npm install onoff)',
      },
      { name: 'pigpio', outcome: 'chosen', reason: 'the first that works' },
      { name: 'mock', outcome: 'skipped', reason: 'only used when asked for by name' },
    ]);
    expect(loaded).toEqual(['chardev', 'onoff', 'pigpio']);
    expect(stopped).toEqual(['chardev']);
  });

  it('loads no more than it needs', async () => {
    const { load, loaded } = drivers({});
    const { considered } = await openDriver('auto', deps, { load });
    expect(loaded).toEqual(['chardev']);
    expect(considered.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['chardev', 'chosen'],
      ['onoff', 'skipped'],
      ['pigpio', 'skipped'],
      ['mock', 'skipped'],
    ]);
  });

  it('never falls back to the mock by itself: it says each reason and how to ask for it', async () => {
    const { load, loaded } = drivers({
      chardev: missing('koffi'),
      onoff: new HalError('HAL_UNAVAILABLE', 'this kernel has no /sys/class/gpio'),
      pigpio: new HalError('HAL_PERMISSION', 'pigpio needs root'),
    });
    await expect(openDriver('auto', deps, { load })).rejects.toMatchObject({
      code: 'HAL_UNAVAILABLE',
      message:
        'no GPIO driver works here (chardev: the optional package koffi is not installed (npm install koffi); onoff: this kernel has no /sys/class/gpio; pigpio: pigpio needs root). On a machine without GPIO lines use the mock board: hal: { driver: mock } or GREENLIGHT_HAL_DRIVER=mock',
    });
    expect(loaded).not.toContain('mock');
  });

  it('opens exactly the driver that is named, or says why not', async () => {
    const works = drivers({});
    const { considered } = await openDriver('onoff', deps, { load: works.load });
    expect(considered).toEqual([{ name: 'onoff', outcome: 'chosen', reason: 'asked for by name' }]);
    const broken = drivers({ onoff: new Error('boom') });
    await expect(openDriver('onoff', deps, { load: broken.load })).rejects.toMatchObject({
      code: 'HAL_UNAVAILABLE',
      message: 'the GPIO driver does not start: onoff: boom',
    });
    expect(broken.loaded).toEqual(['onoff']);
  });

  it('lets GREENLIGHT_HAL_DRIVER say what auto means, and nothing else', async () => {
    const env = { GREENLIGHT_HAL_DRIVER: 'mock' };
    const { load } = drivers({});
    const auto = await openDriver('auto', { ...deps, env }, { load });
    expect(auto.considered).toEqual([
      { name: 'mock', outcome: 'chosen', reason: 'asked for by GREENLIGHT_HAL_DRIVER' },
    ]);
    const named = await openDriver('pigpio', { ...deps, env }, { load });
    expect(named.considered[0]?.name).toBe('pigpio');
    const wrong = { ...deps, env: { GREENLIGHT_HAL_DRIVER: 'gpiozero' } };
    await expect(openDriver('auto', wrong, { load })).rejects.toMatchObject({ code: 'HAL_ARGUMENT' });
  });

  it('gives the real mock on the board of the caller, started', async () => {
    const board = new MockBoard({ clock });
    const { driver } = await openDriver('mock', { ...deps, mock: board });
    await driver.output('GPIO17', 'test', { initial: 'active' });
    expect(board.line('GPIO17').value).toBe('active');
    await driver.stop();
  });

  it('ends early when it is aborted', async () => {
    const { load, loaded } = drivers({});
    const signal = AbortSignal.abort(new Error('stopping'));
    await expect(openDriver('auto', deps, { load, signal })).rejects.toThrow('stopping');
    expect(loaded).toEqual([]);
  });
});
