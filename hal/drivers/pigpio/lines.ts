import type {
  EdgeEvent,
  EdgeSelection,
  InputLine,
  LineValue,
  OutputLine,
  PwmLine,
  ServoLine,
} from '../../contract.js';
import { HalError } from '../../errors.js';
import { LineListeners } from '../../lines/index.js';
import type { Log } from '../../log.js';
import { checkPulseWidth } from '../../pwm/index.js';
import { HeldLine, type HeldLineDeps } from '../held-line.js';
import type { PigpioGpio } from './package.js';
import type { Ticks } from './ticks.js';

/** Steps of a PWM period; the library takes 25..40000. */
const PWM_RANGE = 1_000;
/** Frequencies in Hz that the library's usual sample rate of 5 µs reaches. */
const PWM_HZ = { min: 10, max: 8_000 } as const;

export interface PigpioLineDeps extends HeldLineDeps {
  readonly gpio: PigpioGpio;
  readonly activeLow: boolean;
}

abstract class PigpioLine extends HeldLine {
  protected readonly gpio: PigpioGpio;
  protected readonly activeLow: boolean;

  constructor(deps: PigpioLineDeps) {
    super(deps);
    this.gpio = deps.gpio;
    this.activeLow = deps.activeLow;
  }

  protected override letGo(): void {
    this.io('releasing', () => this.beforeClose());
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
  readonly #listeners: LineListeners;
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
    this.#listeners = new LineListeners(deps.identity, deps.log);
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
    return this.#listeners.onEdge(listener);
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
    this.#listeners.clear();
  }

  #changed(level: number, tick: number): void {
    const edge = (level === 1) !== this.activeLow ? 'rising' : 'falling';
    if (this.#edge !== 'both' && this.#edge !== edge) return;
    this.#sequence += 1;
    this.#listeners.edge({ edge, timestampNs: this.#ticks.toNs(tick), sequence: this.#sequence });
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
