/** How much of each part is written, and until when. */
import { EventEmitter } from 'node:events';
import type { Clock, Timer } from '../../hal/index.js';
import type { LogLevel } from '../config/model.js';

/** Most severe last. */
export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Numbers of the levels, as pino has them. */
export const SEVERITY: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: Number.POSITIVE_INFINITY,
};

/** What a log looks at before each line: lines below are not made. Shared by all logs of one part. */
export interface Threshold {
  readonly severity: number;
}

export interface LogLevelsOptions {
  /** As configured. */
  readonly level: LogLevel;
  readonly parts?: Readonly<Record<string, LogLevel>>;
  readonly clock: Clock;
}

/** A level that was set while running. */
export interface LevelChange {
  readonly level: LogLevel;
  /** Absent: every part that has no level of its own. */
  readonly part?: string;
  /** Time in ms after which the configured level holds again, 1..2^31-1; absent: until the process ends. */
  readonly forMs?: number;
}

/** One row of what holds now. */
export interface LevelView {
  readonly level: LogLevel;
  /** What holds when the change is over. */
  readonly configured: LogLevel;
  /** Set while running, to whatever level. */
  readonly changed: boolean;
  /** ISO 8601; absent: for as long as the process runs. */
  readonly until?: string;
}

export interface LevelsView extends LevelView {
  /** Every part that writes, in alphabetical order. `own`: it does not follow the default. */
  readonly parts: readonly (LevelView & { readonly name: string; readonly own: boolean })[];
}

interface Change {
  readonly level: LogLevel;
  readonly until: number | undefined;
  readonly timer: Timer | undefined;
}

/**
 * The table of levels. A part has the level that was set for it while running, else its configured one, else the
 * default that was set while running, else the configured default. Nothing of it survives the process.
 */
export class LogLevels {
  /** After every change, also the one that time makes: `part` undefined for the default. */
  readonly events = new EventEmitter<{ changed: [part: string | undefined] }>();
  readonly #options: LogLevelsOptions;
  readonly #configured: ReadonlyMap<string, LogLevel>;
  /** By part; undefined is the default. */
  readonly #changes = new Map<string | undefined, Change>();
  readonly #thresholds = new Map<string | undefined, { severity: number }>();

  constructor(options: LogLevelsOptions) {
    this.#options = options;
    this.#configured = new Map(Object.entries(options.parts ?? {}));
  }

  /** What a log of this part looks at; the part is one of {@link view} from now on. */
  threshold(part: string | undefined): Threshold {
    let threshold = this.#thresholds.get(part);
    if (threshold === undefined) {
      threshold = { severity: SEVERITY[this.level(part)] };
      this.#thresholds.set(part, threshold);
    }
    return threshold;
  }

  level(part?: string): LogLevel {
    return this.#changes.get(part)?.level ?? this.#configuredOf(part) ?? this.level();
  }

  /** Replaces what was set before for the same part. */
  set({ level, part, forMs }: LevelChange): void {
    const { clock } = this.#options;
    this.#changes.get(part)?.timer?.cancel();
    const timer = forMs === undefined ? undefined : clock.after(forMs, () => this.reset(part));
    this.#changes.set(part, { level, timer, until: forMs === undefined ? undefined : clock.now() + forMs });
    this.#apply(part);
  }

  /** The configured level again. */
  reset(part: string | undefined): void {
    const change = this.#changes.get(part);
    if (change === undefined) return;
    change.timer?.cancel();
    this.#changes.delete(part);
    this.#apply(part);
  }

  resetAll(): void {
    for (const part of [...this.#changes.keys()]) this.reset(part);
  }

  view(): LevelsView {
    const parts = [...this.#thresholds.keys()].filter((part) => part !== undefined).sort();
    return {
      ...this.#view(undefined),
      parts: parts.map((name) => ({
        name,
        ...this.#view(name),
        own: this.#changes.has(name) || this.#configured.has(name),
      })),
    };
  }

  /** No timer is left behind. */
  close(): void {
    for (const { timer } of this.#changes.values()) timer?.cancel();
  }

  #configuredOf(part: string | undefined): LogLevel | undefined {
    return part === undefined ? this.#options.level : this.#configured.get(part);
  }

  #view(part: string | undefined): LevelView {
    const change = this.#changes.get(part);
    return {
      level: this.level(part),
      configured: this.#configuredOf(part) ?? this.#options.level,
      changed: change !== undefined,
      ...(change?.until !== undefined && { until: new Date(change.until).toISOString() }),
    };
  }

  #apply(part: string | undefined): void {
    for (const [name, threshold] of this.#thresholds) threshold.severity = SEVERITY[this.level(name)];
    this.events.emit('changed', part);
  }
}
