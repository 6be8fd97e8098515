import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';
import type { Ffi } from '../../ffi.js';
import type { GpioUapi } from './uapi.js';

/** fcntl(2) command and flag, alike on every Linux that Node supports here. */
const F_SETFL = 4;

/** The real kernel behind the port. */
export function kernelUapi(ffi: Ffi, devices = '/dev'): GpioUapi {
  const ioctl = ffi.cFunction('int ioctl(int, unsigned long, void*)');
  const fcntl = ffi.cFunction('int fcntl(int, int, int)');
  return {
    chipPaths: () =>
      readdirSync(devices)
        .filter((name) => /^gpiochip\d+$/.test(name))
        .sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)))
        .map((name) => `${devices}/${name}`),
    open: (path) => openSync(path, constants.O_RDWR),
    close: (fd) => closeSync(fd),
    ioctl: (fd, request, argument) => (ioctl(fd, request, argument) === -1 ? ffi.errno() : 0),
    readEvents: (fd, into) => {
      try {
        return readSync(fd, into);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
        throw error;
      }
    },
    watch: (fd, onReadable) => {
      // Line descriptors come blocking; a read of one without events would stop the whole process.
      fcntl(fd, F_SETFL, constants.O_NONBLOCK);
      return ffi.watchReadable(fd, onReadable);
    },
  };
}
