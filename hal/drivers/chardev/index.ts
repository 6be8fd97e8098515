import type { Clock } from '../../clock.js';
import type { GpioDriver } from '../../contract.js';
import type { Log } from '../../log.js';
import { ChardevDriver } from './driver.js';

/** The kernel's GPIO uAPI v2. Nothing is opened before start. */
export function createDriver(deps: { readonly clock: Clock; readonly log: Log }): GpioDriver {
  return new ChardevDriver(deps);
}
