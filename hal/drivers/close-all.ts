import type { Line } from '../contract.js';
import { messageOf } from '../errors.js';

/** Closes every line, past failures. @throws {AggregateError} of those that failed, after all were tried */
export async function closeAll(lines: Iterable<Line>): Promise<void> {
  const results = await Promise.allSettled([...lines].map((line) => line.close()));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join('; '));
}
