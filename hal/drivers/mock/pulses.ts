import type { Clock } from '../../clock.js';
import type { EdgeEvent, LineIdentity, PulseRequest } from '../../contract.js';
import { HalError } from '../../errors.js';
import type { Level } from './history.js';

/** A level and how long it lasts. */
export interface Pulse {
  readonly level: Level;
  /** Microseconds, > 0. */
  readonly us: number;
}

/**
 * What a device on a line answers when the line is let go after having been driven: the levels that follow, beginning
 * with the released line (usually high through its pull-up). Undefined: no answer.
 */
export type PulseSource = (line: LineIdentity, request: PulseRequest) => readonly Pulse[] | undefined;

/** @throws {HalError} HAL_ARGUMENT when a number is out of its range */
export function checkPulseRequest(line: string, request: PulseRequest): void {
  const { count, driveMs, timeoutMs } = request;
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new HalError('HAL_ARGUMENT', `${line}: count ${count} is not a whole number within 1..1024`);
  }
  if (!(driveMs >= 0) || !(timeoutMs > 0)) {
    throw new HalError(
      'HAL_ARGUMENT',
      `${line}: driveMs ${driveMs} must be ≥ 0 and timeoutMs ${timeoutMs} > 0`,
    );
  }
}

/** The edges of a train that was let go at the present moment; waits as long as the collection would have taken. */
export async function collect(
  train: readonly Pulse[],
  request: PulseRequest,
  clock: Clock,
): Promise<readonly EdgeEvent[]> {
  const start = clock.monotonicNs();
  const limitNs = BigInt(Math.round(request.timeoutMs * 1e6));
  const edges: EdgeEvent[] = [];
  let atNs = 0n;
  let level: Level = 'low';
  for (const pulse of train) {
    if (atNs > limitNs || edges.length === request.count) break;
    if (pulse.level !== level) {
      level = pulse.level;
      const edge = level === 'high' ? 'rising' : 'falling';
      if (request.edge === 'both' || request.edge === edge) {
        edges.push({ edge, timestampNs: start + atNs, sequence: edges.length + 1 });
      }
    }
    atNs += BigInt(Math.round(pulse.us * 1e3));
  }
  const last = edges.at(-1);
  const complete = edges.length === request.count && last !== undefined;
  await clock.sleep(complete ? Number(last.timestampNs - start) / 1e6 : request.timeoutMs);
  return edges;
}
