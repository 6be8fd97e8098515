/** The one doorway to the package pigpio. */
import { createRequire } from 'node:module';
import { HalError, messageOf } from '../../errors.js';

/** What the driver uses of a line of pigpio. Ranges are those of the C library. */
export interface PigpioGpio {
  /** 0 input, 1 output. */
  mode(mode: 0 | 1): unknown;
  /** 0..7; 0 input, 1 output, the rest alternate functions. */
  getMode(): number;
  /** 0 off, 1 down, 2 up. */
  pullUpDown(pud: 0 | 1 | 2): unknown;
  digitalRead(): number;
  digitalWrite(level: 0 | 1): unknown;
  /** Hz; the library takes the nearest that its sample rate allows. */
  pwmFrequency(hz: number): unknown;
  /** 25..40000 */
  pwmRange(range: number): unknown;
  /** 0..range */
  pwmWrite(duty: number): unknown;
  /** 0, or 500..2500 µs */
  servoWrite(us: number): unknown;
  /** 0..300000 µs */
  glitchFilter(us: number): unknown;
  enableAlert(): unknown;
  disableAlert(): unknown;
  on(event: 'alert', listener: (level: number, tick: number) => void): unknown;
  removeAllListeners(event: 'alert'): unknown;
}

export interface Pigpio {
  readonly Gpio: new (gpio: number) => PigpioGpio;
  initialize(): void;
  terminate(): void;
  hardwareRevision(): number;
  /** µs since boot, 32 bits; wraps after 71.6 minutes. */
  getTick(): number;
  configureInterfaces(flags: number): unknown;
}

/** Flags of configureInterfaces: no FIFO, no socket. */
export const NO_INTERFACES = 1 | 2;

/** @throws {HalError} HAL_UNAVAILABLE when the package or the C library is missing */
export function loadPigpio(): Pigpio {
  const { warn } = console;
  let pigpio: Pigpio;
  try {
    // Without its library the package prints a page of warnings while it is loaded; one sentence of ours says it.
    console.warn = () => {};
    pigpio = createRequire(import.meta.url)('pigpio') as Pigpio;
  } catch (cause) {
    throw unavailable(
      `the optional package pigpio cannot be loaded (${messageOf(cause).split('\n')[0]})`,
      cause,
    );
  } finally {
    console.warn = warn;
  }
  try {
    pigpio.hardwareRevision();
  } catch (cause) {
    throw unavailable(
      'the pigpio C library is not installed (on Raspberry Pi OS: "sudo apt install libpigpio-dev", then "npm rebuild pigpio")',
      cause,
    );
  }
  return pigpio;
}

function unavailable(why: string, cause: unknown): HalError {
  return new HalError('HAL_UNAVAILABLE', `${why}; the driver chardev works without it`, { cause });
}
