import type { JsonObject } from '../../../hal/index.js';
import type { Ending, WorkResult } from './work.js';

/**
 * What became of the invocations of one function. Every one that came is in exactly one of `running`, `succeeded`,
 * `errors` and `dropped`, or still waiting.
 */
export class Counters {
  invocations = 0;
  /** Under way. */
  running = 0;
  succeeded = 0;
  /** Threw, timed out, ran out of memory or ended before they were done. */
  errors = 0;
  /** Not accepted because too many waited, or still waiting when the function was stopped. */
  dropped = 0;
  /** Of `errors`. */
  timeouts = 0;
  /** Processes ended for their memory; processes that ended by themselves; processes started again. */
  memoryKills = 0;
  exits = 0;
  restarts = 0;

  result(result: WorkResult): void {
    if (result.ok) this.succeeded += 1;
    else this.errors += 1;
  }

  ending({ by }: Ending): void {
    if (by === undefined) this.exits += 1;
    if (by === 'memory') this.memoryKills += 1;
    if (by === 'timeout') this.timeouts += 1;
  }

  figures(): JsonObject {
    const { invocations, running, succeeded, errors, dropped, timeouts, memoryKills, exits, restarts } = this;
    return { invocations, running, succeeded, errors, dropped, timeouts, memoryKills, exits, restarts };
  }
}
