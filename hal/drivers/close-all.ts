import type { Line } from '../contract.js';
import { messageOf } from '../errors.js';

/** A line that a driver holds. */
export interface Held extends Line {
  /** The line is active after it is closed, as a red lamp is. */
  readonly endsActive?: boolean;
}

/**
 * Closes every line, one after another, past failures. Those that end inactive come first, so that no lamp is still
 * lit when red comes on.
 * @throws {AggregateError} of those that failed, after all were tried
 */
export async function closeAll(lines: Iterable<Held>): Promise<void> {
  const order = [...lines].sort((a, b) => Number(a.endsActive ?? false) - Number(b.endsActive ?? false));
  const failures: unknown[] = [];
  for (const line of order) {
    try {
      await line.close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join('; '));
}
