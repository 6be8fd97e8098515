/** What is handed to a handler, and what came of it. */
import type { JsonObject } from '../../../hal/index.js';

export interface Work {
  readonly id: string;
  readonly payload: Buffer;
  readonly context: ClientContext;
}

/** As handlers see it: `context.client_context.custom` (Python), `context.clientContext.Custom` (Node). */
export interface ClientContext {
  /** For a message: `subject` is its topic, `source` the member that published it. */
  readonly custom?: JsonObject;
  readonly [key: string]: unknown;
}

/** `Handled`: the handler threw. `Unhandled`: it did not come to an end (timeout, memory, exit). */
export type WorkFailure = 'Handled' | 'Unhandled';

export type WorkResult =
  | { readonly ok: true; readonly payload: Buffer }
  | { readonly ok: false; readonly failure: WorkFailure; readonly message: string };

export function failed(failure: WorkFailure, message: string): WorkResult {
  return { ok: false, failure, message };
}

/** How a worker came to its end. `by` is absent when it ended by itself. */
export interface Ending {
  readonly by?: 'stop' | 'idle' | 'timeout' | 'memory' | 'start';
  /** One clause: `exited with code 3`. */
  readonly cause: string;
}

/** Where a handler runs: in this process, or in one of its own. One invocation at a time. */
export interface Worker {
  readonly id: string;
  /** `between`: it has given a result and will be idle soon. */
  readonly state: 'starting' | 'idle' | 'busy' | 'between' | 'ended';
  /** Only when idle. Never rejects: whatever becomes of it is in the result. */
  run(work: Work): Promise<WorkResult>;
  /** Resolves when it has ended. Idempotent. */
  stop(by: 'stop' | 'idle'): Promise<void>;
}

/** What a worker tells the function that it works for. */
export interface WorkerEvents {
  idle(): void;
  /** Once, after the result of the invocation under way. */
  ended(ending: Ending): void;
}
