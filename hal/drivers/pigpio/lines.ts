import type {
  EdgeEvent,
  EdgeSelection,
  InputLine,
  LineIdentity,
  LineValue,
  OutputLine,
  PwmLine,
  ServoLine,
} from '../../contract.js';
import { HalError, messageOf } from '../../errors.js';
import type { Log } from '../../log.js';
import { checkPulseWidth } from '../../pwm/index.js';
import type { Held } from '../close-all.js';
import type { PigpioGpio } from './package.js';
import type { Ticks } from './ticks.js';

/** Steps of a PWM period; the library takes 25..40000. */
const PWM_RANGE = 1_000;
/** Frequencies in Hz that the library's usual sample rate of 5 µs reaches. */
const PWM_HZ = { min: 10, max: 8_000 } as const;

export interface PigpioLineDeps {
  readonly identity: LineIdentity;
  readonly gpio: PigpioGpio;
  readonly activeLow: boolean;
  readonly released: (line: Held) => void;
}

abstract class PigpioLine implements Held {
  readonly identity: LineIdentity;
  protected readonly gpio: PigpioGpio;
  protected readonly activeLow: boolean;
  readonly #released: (line: Held) => void;
  #open = true;

  constructor(deps: PigpioLineDeps) {
    this.identity = deps.identity;
    this.gpio = deps.gpio;
    this.activeLow = deps.activeLow;
    this.#released = deps.released;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.io('releasing', () => this.beforeClose());
    } finally {
      this.#released(this);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected abstract beforeClose(): void;

  protected value(): LineValue {
    this.assertOpen();
    return this.io('reading', () =>
      (this.gpio.digitalRead() === 1) !== this.activeLow ? 'active' : 'inactive',
    );
  }

  protected level(value: LineValue): 0 | 1 {
    return (value === 'active') !== this.activeLow ? 1 : 0;
  }

  protected assertOpen(): void {
    if (!this.#open) throw new HalError('HAL_CLOSED', `line ${this.identity.name} was closed`);
  }

  protected io<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new HalError('HAL_IO', `${doing} line ${this.identity.name}: ${messageOf(cause)}`, { cause });
    }
  }
}

export class PigpioOutput extends PigpioLine implements OutputLine {
  readonly #safe: LineValue;

  constructor(deps: PigpioLineDeps & { readonly initial: LineValue; readonly safe: LineValue }) {
    super(deps);
    this.#safe = deps.safe;
    this.io('taking', () => {
      // The level is latched before the line becomes an output: there is no level in between.
      this.gpio.digitalWrite(this.level(deps.initial));
      this.gpio.mode(1);
    });
  }

  get endsActive(): boolean {
    return this.#safe === 'active';
  }

  async write(value: LineValue): Promise<void> {
    this.assertOpen();
    this.io('writing', () => this.gpio.digitalWrite(this.level(value)));
  }

  async read(): Promise<LineValue> {
    return this.value();
  }

  /** The line stays an output at its safe level: the library leaves lines as they are. */
  protected override beforeClose(): void {
    this.gpio.digitalWrite(this.level(this.#safe));
  }
}

export class PigpioInput extends PigpioLine implements InputLine {
  readonly #ticks: Ticks;
  readonly #edge: EdgeSelection;
  readonly #log: Log;
  readonly #onEdge = new Set<(event: EdgeEvent) => void>();
  #sequence = 0;

  /** @param deps filterUs is the library's glitch filter, 0..300000 µs */
  constructor(
    deps: PigpioLineDeps & {
      readonly ticks: Ticks;
      readonly edge: EdgeSelection;
      readonly filterUs: number;
      readonly pud: 0 | 1 | 2 | undefined;
      readonly log: Log;
    },
  ) {
    super(deps);
    this.#ticks = deps.ticks;
    this.#edge = deps.edge;
    this.#log = deps.log;
    this.io('taking', () => {
      this.gpio.mode(0);
      if (deps.pud !== undefined) this.gpio.pullUpDown(deps.pud);
      this.gpio.glitchFilter(deps.filterUs);
      this.gpio.on('alert', (level, tick) => this.#changed(level, tick));
      this.gpio.enableAlert();
    });
  }

  async read(): Promise<LineValue> {
    return this.value();
  }

  onEdge(listener: (event: EdgeEvent) => void): () => void {
    this.assertOpen();
    const entry = (event: EdgeEvent): void => listener(event);
    this.#onEdge.add(entry);
    return () => this.#onEdge.delete(entry);
  }

  /** The library reports no failure of a line; the listener is never called. */
  onError(_listener: (error: Error) => void): () => void {
    this.assertOpen();
    return () => {};
  }

  protected override beforeClose(): void {
    this.gpio.disableAlert();
    this.gpio.removeAllListeners('alert');
    this.gpio.glitchFilter(0);
    this.#onEdge.clear();
  }

  #changed(level: number, tick: number): void {
    const edge = (level === 1) !== this.activeLow ? 'rising' : 'falling';
    if (this.#edge !== 'both' && this.#edge !== edge) return;
    this.#sequence += 1;
    const event: EdgeEvent = { edge, timestampNs: this.#ticks.toNs(tick), sequence: this.#sequence };
    for (const listener of [...this.#onEdge]) {
      try {
        listener(event);
      } catch (error) {
        // A listener's own failure must not keep the edge from the others.
        this.#log.error({ line: this.identity.name, err: error }, 'a listener of this line failed');
      }
    }
  }
}

export class PigpioPwm extends PigpioLine implements PwmLine {
  constructor(deps: PigpioLineDeps & { readonly frequencyHz: number; readonly duty: number }) {
    super(deps);
    checkFrequency(deps.frequencyHz);
    checkDuty(deps.duty);
    this.io('taking', () => {
      this.gpio.pwmFrequency(Math.round(deps.frequencyHz));
      this.gpio.pwmRange(PWM_RANGE);
      this.#set(deps.duty);
    });
  }

  async setDuty(duty: number): Promise<void> {
    this.assertOpen();
    checkDuty(duty);
    this.io('writing', () => this.#set(duty));
  }

  #set(duty: number): void {
    this.gpio.pwmWrite(Math.round((this.activeLow ? 1 - duty : duty) * PWM_RANGE));
  }

  protected override beforeClose(): void {
    this.#set(0);
  }
}

export class PigpioServo extends PigpioLine implements ServoLine {
  async setPulseWidth(us: number): Promise<void> {
    this.assertOpen();
    checkPulseWidth(us);
    this.io('writing', () => this.gpio.servoWrite(Math.round(us)));
  }

  protected override beforeClose(): void {
    this.gpio.servoWrite(0);
  }
}

function checkDuty(duty: number): void {
  if (!(duty >= 0 && duty <= 1)) throw new HalError('HAL_ARGUMENT', `duty ${duty}: 0..1`);
}

function checkFrequency(hz: number): void {
  if (!(hz >= PWM_HZ.min && hz <= PWM_HZ.max)) {
    throw new HalError('HAL_ARGUMENT', `frequencyHz ${hz}: pigpio takes ${PWM_HZ.min}..${PWM_HZ.max}`);
  }
}
