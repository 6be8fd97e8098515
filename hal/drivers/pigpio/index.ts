import type { GpioDriver } from '../../contract.js';
import { HalError } from '../../errors.js';

export function createDriver(): GpioDriver {
  throw new HalError('HAL_UNAVAILABLE', 'the pigpio driver is not part of this build');
}
