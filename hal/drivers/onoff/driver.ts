import { type LineAddress, parseAddress } from '../../address.js';
import type { Clock } from '../../clock.js';
import type {
  Capabilities,
  ChipInfo,
  Drive,
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
import { KernelPwm, servoOverPwm } from '../../pwm/index.js';
import { describe } from '../describe.js';
import { HeldLines } from '../held-lines.js';
import { HEADER_CHIPS, specialFunction } from '../special-lines.js';
import { unknownLine } from '../unknown-line.js';
import { SysfsInput, SysfsOutput } from './lines.js';
import { loadOnoff, type OnoffConstructor, type OnoffGpio } from './package.js';
import { findChips, lineName, lineState, SYSFS_ROOT, type SysfsChip } from './sysfs.js';

export interface OnoffDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Default `/sys/class/gpio`; the package itself knows no other. */
  readonly root?: string;
  /** Default: the package. */
  readonly load?: () => Promise<OnoffConstructor>;
  /** Default: the kernel's /sys/class/pwm. */
  readonly pwm?: KernelPwm;
}

interface Found {
  readonly chip: SysfsChip;
  readonly identity: LineIdentity;
  /** The line's number in sysfs. */
  readonly number: number;
}

/** GPIO through sysfs, for systems whose kernel or Node cannot do better. */
export class OnoffDriver implements GpioDriver {
  readonly name = 'onoff';
  readonly pulses = undefined;
  readonly #root: string;
  readonly #pwm: KernelPwm;
  /** sysfs itself keeps no consumers. */
  readonly #held: HeldLines;
  #chips: readonly SysfsChip[] = [];
  #Gpio: OnoffConstructor | undefined;
  #hasPwm = false;

  constructor(private readonly deps: OnoffDeps) {
    this.#root = deps.root ?? SYSFS_ROOT;
    this.#held = new HeldLines(deps.log);
    this.#pwm = deps.pwm ?? new KernelPwm({ clock: deps.clock });
  }

  /** `pwm` and `servo` are known after start: they need a PWM chip in the kernel. */
  get capabilities(): Capabilities {
    return {
      bias: false,
      drive: false,
      edges: true,
      debounce: 'software',
      timestamps: 'callback',
      atomicInitial: true,
      pwm: this.#hasPwm,
      servo: this.#hasPwm,
      pulseCapture: false,
      simulated: false,
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.#Gpio) return;
    this.#chips = findChips(this.#root);
    this.#Gpio = await (this.deps.load ?? loadOnoff)();
    this.#hasPwm = await this.#pwm.available();
    signal.throwIfAborted();
  }

  async stop(): Promise<void> {
    this.#Gpio = undefined;
    await this.#held.close();
  }

  async chips(): Promise<readonly ChipInfo[]> {
    this.#started();
    return this.#chips.map(({ name, label, lines }) => ({ name, label, lines }));
  }

  async lines(): Promise<readonly LineInfo[]> {
    this.#started();
    return this.#chips.flatMap((chip) =>
      Array.from({ length: chip.lines }, (_, offset) => this.#info(chip, offset)),
    );
  }

  async resolve(address: LineAddress): Promise<LineIdentity> {
    this.#started();
    return this.#find(address).identity;
  }

  async output(address: LineAddress, consumer: string, settings: OutputSettings): Promise<OutputLine> {
    refuseBias(settings.bias);
    refuseDrive(settings.drive);
    const { initial, activeLow = false, safe = 'inactive' } = settings;
    const Gpio = this.#started();
    const found = this.#find(address);
    // The direction files "high" and "low" set direction and electrical level in one step, whatever active_low says.
    const direction = (initial === 'active') !== activeLow ? 'high' : 'low';
    const { identity, number } = found;
    return this.#held.take(identity, consumer, (released) => {
      const gpio = this.#export(found, () => new Gpio(number, direction, undefined, { activeLow }));
      return new SysfsOutput({ identity, gpio, released }, safe);
    });
  }

  async input(address: LineAddress, consumer: string, settings: InputSettings = {}): Promise<InputLine> {
    refuseBias(settings.bias);
    const { activeLow = false, edge: wanted = 'both', debounceMs = 0 } = settings;
    if (!(debounceMs >= 0 && Number.isFinite(debounceMs))) {
      throw new HalError('HAL_ARGUMENT', `debounceMs ${debounceMs} is not a time in ms from 0`);
    }
    const Gpio = this.#started();
    const found = this.#find(address);
    const edge = debounceMs > 0 ? 'both' : wanted;
    const { identity, number } = found;
    const { clock, log } = this.deps;
    const line = this.#held.take(identity, consumer, (released) => {
      const gpio = this.#export(found, () => new Gpio(number, 'in', edge, { activeLow }));
      return new SysfsInput({ identity, gpio, released, clock, log, edge });
    });
    return debounceMs > 0 ? debounced(line, { clock, log, periodMs: debounceMs, edge: wanted }) : line;
  }

  async pwm(address: LineAddress, consumer: string, settings: PwmSettings): Promise<PwmLine> {
    this.#started();
    const { identity } = this.#find(address);
    return this.#held.hold(await this.#pwm.open(identity, consumer, settings, this.#held.released));
  }

  async servo(address: LineAddress, consumer: string): Promise<ServoLine> {
    this.#started();
    const { identity } = this.#find(address);
    return this.#held.hold(await servoOverPwm(this.#pwm, identity, consumer, this.#held.released));
  }

  #export({ identity, number }: Found, make: () => OnoffGpio): OnoffGpio {
    if (lineState(number, this.#root).exported) {
      this.deps.log.warn(
        { line: identity.name },
        `${identity.name} is exported already, by a program that was killed or one that still runs; it is taken over`,
      );
    }
    try {
      return make();
    } catch (cause) {
      throw takeFailure(identity, cause);
    }
  }

  #find(address: LineAddress): Found {
    const parsed = parseAddress(address);
    if (parsed.kind === 'offset') {
      const chip = this.#chips.find((each) => each.label === parsed.chip || each.name === parsed.chip);
      if (chip === undefined || parsed.offset >= chip.lines) {
        const known = this.#chips.map((each) => `${each.label} (${each.lines} lines)`).join(', ');
        throw new HalError(
          'HAL_LINE_UNKNOWN',
          `no line { chip: ${parsed.chip}, offset: ${parsed.offset} }; here are ${known}`,
        );
      }
      return found(chip, parsed.offset);
    }
    const header = this.#chips.find((chip) => HEADER_CHIPS.includes(chip.label));
    const number = /^GPIO(\d{1,2})$/.exec(parsed.name);
    if (header && number && Number(number[1]) < header.lines) return found(header, Number(number[1]));
    const names = header ? Array.from({ length: header.lines }, (_, offset) => `GPIO${offset}`) : [];
    throw unknownLine(parsed.name, names);
  }

  #info(chip: SysfsChip, offset: number): LineInfo {
    const { identity, number } = found(chip, offset);
    const state = lineState(number, this.#root);
    const special = specialFunction(chip.label, offset);
    return {
      ...identity,
      direction: state.direction,
      activeLow: state.activeLow,
      bias: 'as-is',
      consumer: this.#held.consumerOf(identity) ?? (state.exported ? 'sysfs' : undefined),
      ...(special === undefined ? {} : { special }),
    };
  }

  #started(): OnoffConstructor {
    if (this.#Gpio === undefined) throw new HalError('HAL_CLOSED', 'the driver onoff is not started');
    return this.#Gpio;
  }
}

function found(chip: SysfsChip, offset: number): Found {
  return {
    chip,
    identity: { chip: chip.label, offset, name: lineName(chip, offset) },
    number: chip.base + offset,
  };
}

function refuseBias(bias: OutputSettings['bias']): void {
  if (bias === undefined || bias === 'as-is') return;
  throw new HalError(
    'HAL_UNSUPPORTED',
    `bias ${bias}: sysfs cannot set it; use the driver chardev or pigpio, "gpio=N=pu" in config.txt, or a resistor`,
  );
}

function refuseDrive(drive: Drive | undefined): void {
  if (drive === undefined || drive === 'push-pull') return;
  throw new HalError('HAL_UNSUPPORTED', `drive ${drive}: sysfs cannot set it; use the driver chardev`);
}

function takeFailure(line: LineIdentity, cause: unknown): HalError {
  const code = (cause as NodeJS.ErrnoException).code;
  const where = describe(line);
  switch (code) {
    case 'EBUSY':
      return new HalError(
        'HAL_LINE_BUSY',
        `line ${where} is held by another program or the kernel; sysfs does not name it, "greenlight gpio" with the driver chardev does`,
        { cause },
      );
    case 'EACCES':
    case 'EPERM':
      return new HalError(
        'HAL_PERMISSION',
        `line ${where}: sysfs denies access; add this user to the group gpio ("sudo usermod -aG gpio USER", then log in again)`,
        { cause },
      );
    default:
      return new HalError('HAL_IO', `taking line ${where}: ${messageOf(cause)}`, { cause });
  }
}
