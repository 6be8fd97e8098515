import { HalError, messageOf } from '../errors.js';

/** The error of a PWM file. */
export function pwmFailure(path: string, cause: unknown): HalError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EPERM') {
    return new HalError(
      'HAL_PERMISSION',
      `${path}: not permitted; install the udev rule that gives PWM to the group gpio (systemd/)`,
      { cause },
    );
  }
  return new HalError('HAL_IO', `${path}: ${messageOf(cause)}`, { cause });
}
