import type { LineAddress } from '../../address.js';
import type { Clock } from '../../clock.js';
import type {
  Capabilities,
  ChipInfo,
  GpioDriver,
  InputLine,
  InputSettings,
  Line,
  LineIdentity,
  LineInfo,
  OutputLine,
  OutputSettings,
  PulseCapture,
  PwmLine,
  PwmSettings,
  ServoLine,
} from '../../contract.js';
import { HalError } from '../../errors.js';
import { loadFfi } from '../../ffi.js';
import type { Log } from '../../log.js';
import { KernelPwm, servoOverPwm } from '../../pwm/index.js';
import { closeAll } from '../close-all.js';
import { warnSpecial } from '../held-lines.js';
import { KernelPulseCapture } from './capture.js';
import { Chips } from './chips.js';
import { KernelInput } from './input.js';
import { kernelUapi } from './kernel.js';
import { biasFlags, driveFlags, edgeFlags, FLAG } from './layout.js';
import { KernelOutput } from './line.js';
import { Requests } from './requests.js';
import type { GpioUapi } from './uapi.js';

/** Events that the kernel keeps for an input that is not read at once; its own default of 16 is soon overrun. */
const INPUT_EVENTS = 256;
/** The longest kernel debounce in ms (32 bits of µs, with room). */
const MAX_DEBOUNCE_MS = 60_000;

export interface ChardevDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Where the system calls go; default: the kernel, through koffi. */
  readonly uapi?: GpioUapi;
  /** Default: the kernel's /sys/class/pwm. */
  readonly pwm?: KernelPwm;
}

interface Running {
  readonly uapi: GpioUapi;
  readonly chips: Chips;
  readonly requests: Requests;
  readonly pulses: PulseCapture;
}

/** GPIO through the kernel's character devices (uAPI v2): no root, no compiler, kernel timestamps. */
export class ChardevDriver implements GpioDriver {
  readonly name = 'chardev';
  readonly #log: Log;
  readonly #pwm: KernelPwm;
  readonly #held = new Set<Line>();
  #running: Running | undefined;
  #hasPwm = false;

  constructor(private readonly deps: ChardevDeps) {
    this.#log = deps.log;
    this.#pwm = deps.pwm ?? new KernelPwm({ clock: deps.clock });
  }

  /** `pwm` and `servo` are known after start: they need a PWM chip in the kernel. */
  get capabilities(): Capabilities {
    return {
      bias: true,
      drive: true,
      edges: true,
      debounce: 'kernel',
      timestamps: 'kernel',
      atomicInitial: true,
      pwm: this.#hasPwm,
      servo: this.#hasPwm,
      pulseCapture: true,
      simulated: false,
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.#running) return;
    if (process.platform !== 'linux' && !this.deps.uapi) {
      throw new HalError(
        'HAL_UNAVAILABLE',
        `GPIO character devices exist on Linux only, this is ${process.platform}; use hal: { driver: mock }`,
      );
    }
    const uapi = this.deps.uapi ?? kernelUapi(await loadFfi());
    signal.throwIfAborted();
    const chips = new Chips(uapi);
    chips.open();
    const requests = new Requests(uapi, chips);
    const pulses = new KernelPulseCapture({ uapi, chips, requests, clock: this.deps.clock });
    this.#running = { uapi, chips, requests, pulses };
    this.#hasPwm = await this.#pwm.available();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    try {
      await closeAll(this.#held);
    } finally {
      running.chips.close();
    }
  }

  async chips(): Promise<readonly ChipInfo[]> {
    return this.#started().chips.list();
  }

  async lines(): Promise<readonly LineInfo[]> {
    return this.#started().chips.lines();
  }

  async resolve(address: LineAddress): Promise<LineIdentity> {
    return this.#started().chips.resolve(address);
  }

  async output(address: LineAddress, consumer: string, settings: OutputSettings): Promise<OutputLine> {
    const { uapi, chips, requests } = this.#started();
    const identity = chips.resolve(address);
    const fd = requests.take(identity, {
      consumer,
      config: {
        flags:
          FLAG.OUTPUT |
          (settings.activeLow ? FLAG.ACTIVE_LOW : 0) |
          driveFlags(settings.drive ?? 'push-pull') |
          biasFlags(settings.bias ?? 'as-is'),
        value: settings.initial === 'active' ? 1 : 0,
      },
      eventBuffer: 0,
    });
    warnSpecial(identity, this.#log);
    return this.#hold(
      new KernelOutput({ uapi, identity, fd, released: this.#released }, settings.safe ?? 'inactive'),
    );
  }

  async input(address: LineAddress, consumer: string, settings: InputSettings = {}): Promise<InputLine> {
    const { uapi, chips } = this.#started();
    const debounceMs = settings.debounceMs ?? 0;
    if (!(debounceMs >= 0 && debounceMs <= MAX_DEBOUNCE_MS)) {
      throw new HalError('HAL_ARGUMENT', `debounceMs ${debounceMs}: 0..${MAX_DEBOUNCE_MS}`);
    }
    const identity = chips.resolve(address);
    const { fd, edges } = this.#takeInput(identity, consumer, settings);
    warnSpecial(identity, this.#log);
    return this.#hold(
      new KernelInput({ uapi, identity, fd, released: this.#released, log: this.#log, edges }),
    );
  }

  async pwm(address: LineAddress, consumer: string, settings: PwmSettings): Promise<PwmLine> {
    const identity = this.#started().chips.resolve(address);
    return this.#hold(await this.#pwm.open(identity, consumer, settings, this.#released));
  }

  async servo(address: LineAddress, consumer: string): Promise<ServoLine> {
    const identity = this.#started().chips.resolve(address);
    return this.#hold(await servoOverPwm(this.#pwm, identity, consumer, this.#released));
  }

  get pulses(): PulseCapture {
    return {
      capture: async (line, request) => this.#started().pulses.capture(line, request),
    };
  }

  /** Takes an input with edges, or without where the chip has no interrupts and nobody asked for an edge. */
  #takeInput(
    identity: LineIdentity,
    consumer: string,
    settings: InputSettings,
  ): { fd: number; edges: boolean } {
    const { requests } = this.#started();
    const base =
      FLAG.INPUT | (settings.activeLow ? FLAG.ACTIVE_LOW : 0) | biasFlags(settings.bias ?? 'as-is');
    const debounceUs = Math.round((settings.debounceMs ?? 0) * 1000);
    try {
      const flags = base | edgeFlags(settings.edge ?? 'both');
      const fd = requests.take(identity, {
        consumer,
        config: { flags, debounceUs },
        eventBuffer: INPUT_EVENTS,
      });
      return { fd, edges: true };
    } catch (error) {
      const noInterrupts =
        error instanceof HalError && error.code === 'HAL_UNSUPPORTED' && settings.edge === undefined;
      if (!noInterrupts || debounceUs > 0) throw error;
      return {
        fd: requests.take(identity, { consumer, config: { flags: base }, eventBuffer: 0 }),
        edges: false,
      };
    }
  }

  readonly #released = (line: Line): void => {
    this.#held.delete(line);
  };

  #hold<L extends Line>(line: L): L {
    this.#held.add(line);
    return line;
  }

  #started(): Running {
    if (this.#running === undefined) throw new HalError('HAL_CLOSED', 'the driver chardev is not started');
    return this.#running;
  }
}
