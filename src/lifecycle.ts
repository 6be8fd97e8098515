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

/** Part of what is left that one stop may take, so that those after it still get their turn. */
const STEP_SHARE = 0.5;

/** Services in the order in which they started, stopped in reverse order, past failures. */
export class ServiceStack {
  readonly #started: Service[] = [];

  constructor(private readonly limitMs = STOP_LIMIT_MS) {}

  /** Starts a service; it is stopped by {@link stop} also when its start failed. */
  async start(service: Service, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#started.push(service);
    await service.start(signal);
  }

  /**
   * Stops all, last first, within the limit: a stop that hangs is left behind after half of the time that is left.
   * @throws {AggregateError} of every stop that failed or hung, after all were tried
   */
  async stop(): Promise<void> {
    const failures: Error[] = [];
    const end = performance.now() + this.limitMs;
    for (let service = this.#started.pop(); service; service = this.#started.pop()) {
      const { name } = service;
      try {
        await withLimit(service.stop(), Math.max(0, end - performance.now()) * STEP_SHARE);
      } catch (error) {
        failures.push(new Error(`stopping ${name}: ${messageOf(error)}`, { cause: error }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((f) => f.message).join('; '));
  }
}

/** Services that do not depend on each other, started and stopped at the same time. */
export class Together implements Service {
  constructor(
    readonly name: string,
    private readonly members: readonly Service[],
  ) {}

  /** Rejects with the first failure, after all have ended their start. */
  async start(signal: AbortSignal): Promise<void> {
    const failed = (await Promise.allSettled(this.members.map((member) => member.start(signal)))).find(
      isRejected,
    );
    if (failed) throw failed.reason;
  }

  async stop(): Promise<void> {
    const outcomes = await Promise.allSettled(this.members.map((member) => member.stop()));
    const failures = outcomes.filter(isRejected).map(({ reason }) => reason as unknown);
    if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join('; '));
  }
}

function isRejected(outcome: PromiseSettledResult<void>): outcome is PromiseRejectedResult {
  return outcome.status === 'rejected';
}

function withLimit(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not done after ${Math.round(ms)} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
