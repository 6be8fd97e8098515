import type { LineIdentity } from '../../contract.js';
import { HalError } from '../../errors.js';
import { errnoName } from '../../ffi.js';
import { describe } from '../describe.js';
import type { Chips } from './chips.js';
import { lineFailure } from './failure.js';
import {
  encodeLineConfig,
  encodeLineRequest,
  IOCTL,
  type LineConfig,
  type LineRequest,
  requestedFd,
} from './layout.js';
import type { GpioUapi } from './uapi.js';

/** Takes lines from the kernel and changes what they are. */
export class Requests {
  constructor(
    private readonly uapi: GpioUapi,
    private readonly chips: Chips,
  ) {}

  /** @returns the line's descriptor @throws {HalError} HAL_LINE_BUSY with the holder's name, or as lineFailure */
  take(line: LineIdentity, request: Omit<LineRequest, 'offset'>): number {
    const bytes = encodeLineRequest({ ...request, offset: line.offset });
    const errno = this.uapi.ioctl(this.chips.fdOf(line), IOCTL.LINE_REQUEST, bytes);
    if (errno === 0) return requestedFd(bytes);
    if (errnoName(errno) !== 'EBUSY') throw lineFailure(line, 'taking', errno);
    const holder = this.chips.holder(line);
    throw new HalError(
      'HAL_LINE_BUSY',
      `line ${describe(line)} is held by ${holder === undefined ? 'someone the kernel does not name' : `"${holder}"`}; ` +
        (holder === 'sysfs'
          ? `end that use ("echo N > /sys/class/gpio/unexport") or choose another line`
          : 'end that program or overlay, or choose another line'),
    );
  }

  /** Changes a held line in place; the line is not free in between. */
  configure(line: LineIdentity, fd: number, config: LineConfig): void {
    const errno = this.uapi.ioctl(fd, IOCTL.SET_CONFIG, encodeLineConfig(config));
    if (errno !== 0) throw lineFailure(line, 'changing', errno);
  }
}
