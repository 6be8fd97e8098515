import type { Clock } from '../../../hal/index.js';
import { type ShadowError, tooManyRequests } from './errors.js';
import type { ShadowLimits } from './limits.js';

/** Things counted within one second at most; a second that sees more takes no request for yet another. */
const MAX_COUNTED_THINGS = 10_000;

type AdmissionLimits = Pick<
  ShadowLimits,
  'inFlightPerClient' | 'requestsPerSecondPerThing' | 'pendingRequests' | 'pendingBytes'
>;

/** Counts the unanswered requests and says when there are too many. */
export class Admission {
  readonly #inFlight = new Map<string, number>();
  readonly #thisSecond = new Map<string, number>();
  #second = 0;
  #requests = 0;
  #bytes = 0;

  constructor(
    private readonly limits: AdmissionLimits,
    private readonly clock: Clock,
  ) {}

  get requests(): number {
    return this.#requests;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a client's request in, to be given back by {@link leave}; or says why not. */
  enterFrom(client: string, thing: string, bytes: number): ShadowError | undefined {
    const unanswered = this.#inFlight.get(client) ?? 0;
    if (unanswered >= this.limits.inFlightPerClient || this.#isTooFast(thing)) return tooManyRequests();
    const full = this.enter(bytes);
    if (full === undefined) this.#inFlight.set(client, unanswered + 1);
    return full;
  }

  /** Takes a request of this process in: only the common bounds hold. */
  enter(bytes: number): ShadowError | undefined {
    const { pendingRequests, pendingBytes } = this.limits;
    // a single request always fits, whatever its size
    const isFull =
      this.#requests >= pendingRequests || (this.#requests > 0 && this.#bytes + bytes > pendingBytes);
    if (isFull) return tooManyRequests();
    this.#requests += 1;
    this.#bytes += bytes;
    return undefined;
  }

  leave(bytes: number, client?: string): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
    if (client === undefined) return;
    const unanswered = (this.#inFlight.get(client) ?? 0) - 1;
    if (unanswered > 0) this.#inFlight.set(client, unanswered);
    else this.#inFlight.delete(client);
  }

  #isTooFast(thing: string): boolean {
    const { requestsPerSecondPerThing: limit } = this.limits;
    if (limit === 0) return false;
    const second = Math.floor(this.clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#thisSecond.clear();
    }
    const count = this.#thisSecond.get(thing) ?? 0;
    if (count >= limit || (count === 0 && this.#thisSecond.size >= MAX_COUNTED_THINGS)) return true;
    this.#thisSecond.set(thing, count + 1);
    return false;
  }
}
