/**
 * GPIO chips as sysfs shows them (Documentation/admin-guide/gpio/sysfs.rst). A line's number there is the chip's base
 * plus its offset; the base moves between kernels (458, 512 and 970 have been seen), so it is read, never assumed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HalError } from '../../errors.js';
import { HEADER_CHIPS } from '../special-lines.js';

export const SYSFS_ROOT = '/sys/class/gpio';

export interface SysfsChip {
  /** `gpiochip458`. */
  readonly name: string;
  readonly label: string;
  readonly base: number;
  readonly lines: number;
}

export interface SysfsLineState {
  readonly direction: 'input' | 'output' | 'unknown';
  readonly activeLow: boolean;
  /** Somebody exported the line; sysfs does not tell who. */
  readonly exported: boolean;
}

/** @throws {HalError} HAL_UNAVAILABLE when the kernel has no sysfs GPIO, or no chip in it */
export function findChips(root = SYSFS_ROOT): readonly SysfsChip[] {
  if (!existsSync(join(root, 'export'))) {
    throw new HalError(
      'HAL_UNAVAILABLE',
      `this kernel has no ${root} (newer ones dropped it, and a laptop may have none); the driver chardev works on kernels from 5.10, the driver mock everywhere`,
    );
  }
  const chips = readdirSync(root)
    .filter((name) => /^gpiochip\d+$/.test(name))
    .map((name) => {
      const read = (file: string): string => readFileSync(join(root, name, file), 'utf8').trim();
      return { name, label: read('label'), base: Number(read('base')), lines: Number(read('ngpio')) };
    });
  if (chips.length === 0) throw new HalError('HAL_UNAVAILABLE', `${root} shows no GPIO chip`);
  return chips.sort((a, b) => a.base - b.base);
}

/** sysfs has no line names; on the header's chip the offset is the GPIO number. */
export function lineName(chip: SysfsChip, offset: number): string {
  return HEADER_CHIPS.includes(chip.label) ? `GPIO${offset}` : '';
}

export function lineState(number: number, root = SYSFS_ROOT): SysfsLineState {
  const folder = join(root, `gpio${number}`);
  if (!existsSync(folder)) return { direction: 'unknown', activeLow: false, exported: false };
  const direction = readFileSync(join(folder, 'direction'), 'utf8').trim();
  return {
    direction: direction === 'out' ? 'output' : 'input',
    activeLow: readFileSync(join(folder, 'active_low'), 'utf8').trim() === '1',
    exported: true,
  };
}
