/**
 * Durations as configuration writes them: `500ms`, `20s`, `1.5m`, `1h`, `7d`.
 */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The form of a duration, also for the published schema. */
export const DURATION_PATTERN = '^\\d+(\\.\\d+)?(ms|s|m|h|d)$';
export const MIN_DURATION_MS = 1;
export const MAX_DURATION_MS = 365 * 86_400_000;

/** What a duration is, for messages and documentation. */
export const DURATION_RULE = 'a number with ms, s, m, h or d, such as 500ms, 20s or 5m (1ms to 365d)';

/** @returns milliseconds, whole; undefined when it is no duration from 1 ms to 365 days in whole milliseconds */
export function parseDuration(text: string): number | undefined {
  const match = text.length > 32 ? null : /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  const exact = Number(match[1]) * UNIT_MS[match[2]!]!;
  const ms = Math.round(exact);
  // Decimal fractions of a second are not exact in binary: 1.1s is 1100.0000000000002 ms.
  if (Math.abs(exact - ms) > 1e-6 || ms < MIN_DURATION_MS || ms > MAX_DURATION_MS) return undefined;
  return ms;
}
