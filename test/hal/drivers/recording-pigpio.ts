/**
 * A double of the package pigpio that writes down every call and refuses what the C library refuses (pigpio.h: line
 * 0..31, mode 0..7, level 0..1, pulse width 0 or 500..2500, range 25..40000, duty 0..range, filter 0..300000 µs).
 */
import type { Pigpio, PigpioGpio } from '../../../hal/drivers/pigpio/package.js';

interface LineState {
  mode: number;
  level: 0 | 1;
  pud: number;
  range: number;
  filterUs: number;
  alert: boolean;
  listeners: ((level: number, tick: number) => void)[];
}

export class RecordingPigpio implements Pigpio {
  readonly calls: string[] = [];
  readonly Gpio: new (
    gpio: number,
  ) => PigpioGpio;
  readonly #lines = new Map<number, LineState>();
  initialized = false;

  /** @param tick the library's clock in µs, 32 bits */
  constructor(private readonly tick: () => number) {
    const recorder = this;
    this.Gpio = class extends RecordedGpio {
      constructor(gpio: number) {
        super(recorder, gpio);
      }
    };
  }

  initialize(): void {
    if (this.initialized) throw new Error('pigpio error -31 in gpioInitialise');
    this.initialized = true;
    this.calls.push('initialize');
  }

  terminate(): void {
    if (!this.initialized) throw new Error('terminated twice');
    this.initialized = false;
    this.calls.push('terminate');
  }

  hardwareRevision(): number {
    return 0xa02082;
  }

  getTick(): number {
    return this.tick() >>> 0;
  }

  configureInterfaces(flags: number): void {
    if (this.initialized) throw new Error('pigpio error -33 in gpioCfgInterfaces');
    this.calls.push(`configureInterfaces ${flags}`);
  }

  state(gpio: number): LineState {
    let state = this.#lines.get(gpio);
    if (!state) {
      state = { mode: 0, level: 0, pud: 0, range: 255, filterUs: 0, alert: false, listeners: [] };
      this.#lines.set(gpio, state);
    }
    return state;
  }

  /** Puts a level on an input from outside. */
  drive(gpio: number, level: 0 | 1): void {
    const state = this.state(gpio);
    if (state.mode === 1 || state.level === level) return;
    state.level = level;
    if (state.alert) for (const listener of [...state.listeners]) listener(level, this.getTick());
  }
}

class RecordedGpio implements PigpioGpio {
  readonly #state: LineState;

  constructor(
    private readonly pigpio: RecordingPigpio,
    private readonly gpio: number,
  ) {
    if (!pigpio.initialized) throw new Error('pigpio error -31');
    within('gpio', gpio, 0, 31);
    this.#state = pigpio.state(gpio);
  }

  mode(mode: 0 | 1): void {
    this.#call('mode', within('mode', mode, 0, 7));
    this.#state.mode = mode;
  }

  getMode(): number {
    return this.#state.mode;
  }

  pullUpDown(pud: 0 | 1 | 2): void {
    this.#call('pullUpDown', within('pud', pud, 0, 2));
    this.#state.pud = pud;
    if (pud !== 0 && this.#state.mode === 0) this.#state.level = pud === 2 ? 1 : 0;
  }

  digitalRead(): number {
    return this.#state.level;
  }

  digitalWrite(level: 0 | 1): void {
    this.#call('digitalWrite', within('level', level, 0, 1));
    this.#state.level = level;
  }

  pwmFrequency(hz: number): void {
    this.#call('pwmFrequency', within('frequency', hz, 0, 1_000_000));
  }

  pwmRange(range: number): void {
    this.#call('pwmRange', within('range', range, 25, 40_000));
    this.#state.range = range;
  }

  pwmWrite(duty: number): void {
    this.#call('pwmWrite', within('dutycycle', duty, 0, this.#state.range));
  }

  servoWrite(us: number): void {
    this.#call('servoWrite', us === 0 ? 0 : within('pulsewidth', us, 500, 2500));
  }

  glitchFilter(us: number): void {
    this.#call('glitchFilter', within('steady', us, 0, 300_000));
    this.#state.filterUs = us;
  }

  enableAlert(): void {
    this.#call('enableAlert');
    this.#state.alert = true;
  }

  disableAlert(): void {
    this.#call('disableAlert');
    this.#state.alert = false;
  }

  on(_event: 'alert', listener: (level: number, tick: number) => void): void {
    this.#state.listeners.push(listener);
  }

  removeAllListeners(): void {
    this.#state.listeners = [];
  }

  #call(name: string, argument?: number): void {
    this.pigpio.calls.push(`GPIO${this.gpio} ${name}${argument === undefined ? '' : ` ${argument}`}`);
  }
}

/** The addon takes unsigned integers only. */
function within(what: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`${what} ${value} is not a whole number within ${least}..${most}`);
  }
  return value;
}
