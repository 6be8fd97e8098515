/**
 * PWM by the kernel: /sys/class/pwm/pwmchip*\/{export,pwmN/{period,duty_cycle,polarity,enable}}
 * (Documentation/ABI/testing/sysfs-class-pwm). The chip is found by its device path, since its number moves.
 */
import { access, constants, readdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import type { Line, LineIdentity, PwmLine, PwmSettings } from '../contract.js';
import { HalError } from '../errors.js';
import { type PwmChannel, pwmChannelOf } from './channels.js';
import { pwmFailure } from './failure.js';
import { KernelPwmLine } from './line.js';

/** Range of {@link PwmSettings.frequencyHz}; the period is whole nanoseconds below 2^31. */
export const FREQUENCY_HZ = { min: 1, max: 10_000_000 } as const;
/** Time in ms that udev gets to hand the files of an exported channel to this user. */
const PERMISSION_WAIT_MS = 1_000;
const PERMISSION_STEP_MS = 20;

export interface KernelPwmDeps {
  readonly clock: Clock;
  /** Default `/sys/class/pwm`. */
  readonly root?: string;
}

export class KernelPwm {
  readonly #clock: Clock;
  readonly #root: string;
  readonly #holders = new Map<string, string>();

  constructor(deps: KernelPwmDeps) {
    this.#clock = deps.clock;
    this.#root = deps.root ?? '/sys/class/pwm';
  }

  /** True where the kernel has a PWM chip at all. */
  async available(): Promise<boolean> {
    return (await this.#chipNames()).length > 0;
  }

  /**
   * Takes the PWM channel that a line carries, at the given frequency and duty, running.
   * @throws {HalError} HAL_UNSUPPORTED when the line carries none; HAL_UNAVAILABLE when the kernel has no such chip
   * (the overlay is missing); HAL_LINE_BUSY; HAL_PERMISSION; HAL_ARGUMENT
   */
  async open(
    line: LineIdentity,
    consumer: string,
    settings: PwmSettings,
    released: (line: Line) => void = () => {},
  ): Promise<PwmLine> {
    checkSettings(settings);
    const channel = pwmChannelOf(line);
    if (channel === undefined) {
      throw new HalError(
        'HAL_UNSUPPORTED',
        `line ${line.name || line.offset}: has no hardware PWM; use GPIO12, GPIO13, GPIO18 or GPIO19, or the driver pigpio on a Pi 4 or older`,
      );
    }
    const chip = await this.#findChip(channel);
    const folder = join(chip, `pwm${channel.channel}`);
    const holder = this.#holders.get(folder);
    if (holder !== undefined) {
      throw new HalError('HAL_LINE_BUSY', `the PWM channel of line ${line.name} is held by "${holder}"`);
    }
    this.#holders.set(folder, consumer);
    const release = (): void => {
      this.#holders.delete(folder);
    };
    try {
      await this.#export(chip, channel.channel);
      const pwm = new KernelPwmLine({
        identity: line,
        folder,
        unexport: () => writeFile(join(chip, 'unexport'), String(channel.channel)),
        released: (closed) => {
          release();
          released(closed);
        },
      });
      await pwm.configure(settings);
      return pwm;
    } catch (error) {
      release();
      throw error instanceof HalError ? error : pwmFailure(folder, error);
    }
  }

  async #findChip(channel: PwmChannel): Promise<string> {
    for (const name of await this.#chipNames()) {
      const path = join(this.#root, name);
      if (channel.device.test(await realpath(path))) return path;
    }
    throw new HalError(
      'HAL_UNAVAILABLE',
      `the kernel shows no PWM chip for this line; add "${channel.overlay}" to /boot/firmware/config.txt and reboot (analogue audio uses the same hardware: switch it off with "dtparam=audio=off")`,
    );
  }

  /** A channel that is exported already is taken over: a killed process leaves it so. */
  async #export(chip: string, channel: number): Promise<void> {
    try {
      await writeFile(join(chip, 'export'), String(channel));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    }
    const duty = join(chip, `pwm${channel}`, 'duty_cycle');
    for (let waited = 0; ; waited += PERMISSION_STEP_MS) {
      try {
        await access(duty, constants.W_OK);
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // The files appear as root's; udev changes them a moment later.
        if ((code !== 'EACCES' && code !== 'ENOENT') || waited >= PERMISSION_WAIT_MS) throw error;
        await this.#clock.sleep(PERMISSION_STEP_MS);
      }
    }
  }

  async #chipNames(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#root)).filter((name) => /^pwmchip\d+$/.test(name)).sort();
    } catch (error) {
      // No such class: a kernel without PWM.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw pwmFailure(this.#root, error);
    }
  }
}

function checkSettings({ frequencyHz, duty }: PwmSettings): void {
  if (!(frequencyHz >= FREQUENCY_HZ.min && frequencyHz <= FREQUENCY_HZ.max)) {
    throw new HalError(
      'HAL_ARGUMENT',
      `frequencyHz ${frequencyHz}: kernel PWM takes ${FREQUENCY_HZ.min}..${FREQUENCY_HZ.max}`,
    );
  }
  if (!(duty >= 0 && duty <= 1)) throw new HalError('HAL_ARGUMENT', `duty ${duty}: 0..1`);
}
