import type { LineAddress } from '../address.js';
import type { GpioDriver, PulseCapture } from '../contract.js';
import { HalError } from '../errors.js';
import type { ClimateModel } from './contract.js';
import { decodeTrain, FALLING_EDGES } from './dht/train.js';
import type { ClimateSource } from './source.js';

/** Time in ms that the host holds the line low to wake the sensor: at least 18 for a DHT11, 1 for a DHT22. */
const WAKE_MS: Readonly<Record<ClimateModel, number>> = { dht11: 20, dht22: 2 };
/** A whole answer takes 5 ms. */
const ANSWER_MS = 100;

export interface EdgesSettings {
  readonly model: ClimateModel;
  readonly line: LineAddress;
  readonly consumer: string;
}

/** A DHT read through the driver's edge timestamps: no busy loop, no root, no native code. */
export async function edgesSource(gpio: GpioDriver, settings: EdgesSettings): Promise<ClimateSource> {
  const pulses = requirePulses(gpio);
  const { model, line, consumer } = settings;
  const identity = await gpio.resolve(line);
  const name = `${model} on ${identity.name || identity.offset} (edges)`;
  return {
    name,
    read: async () => {
      const edges = await pulses.capture(line, {
        consumer,
        driveMs: WAKE_MS[model],
        edge: 'falling',
        bias: 'pull-up',
        count: FALLING_EDGES,
        timeoutMs: ANSWER_MS,
      });
      const result = decodeTrain(edges, model);
      if (!result.ok) throw new HalError('HAL_SENSOR', result.message);
      return { temperatureC: result.temperatureC, humidityPercent: result.humidityPercent };
    },
    // The line is held only while it is read.
    close: async () => {},
  };
}

function requirePulses(gpio: GpioDriver): PulseCapture {
  if (gpio.pulses) return gpio.pulses;
  throw new HalError(
    'HAL_UNAVAILABLE',
    `the driver ${gpio.name} cannot capture pulses; use hal: { driver: chardev }, or method: iio with dtoverlay=dht11`,
  );
}
