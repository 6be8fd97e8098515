import type { Clock } from '../../clock.js';

const WRAP_US = 2 ** 32;

/**
 * Turns pigpio's ticks (µs, 32 bits, wrapping after 71.6 minutes) into monotonic nanoseconds. One pair of readings
 * ties the two together; of the moments that fit a tick the one nearest to now is meant.
 */
export class Ticks {
  readonly #anchorTick: number;
  readonly #anchorNs: bigint;

  constructor(
    private readonly clock: Clock,
    getTick: () => number,
  ) {
    this.#anchorTick = getTick();
    this.#anchorNs = clock.monotonicNs();
  }

  toNs(tick: number): bigint {
    const nowUs = Number((this.clock.monotonicNs() - this.#anchorNs) / 1000n);
    const sinceUs = tick - this.#anchorTick;
    const wraps = Math.round((nowUs - sinceUs) / WRAP_US);
    return this.#anchorNs + BigInt(sinceUs + wraps * WRAP_US) * 1000n;
  }
}
