import type { Clock } from '../clock.js';
import { HalError, messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { type ClimateReading, type ClimateSensor, MIN_INTERVAL_MS } from './contract.js';
import type { ClimateSource } from './source.js';

/** Tries of one measurement; about three of four reads succeed, so five in six hundred measurements fail thrice. */
export const MAX_TRIES = 3;
/** Random part of the pause in ms, so that two sensors do not keep disturbing each other. */
const JITTER_MS = 500;

export interface PacedDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A sensor at the pace it needs: at least {@link MIN_INTERVAL_MS} between reads, a bounded number of tries. */
export class PacedSensor implements ClimateSensor {
  #last: ClimateReading | undefined;
  #lastReadNs: bigint | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(
    private readonly source: ClimateSource,
    private readonly deps: PacedDeps,
  ) {}

  get name(): string {
    return this.source.name;
  }

  get last(): ClimateReading | undefined {
    return this.#last;
  }

  measure(signal: AbortSignal): Promise<ClimateReading> {
    const both = AbortSignal.any([signal, this.#closing.signal]);
    const measured = this.#tail.then(() => this.#measure(both));
    // The next call waits for this one to end, however; its own caller gets the failure.
    this.#tail = measured.catch(() => {});
    return measured;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new HalError('HAL_CLOSED', `sensor ${this.name} was closed`));
    await this.#tail;
    await this.source.close();
  }

  async #measure(signal: AbortSignal): Promise<ClimateReading> {
    for (let tries = 1; ; tries += 1) {
      await this.#pause(tries > 1, signal);
      signal.throwIfAborted();
      this.#lastReadNs = this.deps.clock.monotonicNs();
      try {
        const values = await this.source.read(signal);
        signal.throwIfAborted();
        this.#last = { ...values, at: this.deps.clock.now(), quality: tries === 1 ? 'good' : 'retried' };
        return this.#last;
      } catch (error) {
        signal.throwIfAborted();
        if (!mayPass(error)) throw error;
        this.deps.log.debug({ sensor: this.name, tries, err: error }, 'sensor gave no reading');
        if (tries >= MAX_TRIES) {
          throw new HalError(
            'HAL_SENSOR',
            `sensor ${this.name}: no reading in ${tries} tries; the last: ${messageOf(error)}`,
            { cause: error },
          );
        }
      }
    }
  }

  async #pause(retry: boolean, signal: AbortSignal): Promise<void> {
    if (this.#lastReadNs === undefined) return;
    const sinceMs = Number(this.deps.clock.monotonicNs() - this.#lastReadNs) / 1e6;
    const waitMs = MIN_INTERVAL_MS + (retry ? this.deps.random() * JITTER_MS : 0) - sinceMs;
    if (waitMs > 0) await this.deps.clock.sleep(waitMs, signal);
  }
}

/** Whether another try makes sense: a line that is held or a package that is missing stays so. */
function mayPass(error: unknown): boolean {
  return error instanceof HalError && (error.code === 'HAL_SENSOR' || error.code === 'HAL_IO');
}
