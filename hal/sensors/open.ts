import type { LineAddress } from '../address.js';
import type { Clock } from '../clock.js';
import type { GpioDriver } from '../contract.js';
import { HalError } from '../errors.js';
import type { Log } from '../log.js';
import type { ClimateMethod, ClimateModel, ClimateSensor } from './contract.js';

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
  void deps;
  throw new HalError('HAL_UNAVAILABLE', `a ${settings.model} sensor cannot be read by this build`);
}
