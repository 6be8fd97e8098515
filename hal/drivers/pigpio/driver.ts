import { type LineAddress, parseAddress } from '../../address.js';
import type { Clock } from '../../clock.js';
import type {
  Bias,
  Capabilities,
  ChipInfo,
  GpioDriver,
  InputLine,
  InputSettings,
  LineIdentity,
  LineInfo,
  OutputLine,
  OutputSettings,
  PwmLine,
  PwmSettings,
  ServoLine,
} from '../../contract.js';
import { HalError, messageOf } from '../../errors.js';
import { debounced } from '../../lines/index.js';
import type { Log } from '../../log.js';
import type { Held } from '../close-all.js';
import type { HeldLineDeps } from '../held-line.js';
import { HeldLines } from '../held-lines.js';
import { specialFunction } from '../special-lines.js';
import { unknownLine } from '../unknown-line.js';
import { type Board, chipLabel, requireBoard, thisBoard } from './board.js';
import { PigpioInput, PigpioOutput, PigpioPwm, PigpioServo } from './lines.js';
import { loadPigpio, NO_INTERFACES, type Pigpio } from './package.js';
import { forbidSignalHandlers, retakeSignals } from './signals.js';
import { Ticks } from './ticks.js';

/** Lines of the 40-pin header. */
const LINES = 28;
/** The longest glitch filter of the library in ms. */
const MAX_FILTER_MS = 300;

export interface PigpioDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the package. */
  readonly load?: () => Pigpio;
  /** Default: the board this runs on. */
  readonly board?: () => Board;
}

interface Running {
  readonly pigpio: Pigpio;
  readonly ticks: Ticks;
  readonly chip: string;
}

/** GPIO, PWM and servo pulses on every header line through the pigpio C library; Pi 4 and older, as root. */
export class PigpioDriver implements GpioDriver {
  readonly name = 'pigpio';
  readonly pulses = undefined;
  readonly capabilities: Capabilities = {
    bias: true,
    drive: false,
    edges: true,
    debounce: 'driver',
    timestamps: 'driver',
    atomicInitial: true,
    pwm: true,
    servo: true,
    pulseCapture: false,
    simulated: false,
  };
  readonly #held: HeldLines;
  #running: Running | undefined;

  constructor(private readonly deps: PigpioDeps) {
    this.#held = new HeldLines(deps.log);
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.#running) return;
    const board = (this.deps.board ?? thisBoard)();
    requireBoard(board);
    const pigpio = (this.deps.load ?? loadPigpio)();
    await forbidSignalHandlers(this.deps.log);
    signal.throwIfAborted();
    try {
      // By default the library listens on TCP port 8888 of every address, and obeys whoever connects.
      pigpio.configureInterfaces(NO_INTERFACES);
      pigpio.initialize();
    } catch (cause) {
      throw new HalError(
        'HAL_UNAVAILABLE',
        `pigpio does not start (${messageOf(cause)}); end the other program that uses it ("sudo killall pigpiod"), or use the driver chardev`,
        { cause },
      );
    } finally {
      retakeSignals(process);
    }
    this.#running = {
      pigpio,
      ticks: new Ticks(this.deps.clock, () => pigpio.getTick()),
      chip: chipLabel(board),
    };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    try {
      await this.#held.close();
    } finally {
      running.pigpio.terminate();
    }
  }

  async chips(): Promise<readonly ChipInfo[]> {
    return [{ name: 'pigpio', label: this.#started().chip, lines: LINES }];
  }

  async lines(): Promise<readonly LineInfo[]> {
    const { pigpio, chip } = this.#started();
    return Array.from({ length: LINES }, (_, offset) => {
      const mode = new pigpio.Gpio(offset).getMode();
      const special = specialFunction(chip, offset);
      return {
        chip,
        offset,
        name: `GPIO${offset}`,
        direction: mode === 0 ? 'input' : mode === 1 ? 'output' : 'unknown',
        activeLow: false,
        bias: 'as-is',
        consumer: this.#held.consumerOf({ chip, offset, name: `GPIO${offset}` }),
        ...(special === undefined ? {} : { special }),
      };
    });
  }

  async resolve(address: LineAddress): Promise<LineIdentity> {
    return this.#find(address);
  }

  async output(address: LineAddress, consumer: string, settings: OutputSettings): Promise<OutputLine> {
    if (settings.drive !== undefined && settings.drive !== 'push-pull') {
      throw new HalError(
        'HAL_UNSUPPORTED',
        `drive ${settings.drive}: pigpio has none; use the driver chardev`,
      );
    }
    const { initial, safe = 'inactive', activeLow = false, bias } = settings;
    return this.#take(address, consumer, (base, gpio) => {
      const pud = pudOf(bias);
      if (pud !== undefined) gpio.pullUpDown(pud);
      return new PigpioOutput({ ...base, gpio, activeLow, initial, safe });
    });
  }

  async input(address: LineAddress, consumer: string, settings: InputSettings = {}): Promise<InputLine> {
    const { activeLow = false, edge = 'both', debounceMs = 0, bias } = settings;
    if (!(debounceMs >= 0 && Number.isFinite(debounceMs))) {
      throw new HalError('HAL_ARGUMENT', `debounceMs ${debounceMs} is not a time in ms from 0`);
    }
    // Beyond what the library can filter, our own filter does.
    const software = debounceMs > MAX_FILTER_MS;
    const { ticks } = this.#started();
    const { clock, log } = this.deps;
    const line = this.#take(
      address,
      consumer,
      (base, gpio) =>
        new PigpioInput({
          ...base,
          gpio,
          activeLow,
          ticks,
          log,
          edge: software ? 'both' : edge,
          filterUs: software ? 0 : Math.round(debounceMs * 1000),
          pud: pudOf(bias),
        }),
    );
    return software ? debounced(line, { clock, log, periodMs: debounceMs, edge }) : line;
  }

  async pwm(address: LineAddress, consumer: string, settings: PwmSettings): Promise<PwmLine> {
    const { frequencyHz, duty, activeLow = false } = settings;
    return this.#take(
      address,
      consumer,
      (base, gpio) => new PigpioPwm({ ...base, gpio, activeLow, frequencyHz, duty }),
    );
  }

  async servo(address: LineAddress, consumer: string): Promise<ServoLine> {
    return this.#take(
      address,
      consumer,
      (base, gpio) => new PigpioServo({ ...base, gpio, activeLow: false }),
    );
  }

  #take<L extends Held>(
    address: LineAddress,
    consumer: string,
    make: (base: HeldLineDeps, gpio: InstanceType<Pigpio['Gpio']>) => L,
  ): L {
    const { pigpio } = this.#started();
    const identity = this.#find(address);
    return this.#held.take(identity, consumer, (released) =>
      make({ identity, released }, new pigpio.Gpio(identity.offset)),
    );
  }

  #find(address: LineAddress): LineIdentity {
    const { chip } = this.#started();
    const parsed = parseAddress(address);
    const offset =
      parsed.kind === 'offset'
        ? parsed.chip === chip
          ? parsed.offset
          : Number.NaN
        : Number(/^GPIO(\d{1,2})$/.exec(parsed.name)?.[1] ?? Number.NaN);
    if (offset < LINES) return { chip, offset, name: `GPIO${offset}` };
    const wanted = parsed.kind === 'offset' ? `${parsed.chip}:${parsed.offset}` : parsed.name;
    throw unknownLine(
      wanted,
      Array.from({ length: LINES }, (_, number) => `GPIO${number}`),
    );
  }

  #started(): Running {
    if (this.#running === undefined) throw new HalError('HAL_CLOSED', 'the driver pigpio is not started');
    return this.#running;
  }
}

function pudOf(bias: Bias | undefined): 0 | 1 | 2 | undefined {
  switch (bias) {
    case 'pull-up':
      return 2;
    case 'pull-down':
      return 1;
    case 'disabled':
      return 0;
    default:
      return undefined;
  }
}
