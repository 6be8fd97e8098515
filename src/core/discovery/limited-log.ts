import type { Clock, Log } from '../../../hal/index.js';

/** Lines per minute. */
const LINES = 20;
const MINUTE_MS = 60_000;

/** Warnings about what strangers do: so many a minute, the rest counted, so that nobody can fill the disk from outside. */
export class LimitedLog {
  readonly #clock: Clock;
  readonly #log: Log;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #withheld = 0;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  warn(fields: object, message: string): void {
    const now = Number(this.#clock.monotonicNs() / 1_000_000n);
    if (now - this.#since >= MINUTE_MS) {
      if (this.#withheld > 0)
        this.#log.warn({ count: this.#withheld }, 'Further lines of this kind were withheld');
      this.#since = now;
      this.#lines = 0;
      this.#withheld = 0;
    }
    if (this.#lines < LINES) {
      this.#lines++;
      this.#log.warn(fields, message);
    } else {
      this.#withheld++;
    }
  }
}
