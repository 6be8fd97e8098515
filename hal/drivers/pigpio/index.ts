import type { Clock } from '../../clock.js';
import type { GpioDriver } from '../../contract.js';
import type { Log } from '../../log.js';
import { PigpioDriver } from './driver.js';

/** The pigpio C library. Nothing is loaded before start. */
export function createDriver(deps: { readonly clock: Clock; readonly log: Log }): GpioDriver {
  return new PigpioDriver(deps);
}
