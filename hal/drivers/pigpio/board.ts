import { readFileSync } from 'node:fs';
import { HalError } from '../../errors.js';

/** Where the kernel says which board this is. */
const MODEL_FILE = '/proc/device-tree/model';

export interface Board {
  /** `Raspberry Pi 4 Model B Rev 1.5`; empty where nothing says so. */
  readonly model: string;
  /** User id of the process; undefined on a system without. */
  readonly uid: number | undefined;
}

export function thisBoard(): Board {
  let model = '';
  try {
    model = readFileSync(MODEL_FILE, 'utf8').replace(/\0.*$/s, '');
  } catch {
    // A machine without a device tree is no Pi; the empty model says so.
  }
  return { model, uid: process.getuid?.() };
}

/** @throws {HalError} HAL_UNAVAILABLE on a board that the C library does not know; HAL_PERMISSION without root */
export function requireBoard({ model, uid }: Board): void {
  if (!/Raspberry Pi/.test(model)) {
    throw new HalError(
      'HAL_UNAVAILABLE',
      `pigpio works on a Raspberry Pi up to 4 only, this is ${model || 'no Pi'}; use the driver chardev, or mock on a laptop`,
    );
  }
  if (/Raspberry Pi (5|500)\b|Compute Module 5/.test(model)) {
    throw new HalError(
      'HAL_UNAVAILABLE',
      `pigpio does not know the ${model}: its lines are on another chip; use the driver chardev`,
    );
  }
  if (uid !== 0) {
    throw new HalError(
      'HAL_PERMISSION',
      'pigpio maps the hardware registers and needs root; run as root, or use the driver chardev, which needs the group gpio only',
    );
  }
}

/** Label that the kernel gives the header's chip of this board. */
export function chipLabel({ model }: Board): string {
  return /Raspberry Pi (4|400)\b|Compute Module 4/.test(model) ? 'pinctrl-bcm2711' : 'pinctrl-bcm2835';
}
