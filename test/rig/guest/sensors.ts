/** `sensors.js`: what is said of a sensor that is not there, by the kernel's driver and by ours. */
import assert from 'node:assert/strict';
import { SILENT, SystemClock } from '../../../hal/index.js';
import { findIioDevices } from '../../../hal/sensors/iio.js';
import { type ClimateSettings, openClimateSensor } from '../../../hal/sensors/index.js';
import { startDriver } from './lines.js';

const gpio = await startDriver('chardev');
const deps = { gpio, clock: new SystemClock(), log: SILENT, random: Math.random };

async function refusal(settings: ClimateSettings): Promise<{ code: string; message: string }> {
  const sensor = await openClimateSensor(settings, deps);
  try {
    const reading = await sensor.measure(AbortSignal.timeout(60_000));
    assert.fail(`a sensor that is not there gave ${JSON.stringify(reading)}`);
  } catch (error) {
    assert.equal(sensor.last, undefined);
    return error as { code: string; message: string };
  } finally {
    await sensor.close();
  }
}

const devices = await findIioDevices();
assert.equal(devices.length, 1, 'the kernel has no dht11 device');
const byKernel = await refusal({ model: 'dht22', consumer: 'rig', line: 'GPIO4' });
assert.equal(byKernel.code, 'HAL_SENSOR');
assert.match(byKernel.message, /\(iio\).*ETIMEDOUT/);
console.log(byKernel.message);

const held = await refusal({ model: 'dht22', method: 'edges', consumer: 'rig', line: 'GPIO4' });
assert.equal(held.code, 'HAL_LINE_BUSY');
assert.match(held.message, /dht11/);
console.log(held.message);

const silent = await refusal({ model: 'dht22', method: 'edges', consumer: 'rig', line: 'GPIO5' });
assert.equal(silent.code, 'HAL_SENSOR');
assert.match(silent.message, /did not answer/);
console.log(silent.message);
process.exit(0);
