import type { LineAddress } from '../address.js';
import type { Clock } from '../clock.js';
import type { GpioDriver } from '../contract.js';
import { HEADER_CHIPS } from '../drivers/special-lines.js';
import { HalError } from '../errors.js';
import type { Log } from '../log.js';
import type { ClimateMethod, ClimateModel, ClimateSensor } from './contract.js';
import { PacedSensor } from './paced.js';
import type { ClimateSource } from './source.js';

export interface ClimateSettings {
  readonly model: ClimateModel;
  /** Default `auto`. */
  readonly method?: ClimateMethod;
  /** The data line; needed by every method but `iio` and `mock`. */
  readonly line?: LineAddress;
  /** Who holds the line, as `greenlight gpio` shows it. */
  readonly consumer: string;
}

export interface ClimateDeps {
  readonly gpio: GpioDriver;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1): jitter of the retries and the mock's weather. */
  readonly random: () => number;
}

/**
 * Opens a sensor; nothing is read before the first measure.
 * @throws {HalError} HAL_ARGUMENT when the method needs a line and none is given; HAL_UNAVAILABLE when the method
 * cannot work here, with the reason and a method that can
 */
export async function openClimateSensor(
  settings: ClimateSettings,
  deps: ClimateDeps,
): Promise<ClimateSensor> {
  const asked = settings.method ?? 'auto';
  const method = asked === 'auto' ? await choose(deps.gpio) : asked;
  return new PacedSensor(await openSource(method, settings, deps), deps);
}

async function choose(gpio: GpioDriver): Promise<Exclude<ClimateMethod, 'auto'>> {
  if (gpio.capabilities.simulated) return 'mock';
  // Where the overlay is set up, the kernel holds the line, and nobody else can read it.
  const { findIioDevices } = await import('./iio.js');
  if ((await findIioDevices()).length > 0) return 'iio';
  return gpio.pulses ? 'edges' : 'node-dht-sensor';
}

async function openSource(
  method: Exclude<ClimateMethod, 'auto'>,
  settings: ClimateSettings,
  deps: ClimateDeps,
): Promise<ClimateSource> {
  const { gpio, clock, random } = deps;
  switch (method) {
    case 'mock': {
      const { mockSource } = await import('./mock.js');
      return mockSource({ clock, random, exposure: () => gpio.exposure?.(settings.consumer) });
    }
    case 'iio': {
      const { iioSource } = await import('./iio.js');
      return iioSource(settings.line === undefined ? undefined : (await gpio.resolve(settings.line)).offset);
    }
    case 'edges': {
      const { edgesSource } = await import('./edges.js');
      return edgesSource(gpio, { ...settings, line: requireLine(method, settings.line) });
    }
    case 'node-dht-sensor': {
      const identity = await gpio.resolve(requireLine(method, settings.line));
      if (!HEADER_CHIPS.includes(identity.chip)) {
        throw new HalError(
          'HAL_UNAVAILABLE',
          `node-dht-sensor reaches the 40-pin header only, not ${identity.chip}; use method: edges`,
        );
      }
      const { nodeDhtSource } = await import('./node-dht.js');
      return nodeDhtSource({ model: settings.model, gpio: identity.offset, clock });
    }
  }
}

function requireLine(method: ClimateMethod, line: LineAddress | undefined): LineAddress {
  if (line !== undefined) return line;
  throw new HalError('HAL_ARGUMENT', `method ${method} needs the sensor's data line; add line: GPIO4`);
}
