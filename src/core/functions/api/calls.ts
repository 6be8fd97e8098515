/** What the local HTTP API needs of the functions. */
import type { JsonValue } from '../../../../hal/index.js';
import type { FunctionLines } from '../lines.js';
import type { ProcessWorker } from '../process/worker.js';
import type { ClientContext, WorkResult } from '../work.js';

export interface Caller {
  /** The function's name. */
  readonly name: string;
  readonly worker: ProcessWorker;
  /** GPIO lines that the function was granted. */
  readonly lines: readonly string[];
  /** Results that were asked for and not fetched, by invocation id. They go with the process. */
  readonly results: Map<string, Promise<WorkResult>>;
  log(line: string): void;
}

/** `Starting`, `Working`, `Waiting`, `Terminated`: the words of the V1 health API. */
export interface WorkerHealth {
  readonly FuncArn: string;
  readonly WorkerId: string;
  readonly ProcessId: string;
  readonly WorkerState: string;
}

export interface ApiCalls {
  readonly lines: Pick<FunctionLines, 'read' | 'write'>;
  caller(token: string): Caller | undefined;
  /** The subscription table decides who gets it. */
  publish(from: string, topic: string, payload: Buffer): Promise<void>;
  /** Body of the accepted or the rejected message. */
  shadow(from: string, topic: string, payload: Buffer): Promise<object>;
  /** @throws {FunctionError} FUNCTION_UNKNOWN, FUNCTION_QUEUE_FULL */
  invoke(name: string, payload: Buffer, context: ClientContext): Promise<WorkResult>;
  credentials(name: string): Promise<JsonValue | undefined>;
  /** Undefined: the group has no such function. */
  health(name?: string): readonly WorkerHealth[] | undefined;
}
