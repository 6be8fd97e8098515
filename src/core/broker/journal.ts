import { messageOf } from '../../../hal/errors.js';
import type { Log } from '../../../hal/log.js';
import { BrokerError } from './errors.js';
import type { SessionChange, SessionStore } from './sessions/contract.js';

/** Called when all that was recorded before is safe, or with why it is not. */
export type Settled = (error: BrokerError | undefined) => void;

/**
 * Gathers what must outlive the process while one commit is under way, and commits it together: however many clients
 * publish, one flush at a time serves them all.
 */
export class Journal {
  #changes: SessionChange[] = [];
  #settled: Settled[] = [];
  #running: Promise<void> | undefined;

  constructor(
    private readonly store: SessionStore,
    private readonly log: Log,
  ) {}

  record(change: SessionChange): void {
    this.#changes.push(change);
    this.#running ??= this.#run();
  }

  /** `settled` is called in order of these calls; at once when nothing is pending. */
  settle(settled: Settled): void {
    if (this.#running === undefined) {
      settled(undefined);
      return;
    }
    this.#settled.push(settled);
  }

  /** Resolves when nothing is pending. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // all that this turn of the event loop brings goes together
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#changes.length > 0 || this.#settled.length > 0) {
      const changes = this.#changes;
      const settled = this.#settled;
      this.#changes = [];
      this.#settled = [];
      let failure: BrokerError | undefined;
      try {
        if (changes.length > 0) await this.store.commit(changes);
      } catch (error) {
        failure = new BrokerError('BROKER_STORE', `sessions are not kept: ${messageOf(error)}`, {
          cause: error,
        });
        this.log.error({ changes: changes.length, error: messageOf(error) }, 'the session store failed');
      }
      for (const callback of settled) callback(failure);
    }
    this.#running = undefined;
  }
}
