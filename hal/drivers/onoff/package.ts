/** The one doorway to the package onoff. */
import type { Gpio } from 'onoff';
import { HalError, messageOf } from '../../errors.js';

/** What the driver uses of a line of onoff. */
export type OnoffGpio = Pick<Gpio, 'readSync' | 'writeSync' | 'watch' | 'unwatchAll' | 'unexport'>;

export type OnoffConstructor = new (
  gpio: number,
  direction: 'in' | 'high' | 'low',
  edge: 'none' | 'rising' | 'falling' | 'both' | undefined,
  options: { activeLow: boolean },
) => OnoffGpio;

/** @throws {HalError} HAL_UNAVAILABLE when the package, or its compiled part, is missing */
export async function loadOnoff(): Promise<OnoffConstructor> {
  try {
    return (await import('onoff')).Gpio as unknown as OnoffConstructor;
  } catch (cause) {
    throw new HalError(
      'HAL_UNAVAILABLE',
      `the optional package onoff cannot be loaded (${messageOf(cause).split('\n')[0]}); run "npm install onoff" with a compiler present, or use the driver chardev, which needs none`,
      { cause },
    );
  }
}
