import type { Timer } from '../hal/index.js';
import type { RoleContext } from './contract.js';
import { failure } from './faults.js';

export interface SamplerOptions<Reading> {
  /** Time in ms between measurements; one that takes longer delays the next. */
  readonly everyMs: number;
  measure(signal: AbortSignal): Promise<Reading>;
  /** Called with each measurement, never after {@link Sampler.stop}. */
  taken(reading: Reading): void;
}

/** Measures at an interval. Failing is the role's fault, told once, and so is its end. */
export class Sampler<Reading> {
  readonly #ended = new AbortController();
  #beat: Timer | undefined;
  #measuring: Promise<void> | undefined;
  #failing = false;

  constructor(
    private readonly context: RoleContext,
    private readonly options: SamplerOptions<Reading>,
  ) {}

  /** The first measurement begins now. */
  start(): void {
    this.#beat = this.context.clock.every(this.options.everyMs, () => this.#measure());
    this.#measure();
  }

  /** Breaks off the measurement under way, and waits for its end. */
  async stop(): Promise<void> {
    this.#ended.abort();
    this.#beat?.cancel();
    await this.#measuring;
  }

  #measure(): void {
    this.#measuring ??= this.#take().finally(() => {
      this.#measuring = undefined;
    });
  }

  async #take(): Promise<void> {
    const { signal } = this.#ended;
    const { context } = this;
    try {
      const reading = await this.options.measure(signal);
      if (signal.aborted) return;
      if (this.#failing) context.fault(undefined);
      this.#failing = false;
      this.options.taken(reading);
    } catch (error) {
      if (signal.aborted) return;
      if (!this.#failing) {
        const fault = failure(error);
        context.log.warn({ thing: context.thing, code: fault.code }, fault.message);
        context.fault(fault);
      }
      this.#failing = true;
    }
  }
}
