import type { Clock, Log, Timer } from '../../../hal/index.js';
import { quoted } from './why.js';

/** Pairs that are told apart; older ones are counted together. */
const PAIRS = 1_000;
/** Lines that are written per minute, at once for new pairs and at its end for repeated ones, each. */
const LINES = 10;
const MINUTE_MS = 60_000;

export interface Refusal {
  readonly source: string;
  readonly topic: string;
  readonly reason: string;
  readonly count: number;
  /** ISO 8601. */
  readonly last: string;
}

export interface RefusalStatus {
  /** All refusals since start. */
  readonly total: number;
  /** The latest first. */
  readonly refusals: readonly Refusal[];
  /** Counted, but no longer told apart. */
  readonly others: number;
}

interface Entry {
  readonly source: string;
  readonly topic: string;
  readonly reason: string;
  count: number;
  logged: number;
  last: number;
}

/**
 * Refused messages by (source, topic). The first of a pair is logged at once, repetitions once a minute, and never more
 * than {@link LINES} lines of each: a client that floods fills neither log nor memory.
 */
export class Refusals {
  /** Least recently refused first. */
  readonly #entries = new Map<string, Entry>();
  #total = 0;
  #others = 0;
  #linesLeft = LINES;
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  start(): void {
    this.#timer ??= this.clock.every(MINUTE_MS, () => this.#report());
  }

  /** Writes what is not yet written. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#report();
  }

  count(source: string, topic: string, reason: string): void {
    this.#total++;
    const key = `${source}\n${topic}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#makeRoom();
      entry = { source, topic, reason, count: 0, logged: 0, last: 0 };
    } else {
      this.#entries.delete(key);
    }
    entry.count++;
    entry.last = this.clock.now();
    this.#entries.set(key, entry);
    if (entry.count === 1 && this.#linesLeft > 0) {
      this.#linesLeft--;
      entry.logged = 1;
      this.log.warn(
        { source, topic },
        `Message dropped: ${source} published ${quoted(topic)}, but ${reason}`,
      );
    }
  }

  status(): RefusalStatus {
    const refusals = [...this.#entries.values()].reverse().map(({ source, topic, reason, count, last }) => ({
      source,
      topic,
      reason,
      count,
      last: new Date(last).toISOString(),
    }));
    return { total: this.#total, refusals, others: this.#others };
  }

  #makeRoom(): void {
    if (this.#entries.size < PAIRS) return;
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key);
      this.#others += entry.count;
      return;
    }
  }

  #report(): void {
    this.#linesLeft = LINES;
    const news = [...this.#entries.values()]
      .filter((entry) => entry.count > entry.logged)
      .sort((a, b) => b.count - b.logged - (a.count - a.logged));
    for (const entry of news.slice(0, LINES)) {
      const { source, topic, reason, count, logged } = entry;
      this.log.warn(
        { source, topic, count: count - logged },
        `Messages dropped in the last minute: ${source} published ${quoted(topic)}, but ${reason}`,
      );
    }
    const rest = news.slice(LINES);
    if (rest.length > 0) {
      const count = rest.reduce((sum, entry) => sum + entry.count - entry.logged, 0);
      this.log.warn(
        { count, pairs: rest.length },
        'Further messages were dropped; `greenlight status` lists them',
      );
    }
    for (const entry of news) entry.logged = entry.count;
  }
}
