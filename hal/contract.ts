/**
 * What a GPIO driver is. Words are the kernel's (GPIO uAPI v2): chip, line, offset, bias, drive, edge, activeLow,
 * debounce, consumer. "Pin" is a header position only. Values are logical, after `activeLow`: active or inactive.
 */
import type { LineAddress } from './address.js';

/** Logical level of a line, after `activeLow`. */
export type LineValue = 'active' | 'inactive';
export type Bias = 'as-is' | 'disabled' | 'pull-up' | 'pull-down';
export type Drive = 'push-pull' | 'open-drain' | 'open-source';
/** rising = inactive → active, whatever the polarity. */
export type Edge = 'rising' | 'falling';
export type EdgeSelection = Edge | 'both';

/** Where a line is and what it is called. */
export interface LineIdentity {
  /** Label of the chip, as the kernel reports it: `pinctrl-bcm2711`. */
  readonly chip: string;
  /** Index of the line on its chip. Never a header position. */
  readonly offset: number;
  /** The kernel's name, `GPIO17`; empty where the line has none. */
  readonly name: string;
}

/** A line as `greenlight gpio` lists it. */
export interface LineInfo extends LineIdentity {
  readonly direction: 'input' | 'output' | 'unknown';
  readonly activeLow: boolean;
  readonly bias: Bias;
  /** Who holds the line; undefined when it is free. */
  readonly consumer: string | undefined;
  /** The header's special function that this line usually serves (I2C, UART, …), if any. */
  readonly special?: string;
}

export interface ChipInfo {
  /** `gpiochip0`, or the driver's own name for it. */
  readonly name: string;
  readonly label: string;
  readonly lines: number;
}

export interface OutputSettings {
  /** Value the line takes in the same step as it becomes an output: there is no level in between. */
  readonly initial: LineValue;
  /** Value that the line is given by {@link Line.close} and by the driver's stop. Default: `inactive`. */
  readonly safe?: LineValue;
  readonly activeLow?: boolean;
  readonly drive?: Drive;
  readonly bias?: Bias;
}

export interface InputSettings {
  readonly activeLow?: boolean;
  readonly bias?: Bias;
  /** Edges to deliver. Default `both`. */
  readonly edge?: EdgeSelection;
  /**
   * Time in ms for which a line must be stable before an edge counts; 0 (default) is none. Where the driver cannot, the
   * line is wrapped by a software filter: the contract is the same, `capabilities.debounce` says who does it.
   */
  readonly debounceMs?: number;
}

/** A held line. Closing is idempotent; every other call after it rejects with HAL_CLOSED. */
export interface Line extends AsyncDisposable {
  readonly identity: LineIdentity;
  /** Releases the line; an output is first set to its safe value. Called by whoever requested the line. */
  close(): Promise<void>;
}

export interface OutputLine extends Line {
  /** Resolves when the level is on the line. Writes take effect in call order. */
  write(value: LineValue): Promise<void>;
  /** The value the line has, read back from the driver. */
  read(): Promise<LineValue>;
}

export interface InputLine extends Line {
  read(): Promise<LineValue>;
  /**
   * Calls `listener` for each selected edge, in order, after debounce. Edges from before the call are not delivered.
   * @returns a function that ends the delivery; idempotent
   */
  onEdge(listener: (event: EdgeEvent) => void): () => void;
  /** Calls `listener` when the line can no longer deliver edges (device gone, read failed). */
  onError(listener: (error: Error) => void): () => void;
}

export interface EdgeEvent {
  readonly edge: Edge;
  /** Monotonic, from the event and not from the callback. Its precision is `capabilities.timestamps`. */
  readonly timestampNs: bigint;
  /** Counts every edge of this line from 1, delivered or not: a gap means that edges were lost. */
  readonly sequence: number;
}

export interface PwmSettings {
  /** Period frequency in Hz; the driver states its range in the HAL_ARGUMENT message. */
  readonly frequencyHz: number;
  /** Share of the period that the line is active, 0..1. */
  readonly duty: number;
  readonly activeLow?: boolean;
}

export interface PwmLine extends Line {
  /** Duty 0..1; takes effect at the latest with the next period. */
  setDuty(duty: number): Promise<void>;
}

export interface ServoLine extends Line {
  /** Pulse width in µs, 500..2500; 0 ends the pulses (the servo goes limp). */
  setPulseWidth(us: number): Promise<void>;
}

/** Drive a line, let it go and collect what comes back with timestamps: what a DHT sensor needs. */
export interface PulseCapture {
  /**
   * Drives the line inactive for `driveMs`, releases it to an input with the given bias, and collects edges until
   * `count` came or `timeoutMs` passed. Edges that came are returned in order, also when they are too few.
   */
  capture(line: LineAddress, request: PulseRequest): Promise<readonly EdgeEvent[]>;
}

export interface PulseRequest {
  readonly consumer: string;
  readonly driveMs: number;
  readonly edge: EdgeSelection;
  readonly bias: Bias;
  /** 1..1024 */
  readonly count: number;
  readonly timeoutMs: number;
}

/** What a sensor at the bench is exposed to; each only where a hand has set it. */
export interface Exposure {
  /** Degrees Celsius. */
  readonly temperatureC?: number;
  /** Relative humidity, 0..100 %. */
  readonly humidityPercent?: number;
  readonly distanceCm?: number;
}

/** What a driver can do, as plain data. A setting that is not covered rejects with HAL_UNSUPPORTED; nothing is dropped. */
export interface Capabilities {
  readonly bias: boolean;
  readonly drive: boolean;
  readonly edges: boolean;
  /** Who filters bounces. */
  readonly debounce: 'kernel' | 'driver' | 'software';
  /** Where an edge's timestamp is taken. */
  readonly timestamps: 'kernel' | 'driver' | 'callback';
  /** The initial value is on the line in the same step as it becomes an output. */
  readonly atomicInitial: boolean;
  readonly pwm: boolean;
  readonly servo: boolean;
  readonly pulseCapture: boolean;
  /** Levels and edges can be caused from software (the mock). */
  readonly simulated: boolean;
}

/**
 * A way to reach GPIO lines. The constructor does nothing; `start` opens what is needed and rejects with
 * HAL_UNAVAILABLE when the driver cannot run here; `stop` closes every line it handed out (outputs to their safe
 * value, past failures) and is idempotent.
 */
export interface GpioDriver {
  readonly name: DriverName;
  readonly capabilities: Capabilities;
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  chips(): Promise<readonly ChipInfo[]>;
  lines(): Promise<readonly LineInfo[]>;
  /** Finds a line without taking it. Rejects with HAL_LINE_UNKNOWN and the nearest names. */
  resolve(address: LineAddress): Promise<LineIdentity>;
  /** @param consumer who will hold the line, as `greenlight gpio` shows it; at most 31 bytes are kept */
  output(address: LineAddress, consumer: string, settings: OutputSettings): Promise<OutputLine>;
  input(address: LineAddress, consumer: string, settings?: InputSettings): Promise<InputLine>;
  pwm(address: LineAddress, consumer: string, settings: PwmSettings): Promise<PwmLine>;
  servo(address: LineAddress, consumer: string): Promise<ServoLine>;
  /** Undefined where `capabilities.pulseCapture` is false. */
  readonly pulses: PulseCapture | undefined;
  /** Simulated drivers only: what a hand at the bench lets this consumer's sensor measure; undefined: nothing. */
  exposure?(consumer: string): Exposure | undefined;
}

export type DriverName = 'chardev' | 'onoff' | 'pigpio' | 'mock';

export const DRIVER_NAMES: readonly DriverName[] = ['chardev', 'onoff', 'pigpio', 'mock'];
