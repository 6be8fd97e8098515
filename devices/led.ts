import type { JsonObject, LineAddress, OutputLine, PwmLine, Timer } from '../hal/index.js';
import type { Role, RoleContext, RoleDefinition, RoleFault, ShadowProperty } from './contract.js';
import { failure, ruleFault, unknownProperty, valueFault } from './faults.js';
import { HeldLines } from './held.js';
import { ACTIVE_LOW, LINE, MAX_ON } from './options.js';
import { Serial } from './serial.js';

export interface LedOptions {
  readonly line: LineAddress;
  readonly activeLow: boolean;
  readonly dimmable: boolean;
  readonly frequency: number;
  /** ms */
  readonly maxOn?: number;
}

/** Time in ms after which switching off is tried again when the line failed at the end of `maxOn`. */
const OFF_RETRY_MS = 1_000;

const PROPERTIES: readonly ShadowProperty[] = [
  { name: 'on', side: 'desired', values: 'true | false', description: 'Lit, steadily or blinking.' },
  {
    name: 'blink',
    side: 'desired',
    values: '0, 50..60000 ms',
    description: 'Period of blinking while on, half of it lit; 0 is steady.',
  },
  {
    name: 'brightness',
    side: 'desired',
    values: '0..100 %',
    description:
      'Share of time lit, by PWM. Only with `dimmable: true`, and where the driver has PWM on the line.',
  },
];

/** One LED. */
export const led: RoleDefinition<LedOptions> = {
  name: 'led',
  summary: 'An LED: on, off, blinking, and dimmed where the driver has PWM.',
  options: {
    line: LINE,
    activeLow: ACTIVE_LOW,
    dimmable: {
      title: 'Dimmable',
      description: 'Drive the line by PWM; where the driver cannot, the LED is only switched and says so.',
      type: 'boolean',
      default: false,
    },
    frequency: {
      title: 'PWM frequency',
      description: 'Hz',
      type: 'number',
      minimum: 50,
      maximum: 20_000,
      default: 800,
    },
    maxOn: MAX_ON,
  },
  required: ['line'],
  properties: PROPERTIES,
  lines: ({ line, activeLow, dimmable }) => [
    { path: 'line', address: line, direction: dimmable ? 'pwm' : 'output', safe: 'inactive', activeLow },
  ],
  traffic: () => ({ shadow: true }),
  create: (options, context) => new Led(options, context),
};

/** A line that is set to a share of full brightness. */
type Lamp = (brightness: number) => Promise<void>;

class Led implements Role {
  readonly #held = new HeldLines();
  readonly #serial = new Serial();
  #lamp: Lamp | undefined;
  #dims = false;
  #on = false;
  #blink = 0;
  #brightness = 100;
  #blinking: Timer | undefined;
  #maxOn: Timer | undefined;
  /** A fault that no request caused is told to the context. */
  #alarmed = false;

  constructor(
    private readonly options: LedOptions,
    private readonly context: RoleContext,
  ) {}

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const pwm = this.options.dimmable ? await this.#takePwm() : undefined;
    this.#dims = pwm !== undefined;
    if (pwm !== undefined) {
      this.#lamp = (brightness) => pwm.setDuty(brightness / 100);
      return;
    }
    const output = await this.#takeOutput();
    this.#lamp = (brightness) => output.write(brightness > 0 ? 'active' : 'inactive');
  }

  stop(): Promise<void> {
    return this.#serial.run(async () => {
      this.#blinking?.cancel();
      this.#maxOn?.cancel();
      this.#on = false;
      await this.#held.close();
    });
  }

  state(): JsonObject {
    const brightness = this.#dims ? { brightness: this.#brightness } : {};
    return { on: this.#on, blink: this.#blink, ...brightness };
  }

  apply(desired: JsonObject): Promise<RoleFault | undefined> {
    return this.#serial.run(async () => {
      let fault: RoleFault | undefined;
      const next = { on: this.#on, blink: this.#blink, brightness: this.#brightness };
      for (const [name, value] of Object.entries(desired)) {
        if (name === 'on') {
          if (typeof value === 'boolean') next.on = value;
          else fault ??= valueFault(name, value, 'true or false');
        } else if (name === 'blink') {
          if (typeof value === 'number' && (value === 0 || (value >= 50 && value <= 60_000)))
            next.blink = value;
          else fault ??= valueFault(name, value, '0 or a period of 50..60000 ms');
        } else if (name === 'brightness') {
          if (!this.#dims) fault ??= this.#cannotDim(value);
          else if (typeof value === 'number' && value >= 0 && value <= 100) next.brightness = value;
          else fault ??= valueFault(name, value, 'a number of 0..100 %');
        } else fault ??= unknownProperty(name, PROPERTIES);
      }
      return (await this.#show(next)) ?? fault;
    });
  }

  async #takePwm(): Promise<PwmLine | undefined> {
    const { line, activeLow, frequency } = this.options;
    const { gpio, thing, log } = this.context;
    if (!gpio.capabilities.pwm) {
      log.warn({ thing }, `the ${gpio.name} driver has no PWM: the LED is only switched`);
      return undefined;
    }
    try {
      return await this.#held.take(gpio.pwm(line, thing, { frequencyHz: frequency, duty: 0, activeLow }));
    } catch (error) {
      const { code, message } = failure(error);
      if (code !== 'HAL_UNSUPPORTED') throw error;
      log.warn({ thing }, `${message}: the LED is only switched`);
      return undefined;
    }
  }

  #takeOutput(): Promise<OutputLine> {
    const { line, activeLow } = this.options;
    return this.#held.take(
      this.context.gpio.output(line, this.context.thing, {
        initial: 'inactive',
        safe: 'inactive',
        activeLow,
      }),
    );
  }

  #cannotDim(value: JsonObject[string] | undefined): RoleFault {
    const reason = this.options.dimmable
      ? `the ${this.context.gpio.name} driver has no PWM on this line`
      : 'the LED is not configured as dimmable (dimmable: true)';
    return { ...valueFault('brightness', value, 'no value'), message: `brightness cannot be set: ${reason}` };
  }

  async #show(next: { on: boolean; blink: number; brightness: number }): Promise<RoleFault | undefined> {
    const turnedOn = next.on && !this.#on;
    this.#blinking?.cancel();
    try {
      await this.#light(next.on ? next.brightness : 0);
    } catch (error) {
      return failure(error, 'on');
    }
    this.#on = next.on;
    this.#blink = next.blink;
    this.#brightness = next.brightness;
    if (next.on && next.blink > 0) this.#startBlinking();
    if (!next.on) this.#maxOn?.cancel();
    else if (turnedOn) this.#watchMaxOn();
    if (turnedOn && this.#alarmed) {
      this.#alarmed = false;
      this.context.fault(undefined);
    }
    return undefined;
  }

  async #light(brightness: number): Promise<void> {
    if (this.#lamp === undefined) throw new Error('the LED was used before start');
    await this.#lamp(brightness);
  }

  #startBlinking(): void {
    let lit = true;
    this.#blinking = this.context.clock.every(this.#blink / 2, () => {
      lit = !lit;
      const brightness = lit ? this.#brightness : 0;
      void this.#serial.run(() => this.#blinkTo(brightness));
    });
  }

  async #blinkTo(brightness: number): Promise<void> {
    // A request may have ended the blinking while this step waited for its turn.
    if (!this.#on || this.#blink === 0) return;
    try {
      await this.#light(brightness);
    } catch (error) {
      this.#blinking?.cancel();
      this.#blink = 0;
      this.#alarm(failure(error, 'blink'));
    }
  }

  #watchMaxOn(waitMs = this.options.maxOn): void {
    const { maxOn } = this.options;
    if (waitMs === undefined) return;
    this.#maxOn?.cancel();
    this.#maxOn = this.context.clock.after(waitMs, () => {
      void this.#serial.run(async () => {
        if (!this.#on) return;
        const failed = await this.#show({ on: false, blink: this.#blink, brightness: this.#brightness });
        if (failed !== undefined) this.#watchMaxOn(OFF_RETRY_MS);
        const rule = ruleFault(`the LED was on for ${maxOn} ms, the longest that \`maxOn\` allows`, 'on');
        this.#alarm(failed ?? rule);
      });
    });
  }

  #alarm(fault: RoleFault): void {
    this.#alarmed = true;
    this.context.log.warn({ thing: this.context.thing, code: fault.code }, fault.message);
    this.context.fault(fault);
    this.context.changed();
  }
}
