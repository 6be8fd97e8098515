/**
 * The system calls that the driver makes, as a port: the kernel stands behind it (kernel.ts), or in tests a simulated
 * one. Calls that the kernel answers from memory are synchronous; none of them waits.
 */
import type { Watch } from '../../ffi.js';

export interface GpioUapi {
  /** Paths of the chips' device files; empty where there are none. */
  chipPaths(): readonly string[];
  /** @throws {NodeJS.ErrnoException} as open(2) */
  open(path: string): number;
  close(fd: number): void;
  /** @returns 0, or the errno of the failure */
  ioctl(fd: number, request: number, argument: Buffer): number;
  /** Reads whole events that wait. @returns bytes read, 0 when none wait @throws {NodeJS.ErrnoException} as read(2) */
  readEvents(fd: number, into: Buffer): number;
  /** Calls back while events wait. The callback must not throw. */
  watch(fd: number, onReadable: () => void): Watch;
}
