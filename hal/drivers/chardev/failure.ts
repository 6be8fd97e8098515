import type { LineIdentity } from '../../contract.js';
import { HalError } from '../../errors.js';
import { errnoName } from '../../ffi.js';
import { describe } from '../describe.js';

/** The error of a system call on a line, by its errno. */
export function lineFailure(line: LineIdentity, doing: string, errno: number): HalError {
  const name = errnoName(errno);
  const where = `${doing} line ${describe(line)}`;
  switch (name) {
    case 'EPERM':
    case 'EACCES':
      return new HalError('HAL_PERMISSION', `${where}: not permitted (${name}); the line is not an output`);
    case 'EINVAL':
    case 'ENOTSUP':
    case 'EOPNOTSUPP':
    case 'ENXIO':
    case 'errno 524': // ENOTSUPP, the kernel's own
      return new HalError(
        'HAL_UNSUPPORTED',
        `${where}: this chip cannot do what was asked (${name}); leave out bias, drive, debounce or edge, or wire the line to the header's own chip`,
      );
    case 'ENODEV':
      return new HalError('HAL_IO', `${where}: the chip is gone (${name})`);
    default:
      return new HalError('HAL_IO', `${where}: ${name}`);
  }
}

/** The error of opening a chip's device file. */
export function chipFailure(path: string, error: NodeJS.ErrnoException): HalError {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new HalError(
      'HAL_PERMISSION',
      `${path}: not permitted; add this user to the group that owns the file (on Raspberry Pi OS: "sudo usermod -aG gpio USER", then log in again)`,
      { cause: error },
    );
  }
  return new HalError('HAL_IO', `${path}: ${error.message}`, { cause: error });
}
