/** Bounds of the function runtime. Defaults are those of AWS IoT Greengrass where it has one. */
export interface FunctionLimits {
  /** Invocations that wait for one function; beyond, new ones are dropped and counted (maxWorkItemCount). */
  readonly queued: number;
  /** Processes of all functions that are not pinned (maxConcurrentLimit). */
  readonly onDemandWorkers: number;
  /** Processes that start at the same time: more only slow each other down. */
  readonly starting: number;
  /** Time in ms until a process that is not pinned must have asked for work (postStartHealthCheckTimeout). */
  readonly startMs: number;
  /** Time in ms after which an idle process that is not pinned is ended. */
  readonly idleMs: number;
  /** Time in ms between SIGTERM and SIGKILL. */
  readonly stopMs: number;
  /** Time in ms between two looks at the memory of the processes. */
  readonly memoryEveryMs: number;
  /** Wait in ms before a process that ended by itself is started again: the first, and the longest; it doubles. */
  readonly restart: { readonly firstMs: number; readonly maxMs: number };
  /** Bytes of one request to the local HTTP API. */
  readonly bodyBytes: number;
  /** Bytes of a message that a function publishes. */
  readonly messageBytes: number;
  /** Results that one process has asked for and not fetched. */
  readonly pendingResults: number;
  /** Lines that one function logs in a second; more are counted and left out. */
  readonly linesPerSecond: number;
}

export const FUNCTION_LIMITS: FunctionLimits = {
  queued: 1_024,
  onDemandWorkers: 25,
  starting: 4,
  startMs: 30_000,
  idleMs: 60_000,
  stopMs: 1_000,
  memoryEveryMs: 250,
  restart: { firstMs: 1_000, maxMs: 60_000 },
  bodyBytes: 1_048_576,
  messageBytes: 131_072,
  pendingResults: 256,
  linesPerSecond: 500,
};
