import type { Clock } from '../../clock.js';
import type { GpioDriver } from '../../contract.js';
import type { Log } from '../../log.js';
import { OnoffDriver } from './driver.js';

/** sysfs through the package onoff. Nothing is opened before start. */
export function createDriver(deps: { readonly clock: Clock; readonly log: Log }): GpioDriver {
  return new OnoffDriver(deps);
}
