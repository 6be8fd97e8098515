import { FunctionError } from './errors.js';
import { failed, type Work, type WorkResult } from './work.js';

export interface Waiting {
  readonly work: Work;
  /** What came of it; for a message nobody waits for this. */
  done(result: WorkResult): void;
}

/** Invocations that wait for one function, in order, at most so many. */
export class WorkQueue {
  #items: Waiting[] = [];
  #head = 0;

  constructor(
    private readonly name: string,
    private readonly limit: number,
  ) {}

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** @returns why it was not accepted; undefined when it was */
  add(waiting: Waiting): FunctionError | undefined {
    if (this.length >= this.limit) {
      return new FunctionError(
        'FUNCTION_QUEUE_FULL',
        `${this.limit} invocations wait for function ${this.name}; this one was dropped`,
      );
    }
    this.#items.push(waiting);
    return undefined;
  }

  take(): Waiting | undefined {
    const waiting = this.#items[this.#head];
    if (waiting === undefined) return undefined;
    this.#head += 1;
    // what was taken goes in one piece, not one by one
    if (this.#head > 512 || this.#head === this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return waiting;
  }

  /** Gives up on all that wait. @returns how many */
  clear(why: string): number {
    let count = 0;
    for (let waiting = this.take(); waiting; waiting = this.take()) {
      waiting.done(failed('Unhandled', why));
      count += 1;
    }
    return count;
  }
}
