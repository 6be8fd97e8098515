import type { ClimateValues } from './dht/frame.js';

/** One way to read a sensor, once and at once. Pace, retries and memory are the sensor's (paced.ts). */
export interface ClimateSource {
  readonly name: string;
  /**
   * Reads once.
   * @throws {HalError} HAL_SENSOR or HAL_IO when a later try may succeed; any other code when it cannot
   */
  read(signal: AbortSignal): Promise<ClimateValues>;
  close(): Promise<void>;
}
