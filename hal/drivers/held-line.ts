import type { Line, LineIdentity } from '../contract.js';
import { HalError, messageOf } from '../errors.js';
import { describe } from './describe.js';

export interface HeldLineDeps {
  readonly identity: LineIdentity;
  /** Called once, when the line is no longer held. */
  readonly released: (line: Line) => void;
}

/** A line that a driver holds: its identity, closing once, refusing afterwards. */
export abstract class HeldLine implements Line {
  readonly identity: LineIdentity;
  readonly #released: (line: Line) => void;
  #open = true;

  constructor(deps: HeldLineDeps) {
    this.identity = deps.identity;
    this.#released = deps.released;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.letGo();
    } finally {
      this.#released(this);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Leaves the line in its safe state and gives it back. The line counts as closed also when this throws. */
  protected abstract letGo(): void;

  protected assertOpen(): void {
    if (!this.#open) throw new HalError('HAL_CLOSED', `line ${describe(this.identity)} was closed`);
  }

  /** @throws {HalError} HAL_IO that names the line, for any failure of the work */
  protected io<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new HalError('HAL_IO', `${doing} line ${describe(this.identity)}: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}
