/**
 * What a climate sensor is: a temperature and a humidity that were measured just now, or an error. A number that was
 * measured earlier is never handed out as new; {@link ClimateSensor.last} carries its own time.
 */

/** One measurement. */
export interface ClimateReading {
  /** Degrees Celsius. */
  readonly temperatureC: number;
  /** Relative humidity, 0..100 %. */
  readonly humidityPercent: number;
  /** When it was measured, milliseconds since the Unix epoch. */
  readonly at: number;
  /** `good`: the first try succeeded. `retried`: one or more tries before it failed. */
  readonly quality: 'good' | 'retried';
}

/**
 * A sensor that is taken. It keeps its own pace: a DHT gives a new value at most every {@link MIN_INTERVAL_MS}, so a
 * call that comes too early waits. Calls are served one after another.
 */
export interface ClimateSensor {
  /** Where it is and how it is read, for messages and logs: `dht22 on GPIO4 (edges)`. */
  readonly name: string;
  /** The last measurement that succeeded, with its time; undefined before the first. */
  readonly last: ClimateReading | undefined;
  /**
   * Measures now. Failed tries are repeated a bounded number of times.
   * @throws {HalError} HAL_SENSOR when no try gave a valid reading, with the reason of the last one; the code of the
   * line (HAL_LINE_BUSY, HAL_UNAVAILABLE, …) when the sensor cannot be reached at all; HAL_CLOSED after close.
   * Rejects with the signal's reason when that is aborted first.
   */
  measure(signal: AbortSignal): Promise<ClimateReading>;
  /** Lets the line, child process or file go; idempotent. Called by whoever opened the sensor. */
  close(): Promise<void>;
}

/** Time in ms that a DHT needs between two measurements. */
export const MIN_INTERVAL_MS = 2_000;

export type ClimateModel = 'dht11' | 'dht22';

/**
 * How a sensor is read. `edges`: decoded from the kernel's edge timestamps (needs a driver with `pulseCapture`).
 * `iio`: the kernel's dht11 driver (`dtoverlay=dht11`). `node-dht-sensor`: that package, in a child process.
 * `mock`: made-up weather. `auto`: mock on a simulated driver, else iio where such a device exists, else edges, else
 * node-dht-sensor.
 */
export type ClimateMethod = 'auto' | 'edges' | 'iio' | 'node-dht-sensor' | 'mock';

export const CLIMATE_METHODS: readonly ClimateMethod[] = ['auto', 'edges', 'iio', 'node-dht-sensor', 'mock'];
