import { messageOf } from '../hal/index.js';

/** A part that runs. Its constructor has no side effects. */
export interface Service {
  /** Names the part in logs and in `status`. */
  readonly name: string;
  /** Acts. Rejects when it cannot, leaving nothing behind; ends early with the signal's reason when aborted. */
  start(signal: AbortSignal): Promise<void>;
  /** Undoes what start did. Idempotent; also called after a start that failed half-way. */
  stop(): Promise<void>;
}

/** Time in ms that all stops together may take. */
export const STOP_LIMIT_MS = 5_000;

/**
 * Services in the order in which they started, stopped in reverse order, past failures.
 * A stop that hangs is left behind after its share of {@link STOP_LIMIT_MS}, so that the ones below it still run.
 */
export class ServiceStack {
  readonly #started: Service[] = [];

  constructor(private readonly stepLimitMs = STOP_LIMIT_MS / 2) {}

  /** Starts a service; when that fails the service is stopped and the error passed on. */
  async start(service: Service, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#started.push(service);
    await service.start(signal);
  }

  /** Stops all, last first. @throws {AggregateError} of every stop that failed or hung, after all were tried */
  async stop(): Promise<void> {
    const failures: Error[] = [];
    for (let service = this.#started.pop(); service; service = this.#started.pop()) {
      const { name } = service;
      try {
        await withLimit(service.stop(), this.stepLimitMs);
      } catch (error) {
        failures.push(new Error(`stopping ${name}: ${messageOf(error)}`, { cause: error }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((f) => f.message).join('; '));
  }
}

function withLimit(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
