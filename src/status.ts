import type { JsonObject } from '../hal/index.js';

/** `ok` works, `degraded` works in part or waits, `failed` does not work. */
export type PartState = 'ok' | 'degraded' | 'failed';

/** One part of the running instance, as `greenlight status` shows it. */
export interface PartStatus {
  readonly name: string;
  /** `thing`, `function`, `broker`, … */
  readonly kind: string;
  readonly state: PartState;
  /** Why it is not ok, in one sentence. */
  readonly cause?: string;
  /** Counters and gauges, by name. */
  readonly figures?: JsonObject;
}

/** A level of the log that was set while running. */
export interface LevelNote {
  /** Absent: every part that has no level of its own. */
  readonly part?: string;
  readonly level: string;
  /** ISO 8601; absent: until the process ends. */
  readonly until?: string;
}

export interface AppStatus {
  readonly group: string;
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** The worst of all parts. */
  readonly state: PartState;
  readonly parts: readonly PartStatus[];
  /** Absent: the log is as configured. */
  readonly log?: readonly LevelNote[];
}

const ORDER: readonly PartState[] = ['ok', 'degraded', 'failed'];

export function worstOf(parts: readonly PartStatus[]): PartState {
  return ORDER[Math.max(0, ...parts.map((part) => ORDER.indexOf(part.state)))] ?? 'ok';
}
