import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { MockBoard } from '../../../hal/drivers/mock/board.js';
import { MockDriver } from '../../../hal/drivers/mock/driver.js';
import { HalError, SILENT, VirtualClock } from '../../../hal/index.js';
import { encodeFrame } from '../../../hal/sensors/dht/frame.js';
import { encodeTrain } from '../../../hal/sensors/dht/train.js';
import { iioSource } from '../../../hal/sensors/iio.js';
import { openClimateSensor } from '../../../hal/sensors/index.js';
import { nodeDhtSource } from '../../../hal/sensors/node-dht.js';
import { PacedSensor } from '../../../hal/sensors/paced.js';
import type { ClimateSource } from '../../../hal/sensors/source.js';

const NEVER = new AbortController().signal;
const random = () => 0.5;

/** A source that answers from a list and writes down when it was asked. */
function scripted(clock: VirtualClock, answers: readonly (number | Error)[]) {
  const asked: number[] = [];
  const source: ClimateSource = {
    name: 'scripted',
    read: async () => {
      asked.push(Number(clock.monotonicNs() / 1_000_000n));
      const answer = answers[asked.length - 1] ?? new HalError('HAL_SENSOR', 'nothing more');
      if (answer instanceof Error) throw answer;
      return { temperatureC: answer, humidityPercent: 50 };
    },
    close: async () => {},
  };
  return { sensor: new PacedSensor(source, { clock, log: SILENT, random }), asked };
}

const bad = () => new HalError('HAL_SENSOR', 'checksum');

describe('a sensor at its pace', () => {
  it('leaves two seconds between reads, and serves calls one after another', async () => {
    const clock = new VirtualClock();
    const { sensor, asked } = scripted(clock, [1, 2, 3]);
    const readings = Promise.all([sensor.measure(NEVER), sensor.measure(NEVER), sensor.measure(NEVER)]);
    await clock.advance(10_000);
    expect((await readings).map((each) => each.temperatureC)).toEqual([1, 2, 3]);
    expect(asked).toEqual([0, 2_000, 4_000]);
  });

  it('repeats a failed try at most twice and marks the reading', async () => {
    const clock = new VirtualClock();
    const { sensor, asked } = scripted(clock, [bad(), bad(), 21]);
    const reading = sensor.measure(NEVER);
    await clock.advance(10_000);
    expect(await reading).toMatchObject({ temperatureC: 21, quality: 'retried', at: 1_790_000_004_500 });
    expect(asked).toEqual([0, 2_250, 4_500]);
  });

  it('never gives an old number as new', async () => {
    const clock = new VirtualClock();
    const { sensor, asked } = scripted(clock, [21, bad(), bad(), bad(), 22]);
    const first = await sensor.measure(NEVER);
    expect(first.quality).toBe('good');
    const second = sensor.measure(NEVER);
    second.catch(() => {});
    await clock.advance(20_000);
    await expect(second).rejects.toMatchObject({
      code: 'HAL_SENSOR',
      message: expect.stringContaining('checksum'),
    });
    expect(asked).toHaveLength(4);
    expect(sensor.last).toBe(first);
    expect(clock.now() - sensor.last!.at).toBe(20_000);
  });

  it('does not repeat what cannot get better', async () => {
    const clock = new VirtualClock();
    const { sensor, asked } = scripted(clock, [new HalError('HAL_LINE_BUSY', 'held by "w1"'), 21]);
    await expect(sensor.measure(NEVER)).rejects.toMatchObject({ code: 'HAL_LINE_BUSY' });
    expect(asked).toHaveLength(1);
  });

  it('ends a measurement when it is aborted or the sensor is closed, and leaves no timer', async () => {
    const clock = new VirtualClock();
    const { sensor } = scripted(clock, [bad(), 21]);
    const abort = new AbortController();
    const aborted = sensor.measure(abort.signal);
    aborted.catch(() => {});
    await clock.advance(1);
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const closed = sensor.measure(NEVER);
    closed.catch(() => {});
    await clock.advance(1);
    await sensor.close();
    await sensor.close();
    await expect(closed).rejects.toMatchObject({ code: 'HAL_CLOSED' });
    await expect(sensor.measure(NEVER)).rejects.toMatchObject({ code: 'HAL_CLOSED' });
    expect(clock.pending).toBe(0);
  });
});

describe('a DHT on a board', () => {
  it('is woken, answers, and is decoded from the edges', async () => {
    const clock = new VirtualClock();
    const board = new MockBoard({ clock });
    const driver = new MockDriver(board);
    await driver.start(NEVER);
    const values = { temperatureC: -10.1, humidityPercent: 99.9 };
    board.attachPulses('GPIO4', (_, request) =>
      request.driveMs >= 1 ? encodeTrain(encodeFrame(values, 'dht22')) : undefined,
    );
    const sensor = await openClimateSensor(
      { model: 'dht22', method: 'edges', line: 'GPIO4', consumer: 'weather' },
      { gpio: driver, clock, log: SILENT, random },
    );
    const reading = sensor.measure(NEVER);
    await clock.advance(1_000);
    expect(await reading).toMatchObject({ ...values, quality: 'good' });
    board.attachPulses('GPIO4', () => undefined);
    const lost = sensor.measure(NEVER);
    lost.catch(() => {});
    await clock.advance(20_000);
    await expect(lost).rejects.toThrow(/did not answer/);
    await sensor.close();
  });

  it('is made up on a simulated driver, unless asked otherwise', async () => {
    const clock = new VirtualClock();
    const driver = new MockDriver(new MockBoard({ clock }));
    await driver.start(NEVER);
    const deps = { gpio: driver, clock, log: SILENT, random };
    const sensor = await openClimateSensor({ model: 'dht22', consumer: 'weather' }, deps);
    expect(sensor.name).toMatch(/mock/);
    const { temperatureC, humidityPercent } = await sensor.measure(NEVER);
    expect(temperatureC).toBeGreaterThan(16);
    expect(temperatureC).toBeLessThan(26);
    expect(humidityPercent).toBeGreaterThan(30);
    await expect(
      openClimateSensor({ model: 'dht22', method: 'edges', consumer: 'weather' }, deps),
    ).rejects.toMatchObject({ code: 'HAL_ARGUMENT' });
  });
});

describe('the kernel’s dht11 driver', () => {
  let root = '';
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function device(number: number, name: string, files: Record<string, string>): Promise<void> {
    const folder = join(root, `iio:device${number}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'name'), `${name}\n`);
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  }

  it('is found by its name and line, and read in thousandths', async () => {
    root = await mkdtemp(join(tmpdir(), 'greenlight-iio-'));
    await device(0, 'adc', {});
    await device(1, 'dht11@4', { in_temp_input: '21300\n', in_humidityrelative_input: '45600\n' });
    await device(2, 'dht11@11', { in_temp_input: '-10100\n', in_humidityrelative_input: '99900\n' });
    expect(await (await iioSource(undefined, root)).read(NEVER)).toEqual({
      temperatureC: 21.3,
      humidityPercent: 45.6,
    });
    const second = await iioSource(17, root);
    expect(second.name).toBe('dht11@11 (iio)');
    expect((await second.read(NEVER)).temperatureC).toBe(-10.1);
  });

  it('gives no reading, and says so, when the file does not hold one', async () => {
    root = await mkdtemp(join(tmpdir(), 'greenlight-iio-'));
    await expect(iioSource(4, root)).rejects.toMatchObject({
      code: 'HAL_UNAVAILABLE',
      message: expect.stringContaining('dtoverlay=dht11'),
    });
    await device(0, 'dht11', { in_temp_input: '' });
    const source = await iioSource(4, root);
    await expect(source.read(NEVER)).rejects.toMatchObject({ code: 'HAL_SENSOR' });
  });
});

describe('node-dht-sensor in a process of its own', () => {
  const child = {
    path: fileURLToPath(new URL('../../../hal/sensors/node-dht-child.ts', import.meta.url)),
    execArgv: ['--import', 'tsx'],
  };

  it('reads the real package in its own test mode', async () => {
    const source = nodeDhtSource({
      model: 'dht22',
      gpio: 4,
      child,
      clock: new VirtualClock(),
      fake: { temperatureC: 21.3, humidityPercent: 60.5 },
    });
    try {
      for (let n = 0; n < 2; n += 1) {
        expect(await source.read(NEVER)).toEqual({ temperatureC: 21.3, humidityPercent: 60.5 });
      }
    } finally {
      await source.close();
    }
  });

  it('turns a crash and a hang there into an error here, and starts anew', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenlight-dht-'));
    const program = join(folder, 'child.mjs');
    try {
      await writeFile(program, `process.on('message', () => process.kill(process.pid, 'SIGSEGV'))`);
      const clock = new VirtualClock();
      const settings = { model: 'dht11', gpio: 4, child: { path: program }, clock } as const;
      const crashing = nodeDhtSource(settings);
      await expect(crashing.read(NEVER)).rejects.toMatchObject({
        code: 'HAL_SENSOR',
        message: expect.stringContaining('SIGSEGV'),
      });
      await writeFile(
        program,
        `process.on('message', ({ id }) => process.send({ id, values: { temperatureC: 1, humidityPercent: 2 } }))`,
      );
      expect(await crashing.read(NEVER)).toEqual({ temperatureC: 1, humidityPercent: 2 });
      await crashing.close();
      await writeFile(program, `process.on('message', () => { for (;;); })`);
      const hanging = nodeDhtSource(settings);
      const hung = expect(hanging.read(NEVER)).rejects.toMatchObject({
        code: 'HAL_SENSOR',
        message: expect.stringContaining('no answer within 10 s'),
      });
      await clock.advance(10_000);
      await hung;
      await writeFile(
        program,
        `process.on('message', ({ id }) => process.send({ id, values: { temperatureC: 3, humidityPercent: 4 } }))`,
      );
      expect(await hanging.read(NEVER)).toEqual({ temperatureC: 3, humidityPercent: 4 });
      await hanging.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
