import { type JsonValue, messageOf } from '../../../hal/index.js';
import type { BuiltinFunction } from './contract.js';
import { type Ending, failed, type Work, type Worker, type WorkerEvents, type WorkResult } from './work.js';

const DONE: WorkResult = { ok: true, payload: Buffer.from('null') };

/** A builtin function as a worker: it runs here, so it is always there and ends only when told. */
export class BuiltinWorker implements Worker {
  #state: Worker['state'] = 'starting';
  #running: Promise<WorkResult> | undefined;

  constructor(
    readonly id: string,
    private readonly fn: BuiltinFunction,
    private readonly events: WorkerEvents,
    /** Tells the function that it is to end. */
    private readonly abort: () => void,
  ) {}

  get state(): Worker['state'] {
    return this.#state;
  }

  /** After the function itself has started. */
  started(): void {
    this.#state = 'idle';
    this.events.idle();
  }

  run(work: Work): Promise<WorkResult> {
    this.#state = 'busy';
    this.#running = this.#invoke(work).then((result) => {
      if (this.#state === 'busy') this.#state = 'idle';
      // a turn later, so that the result is counted before the next invocation begins
      queueMicrotask(() => this.#state === 'idle' && this.events.idle());
      return result;
    });
    return this.#running;
  }

  async stop(by: NonNullable<Ending['by']>): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.abort();
    await this.#running;
    this.events.ended({ by, cause: 'was stopped' });
  }

  async #invoke({ payload, context }: Work): Promise<WorkResult> {
    const { subject, source } = context.custom ?? {};
    try {
      await this.fn.invoke({
        topic: String(subject ?? ''),
        event: JSON.parse(payload.toString('utf8')) as JsonValue,
        from: String(source ?? ''),
      });
      return DONE;
    } catch (error) {
      // an error of that invocation: the caller counts and logs it
      return failed('Handled', messageOf(error));
    }
  }
}
