import type { LineValue } from '../../contract.js';

/** Electrical level of a line. */
export type Level = 'high' | 'low';

/** What brought an entry about. `outside`: driven by {@link MockBoard.drive} or a switch. */
export type Cause = 'request' | 'write' | 'release' | 'outside' | 'wire' | 'fault';

/** One change of a line: its level, or who holds it. */
export interface HistoryEntry {
  /** Counts all entries of the board from 1: the order of changes, also within one nanosecond. */
  readonly ordinal: number;
  /** Monotonic time of the board's clock. */
  readonly atNs: bigint;
  readonly line: string;
  readonly level: Level;
  /** Logical value by the polarity of the last request. */
  readonly value: LineValue;
  /** The chip drives the line (it is an output, held or left so). */
  readonly driven: boolean;
  readonly consumer: string | undefined;
  readonly cause: Cause;
}

/** The latest `limit` entries of one line. */
export class History {
  readonly #entries: HistoryEntry[] = [];
  #next = 0;

  constructor(private readonly limit: number) {}

  add(entry: HistoryEntry): void {
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.limit;
  }

  /** Oldest first. */
  entries(): readonly HistoryEntry[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
  }
}

/**
 * Moments at which more than one of `lines` was driven active: the proof, or the disproof, of "never two lamps".
 * @param entries in order, as {@link MockBoard.journal} gives them
 */
export function overlaps(
  entries: readonly HistoryEntry[],
  lines: readonly string[],
): readonly { readonly atNs: bigint; readonly lines: readonly string[] }[] {
  const active = new Set<string>();
  const found: { atNs: bigint; lines: string[] }[] = [];
  for (const entry of entries) {
    if (!lines.includes(entry.line)) continue;
    if (!(entry.driven && entry.value === 'active')) active.delete(entry.line);
    else if (!active.has(entry.line)) {
      active.add(entry.line);
      if (active.size > 1) found.push({ atNs: entry.atNs, lines: [...active] });
    }
  }
  return found;
}
