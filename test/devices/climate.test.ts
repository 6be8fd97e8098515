import { describe, expect, it } from 'vitest';
import { climate, climateRole } from '../../devices/climate.js';
import { HalError, type JsonObject, VirtualClock } from '../../hal/index.js';
import type { ClimateReading, ClimateSensor } from '../../hal/sensors/index.js';
import { effectiveOptions, makeRole, type RoleRig } from './rig.js';

/** A sensor whose next measurement the test decides. */
class PlayedSensor implements ClimateSensor {
  readonly name = 'played';
  last: ClimateReading | undefined;
  next: { temperatureC: number; humidityPercent: number } | Error | 'hang' = {
    temperatureC: 20,
    humidityPercent: 50,
  };
  measurements = 0;
  closed = false;

  constructor(private readonly clock: VirtualClock) {}

  async measure(signal: AbortSignal): Promise<ClimateReading> {
    this.measurements++;
    if (this.next instanceof Error) throw this.next;
    if (this.next === 'hang') {
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    this.last = { ...this.next, at: this.clock.now(), quality: 'good' };
    return this.last;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

async function makeClimate(options: JsonObject = {}): Promise<RoleRig & { sensor: PlayedSensor }> {
  const clock = new VirtualClock();
  const sensor = new PlayedSensor(clock);
  const rig = await makeRole(
    climateRole(async () => sensor),
    { thing: 'Shed', options: { method: 'mock', ...options }, clock },
  );
  await clock.advance(0);
  return { ...rig, sensor };
}

const START = new VirtualClock().now();

describe('climate', () => {
  it('measures at once, reports and publishes', async () => {
    const { role, neighbours, changes } = await makeClimate();
    expect(role.state()).toEqual({
      temperatureC: 20,
      humidityPercent: 50,
      measuredAt: START,
      quality: 'good',
    });
    expect(neighbours.published).toEqual([
      {
        topic: 'climate/Shed',
        payload: { thing: 'Shed', temperatureC: 20, humidityPercent: 50, at: START, quality: 'good' },
      },
    ]);
    expect(changes.count).toBe(1);
  });

  it('tells a steady climate at the interval, and measures more often', async () => {
    const { neighbours, clock, sensor } = await makeClimate({ sample: '10s', every: '60s' });
    await clock.advance(185_000);
    expect(neighbours.payloads.map((payload) => (Number(payload.at) - START) / 1_000)).toEqual([
      0, 60, 120, 180,
    ]);
    expect(sensor.measurements).toBe(19);
  });

  it.each([
    ['temperature', { temperatureC: 20.5, humidityPercent: 50 }],
    ['humidity', { temperatureC: 20, humidityPercent: 53 }],
  ])('tells a change of %s beyond its step at once', async (_, next) => {
    const { neighbours, clock, sensor } = await makeClimate();
    sensor.next = { temperatureC: 20.4, humidityPercent: 51 };
    await clock.advance(20_000);
    expect(neighbours.published).toHaveLength(1);
    sensor.next = next;
    await clock.advance(10_000);
    expect(neighbours.payloads.at(-1)).toMatchObject(next);
    expect(neighbours.published).toHaveLength(2);
  });

  it('never tells an old number as new: nulls after staleAfter, once, and values again when they come', async () => {
    const { role, neighbours, clock, sensor, faults } = await makeClimate({ staleAfter: '2m' });
    sensor.next = new HalError('HAL_SENSOR', 'checksum error');
    await clock.advance(119_000);
    expect(role.state()).toMatchObject({ temperatureC: 20, measuredAt: START });
    expect(neighbours.published).toHaveLength(1);
    await clock.advance(300_000);
    expect(role.state()).toEqual({ quality: 'stale' });
    expect(neighbours.payloads.slice(1)).toEqual([
      { thing: 'Shed', temperatureC: null, humidityPercent: null, at: START + 120_000, quality: 'stale' },
    ]);
    expect(faults).toMatchObject([{ code: 'HAL_SENSOR', message: 'checksum error' }]);
    sensor.next = { temperatureC: 21, humidityPercent: 40 };
    await clock.advance(10_000);
    expect(role.state()).toMatchObject({ temperatureC: 21, quality: 'good' });
    expect(faults.at(-1)).toBeUndefined();
  });

  it('never has two measurements under way, and stops in the middle of one', async () => {
    const { role, clock, sensor } = await makeClimate();
    sensor.next = 'hang';
    await clock.advance(60_000);
    expect(sensor.measurements).toBe(2);
    await role.stop();
    expect(sensor.closed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('claims its line as one that is pulsed, if the method needs it', () => {
    const claims = (options: JsonObject) => climate.lines(effectiveOptions(climate, options) as never);
    expect(claims({ line: 'GPIO4' })).toEqual([{ path: 'line', address: 'GPIO4', direction: 'pulse' }]);
    expect(claims({ line: 'GPIO4', method: 'iio' })).toEqual([]);
  });

  it.each([
    [{}, ['line']],
    [{ line: 'GPIO4' }, []],
    [{ method: 'mock' }, []],
    [{ method: 'mock', sample: '1s' }, ['sample']],
    [{ method: 'mock', sample: '1m', staleAfter: '1m' }, ['staleAfter']],
  ])('finds in %j the problems %j', (options, paths) => {
    const problems = climate.check?.(effectiveOptions(climate, options) as never);
    expect(problems?.map((problem) => problem.path)).toEqual(paths);
  });

  it('passes on why a sensor cannot be opened', async () => {
    const broken = climateRole(async () => {
      throw new HalError('HAL_UNAVAILABLE', 'no IIO device');
    });
    const { role } = await makeRole(broken, { options: { method: 'iio' }, start: false });
    await expect(role.start(new AbortController().signal)).rejects.toMatchObject({ code: 'HAL_UNAVAILABLE' });
    await role.stop();
  });
});
