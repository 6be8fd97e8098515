import {
  type DriverName,
  type GpioDriver,
  type LineAddress,
  SILENT,
  SystemClock,
} from '../../../hal/index.js';
import { openDriver } from '../../../hal/registry.js';

export type Board = 'raspi3b' | 'virt';

/** Lines that the tests may use. The first of the Pi carries PWM; line 3 of the other board is its power key. */
export const FREE: Readonly<Record<Board, readonly LineAddress[]>> = {
  raspi3b: ['GPIO18', 'GPIO17', 'GPIO27'],
  virt: [0, 1, 2].map((offset) => ({ chip: '9030000.pl061', offset })),
};

export function boardOf(argument: string | undefined): Board {
  if (argument === 'raspi3b' || argument === 'virt') return argument;
  throw new Error(`"${argument}" is no board of the rig`);
}

export async function startDriver(name: DriverName): Promise<GpioDriver> {
  const { driver } = await openDriver(name, { clock: new SystemClock(), log: SILENT });
  return driver;
}
