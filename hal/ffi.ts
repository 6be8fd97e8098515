/**
 * The one doorway to C: functions of the process's own libraries (ioctl, poll, sendto) called through koffi, without
 * a compiler.
 */
import { constants } from 'node:os';
import { HalError, messageOf } from './errors.js';

/** A watched descriptor. Closing is idempotent; after it the callback is not called again. */
export interface Watch {
  close(): void;
}

export interface Ffi {
  /**
   * A function of the C library, declared as C would: `int socket(int, int, int)`. Use `int64_t` for `ssize_t`.
   * A variadic function may be declared with the arguments that it is called with (the calling conventions of x86-64
   * and Arm pass them alike). A Buffer passes as `void*`.
   */
  cFunction(prototype: string): (...args: unknown[]) => unknown;
  /** A function of another shared library, by file name. @throws {HalError} HAL_UNAVAILABLE when it is missing */
  libraryFunction(library: string, prototype: string): (...args: unknown[]) => unknown;
  /** The errno of the last call. Read it before anything else is called. */
  errno(): number;
  /**
   * Calls back whenever `fd` is readable, on the event loop and without a thread; an open watch keeps the process
   * alive like any other handle. The callback must not throw: koffi would end the watch without a word.
   */
  watchReadable(fd: number, onReadable: () => void): Watch;
}

/**
 * Loads koffi.
 * @throws {HalError} HAL_UNAVAILABLE when the package has no binary for this machine, or was not installed
 */
export async function loadFfi(): Promise<Ffi> {
  let koffi: typeof import('koffi');
  try {
    koffi = (await import('koffi')).default as unknown as typeof import('koffi');
  } catch (cause) {
    throw new HalError(
      'HAL_UNAVAILABLE',
      `the optional package koffi cannot be loaded on ${process.platform}-${process.arch} (${messageOf(cause)}); ` +
        'run "npm ci" without --omit=optional, or use the driver onoff on a Pi Zero or 1, which koffi has no binary for',
      { cause },
    );
  }
  const libc = koffi.load(null);
  return {
    cFunction: (prototype) => libc.func(prototype),
    libraryFunction: (library, prototype) => {
      try {
        return koffi.load(library).func(prototype);
      } catch (cause) {
        throw new HalError('HAL_UNAVAILABLE', `${library}: ${messageOf(cause)}`, { cause });
      }
    },
    errno: () => koffi.errno(),
    watchReadable: (fd, onReadable) => {
      const handle = koffi.node.poll(fd, { readable: true }, onReadable);
      let open = true;
      return {
        close: () => {
          if (!open) return;
          open = false;
          handle.close();
        },
      };
    },
  };
}

/** `EBUSY` for 16; `errno 999` for one without a name. */
export function errnoName(errno: number): string {
  for (const [name, number] of Object.entries(constants.errno)) if (number === errno) return name;
  return `errno ${errno}`;
}
