import type { Clock, Log } from '../../hal/index.js';

/** Lines a second of one part: more would keep the event loop waiting for whoever reads the log. */
export const DEBUG_LINES_PER_SECOND = 200;

/** Debug lines of what may happen thousands of times a second. What is too much is counted, and told a second later. */
export class DebugBudget {
  #second = 0;
  #written = 0;
  #skipped = 0;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  debug(fields: object, message: string): void {
    const second = Math.floor(Number(this.clock.monotonicNs() / 1_000_000n) / 1_000);
    if (second !== this.#second) {
      this.end();
      this.#second = second;
      this.#written = 0;
    }
    if (this.#written === DEBUG_LINES_PER_SECOND) {
      this.#skipped += 1;
      return;
    }
    this.#written += 1;
    this.log.debug(fields, message);
  }

  /** Tells of what was left out so far. */
  end(): void {
    if (this.#skipped === 0) return;
    this.log.debug({ skipped: this.#skipped }, `${this.#skipped} more lines were left out`);
    this.#skipped = 0;
  }
}
