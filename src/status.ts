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

/** Whether the instance does its work: one answer for whoever asks (`/healthz`, the watchdog, what watches an update). */
export interface Health {
  /** The parts that carry the others work: while they do, the watchdog is fed. */
  readonly carrying: boolean;
  /** Nothing is waited for any more that a light needs to obey, or it has been waited for long enough. */
  readonly ready: boolean;
  /** Carrying and ready, and no part has failed. A part that is degraded does no harm: it works in part, or waits. */
  readonly healthy: boolean;
  /** Why it is not healthy: one sentence for each part. Empty when it is. */
  readonly causes: readonly string[];
}

/**
 * Parts without which the others cannot work. A thing or function in trouble tells so in its shadow and in `status`;
 * starting everything again would not mend it.
 */
const CARRIERS: ReadonlySet<string> = new Set(['gpio', 'core', 'listener']);

/** Parts that readiness does not wait for: a light obeys without them. */
const NOT_AWAITED: ReadonlySet<string> = new Set(['function', 'cloud', 'spool', 'listener']);

/** Seconds after which a start counts as done though things still wait for their core: they are safe, and go on trying. */
export const READY_LIMIT_S = 20;

export function healthOf({ parts, uptimeSeconds }: Pick<AppStatus, 'parts' | 'uptimeSeconds'>): Health {
  const failed = parts.filter(({ state }) => state === 'failed');
  const awaited =
    uptimeSeconds >= READY_LIMIT_S
      ? []
      : parts.filter(({ state, kind }) => state === 'degraded' && !NOT_AWAITED.has(kind));
  const carrying = !failed.some(({ kind }) => CARRIERS.has(kind));
  return {
    carrying,
    ready: awaited.length === 0,
    healthy: failed.length === 0 && awaited.length === 0,
    causes: [
      ...failed.map(({ name, cause }) => `${name} has failed: ${cause ?? 'no cause given'}`),
      ...awaited.map(({ name, cause }) => `${name} is waited for: ${cause ?? 'no cause given'}`),
    ],
  };
}
