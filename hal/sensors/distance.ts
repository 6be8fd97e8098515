/** What an ultrasonic distance sensor is (HC-SR04 and its kin): how far away the nearest thing before it is, just now. */
import type { LineAddress } from '../address.js';
import type { Clock } from '../clock.js';
import type { GpioDriver } from '../contract.js';
import { HalError } from '../errors.js';

export interface DistanceReading {
  /** Undefined: nothing within reach. */
  readonly distanceCm: number | undefined;
  /** When it was measured, milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A sensor that is taken: its lines are held until it is closed. */
export interface DistanceSensor {
  /** Where it is and how it is read, for messages and logs. */
  readonly name: string;
  /**
   * Measures once; takes up to 0.1 s. Calls are not made while one is under way.
   * @throws {HalError} HAL_SENSOR when no echo came at all: there is no sensor; the code of the line when that fails.
   * Rejects with the signal's reason when that is aborted first.
   */
  measure(signal: AbortSignal): Promise<DistanceReading>;
  /** Lets the lines go; idempotent. Called by whoever opened the sensor. */
  close(): Promise<void>;
}

/** Reach in cm of an HC-SR04. */
export const DISTANCE_CM = { least: 2, most: 400 } as const;

/** `edges`: timed by the driver's edge timestamps. `mock`: what a hand at the bench has set. `auto`: mock on a simulated driver, else edges. */
export type DistanceMethod = 'auto' | 'edges' | 'mock';

export const DISTANCE_METHODS: readonly DistanceMethod[] = ['auto', 'edges', 'mock'];

export interface DistanceSettings {
  /** Default `auto`. */
  readonly method?: DistanceMethod;
  readonly trigger: LineAddress;
  readonly echo: LineAddress;
  /** Who holds the lines, as `greenlight gpio` shows it. */
  readonly consumer: string;
}

/**
 * Takes the lines; nothing is measured before the first measure.
 * @throws {HalError} HAL_UNAVAILABLE when the driver's timestamps are too coarse; HAL_LINE_BUSY and the like
 */
export async function openDistanceSensor(
  settings: DistanceSettings,
  deps: { readonly gpio: GpioDriver; readonly clock: Clock },
): Promise<DistanceSensor> {
  const { gpio } = deps;
  const { method = 'auto' } = settings;
  if (method === 'mock' || (method === 'auto' && gpio.capabilities.simulated)) return played(settings, deps);
  if (gpio.capabilities.timestamps === 'callback') {
    throw new HalError(
      'HAL_UNAVAILABLE',
      `the driver ${gpio.name} tells too late when an edge came: 1 ms is 17 cm; use hal: { driver: chardev }`,
    );
  }
  const { echoSensor } = await import('./echo.js');
  return echoSensor(settings, deps);
}

/** Far enough for nothing to be in the way until a hand says otherwise. */
const AT_FIRST_CM = 150;

async function played(
  { trigger, echo, consumer }: DistanceSettings,
  { gpio, clock }: { readonly gpio: GpioDriver; readonly clock: Clock },
): Promise<DistanceSensor> {
  // held as the real one holds them, so that the board shows who has them
  const output = await gpio.output(trigger, consumer, { initial: 'inactive' });
  const input = await gpio.input(echo, consumer).catch(async (error: unknown) => {
    await output.close();
    throw error;
  });
  return {
    name: 'what a hand has set (mock)',
    measure: async (signal) => {
      signal.throwIfAborted();
      return { distanceCm: gpio.exposure?.(consumer)?.distanceCm ?? AT_FIRST_CM, at: clock.now() };
    },
    close: async () => {
      await Promise.all([output.close(), input.close()]);
    },
  };
}
