import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Line, LineIdentity, PwmLine, PwmSettings } from '../contract.js';
import { HalError } from '../errors.js';
import { pwmFailure } from './failure.js';

export interface KernelPwmLineDeps {
  readonly identity: LineIdentity;
  /** The channel's folder. */
  readonly folder: string;
  readonly unexport: () => Promise<void>;
  readonly released: (line: Line) => void;
}

/** One exported channel. Writes go to the kernel in call order. */
export class KernelPwmLine implements PwmLine {
  readonly identity: LineIdentity;
  #periodNs = 0;
  #open = true;
  #tail: Promise<void> = Promise.resolve();

  constructor(private readonly deps: KernelPwmLineDeps) {
    this.identity = deps.identity;
  }

  /** Sets period, polarity and duty and starts the output. The kernel refuses a duty above the period at any moment. */
  async configure(settings: PwmSettings): Promise<void> {
    this.#periodNs = Math.round(1e9 / settings.frequencyHz);
    // A fresh channel has no period, and refuses every other file until it has one.
    if ((await this.#read('period')) > 0) {
      // Polarity can only change while the channel is off.
      await this.#write('enable', '0');
      await this.#write('duty_cycle', '0');
    }
    await this.#write('period', String(this.#periodNs));
    await this.#setPolarity(settings.activeLow === true);
    await this.#write('duty_cycle', String(Math.round(settings.duty * this.#periodNs)));
    await this.#write('enable', '1');
  }

  async setDuty(duty: number): Promise<void> {
    this.#assertOpen();
    if (!(duty >= 0 && duty <= 1)) throw new HalError('HAL_ARGUMENT', `duty ${duty}: 0..1`);
    return this.#queue(() => this.#write('duty_cycle', String(Math.round(duty * this.#periodNs))));
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    return this.#queue(async () => {
      try {
        await this.#write('duty_cycle', '0');
        await this.#write('enable', '0');
        await this.deps.unexport();
      } catch (error) {
        throw error instanceof HalError ? error : pwmFailure(this.deps.folder, error);
      } finally {
        this.deps.released(this);
      }
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #setPolarity(inversed: boolean): Promise<void> {
    try {
      await writeFile(join(this.deps.folder, 'polarity'), inversed ? 'inversed' : 'normal');
    } catch (error) {
      // A chip that knows one polarity only has no such file, or refuses any write to it.
      if (inversed) {
        throw new HalError(
          'HAL_UNSUPPORTED',
          `${this.deps.folder}: this PWM chip cannot invert; leave out activeLow and wire the load to ground`,
          { cause: error },
        );
      }
    }
  }

  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(work);
    // The next call waits for this one to end, however; the caller gets the failure.
    this.#tail = done.catch(() => {});
    return done;
  }

  async #read(file: string): Promise<number> {
    const path = join(this.deps.folder, file);
    try {
      return Number(await readFile(path, 'utf8'));
    } catch (error) {
      throw pwmFailure(path, error);
    }
  }

  async #write(file: string, value: string): Promise<void> {
    const path = join(this.deps.folder, file);
    try {
      await writeFile(path, value);
    } catch (error) {
      throw pwmFailure(path, error);
    }
  }

  #assertOpen(): void {
    if (!this.#open) throw new HalError('HAL_CLOSED', `PWM line ${this.identity.name} was closed`);
  }
}
