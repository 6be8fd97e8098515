import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { IOCTL, SIZE } from '../../hal/drivers/chardev/layout.js';
import { errnoName, loadFfi } from '../../hal/ffi.js';

describe('calls into the C library', () => {
  it('passes buffers and tells the errno', async () => {
    const ffi = await loadFfi();
    const ioctl = ffi.cFunction('int ioctl(int, unsigned long, void*)');
    const fd = openSync('/dev/null', 'r');
    try {
      expect(ioctl(fd, IOCTL.CHIP_INFO, Buffer.alloc(SIZE.CHIP_INFO))).toBe(-1);
      expect(errnoName(ffi.errno())).toBe('ENOTTY');
    } finally {
      closeSync(fd);
    }
    expect(errnoName(constants.errno.EBUSY)).toBe('EBUSY');
    expect(errnoName(999)).toBe('errno 999');
  });

  it('watches a descriptor on the event loop until it is closed', async () => {
    const ffi = await loadFfi();
    const pipe = ffi.cFunction('int pipe(void*)');
    const ends = Buffer.alloc(8);
    expect(pipe(ends)).toBe(0);
    const [readEnd, writeEnd] = [ends.readInt32LE(0), ends.readInt32LE(4)];
    let calls = 0;
    const first = new Promise<void>((resolve) => {
      const watch = ffi.watchReadable(readEnd, () => {
        calls += 1;
        readSync(readEnd, Buffer.alloc(16));
        watch.close();
        watch.close();
        resolve();
      });
    });
    writeSync(writeEnd, 'x');
    await first;
    writeSync(writeEnd, 'y');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(calls).toBe(1);
    closeSync(readEnd);
    closeSync(writeEnd);
  });

  it('names a library that is missing', async () => {
    const ffi = await loadFfi();
    expect(() => ffi.libraryFunction('libno-such-thing.so', 'int f()')).toThrow(/no-such-thing/);
  });
});
