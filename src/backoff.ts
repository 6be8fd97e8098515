/** Bounds of the wait between attempts, in ms. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Doubles with each attempt up to the maximum, with full jitter so that many do not come back at once. */
export class Backoff {
  #attempt = 0;

  constructor(
    private readonly limits: BackoffLimits,
    private readonly random: () => number,
  ) {}

  /** The next wait in ms: between a quarter and the whole of the current step. */
  next(): number {
    const step = Math.min(this.limits.maxMs, this.limits.firstMs * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 30);
    return Math.round(step * (0.25 + 0.75 * this.random()));
  }

  /** After a success. */
  reset(): void {
    this.#attempt = 0;
  }
}
