/** Curves over what is kept: telemetry and batches, thinned out to what a chart can show. */
import type { Clock, JsonObject } from '../../hal/index.js';
import type { CarStatsRow } from '../aggregator/batch.js';

/** What sensors published, as it is kept. */
export interface TelemetryRecords {
  /** Things of which there are records. */
  things(): Promise<readonly string[]>;
  /** A part of a thing's records, oldest first, from `since` (ms since the epoch) or after an earlier part's `next`. */
  read(
    thing: string,
    from: { readonly since?: number; readonly next?: string },
  ): Promise<{
    readonly records: readonly { readonly at: number; readonly values: JsonObject }[];
    readonly next?: string;
  }>;
}

export const RANGES = { '1h': 3_600_000, '1d': 86_400_000, '7d': 7 * 86_400_000 } as const;
export type Range = keyof typeof RANGES;

/** Points of a curve at most. */
export const POINTS = 240;
/** Least time in ms that a point stands for. */
const SHORTEST_MS = 1_000;
/** Curves of one thing at most. */
const FIELDS = 6;
/** ms for which an answer serves every page: what twenty pages ask costs the disk once. */
const FRESH_MS: Readonly<Record<Range, number>> = { '1h': 2_000, '1d': 10_000, '7d': 30_000 };
/** Answers kept. */
const KEPT = 64;
const CAR_ROWS = 100_000;
/** Numbers that are no measurement: moments and counters of messages. */
const NO_MEASUREMENT = /^(at|time|timestamp|sequence)$|At$/;

/** A curve by columns, as charts want it. Each point is what fell into one span of time. */
export interface Curve {
  /** Seconds since the epoch; the middle of what was measured. */
  readonly time: readonly number[];
  readonly mean: readonly number[];
  readonly least: readonly number[];
  readonly most: readonly number[];
}

export interface TelemetryCurves {
  readonly from: number;
  readonly to: number;
  readonly fields: Readonly<Record<string, Curve>>;
}

export interface CarCurves {
  readonly from: number;
  readonly to: number;
  /** Per light: the total after the last batch of each span, and cars of all its batches; null where nothing tells. */
  readonly things: Readonly<
    Record<string, { readonly time: number[]; readonly total: number[]; readonly passed: (number | null)[] }>
  >;
}

export interface HistoryDeps {
  readonly clock: Clock;
  readonly telemetry: TelemetryRecords;
  cars(limit: number, since?: number): Promise<{ readonly rows: readonly CarStatsRow[] }>;
}

/** Answers for charts. One is made at a time, so that a page that asks for much does not hold up the rest. */
export class History {
  readonly #deps: HistoryDeps;
  readonly #answers = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  telemetry(thing: string, range: Range): Promise<TelemetryCurves> {
    return this.#fresh(`telemetry ${range} ${thing}`, FRESH_MS[range], () => this.#telemetry(thing, range));
  }

  cars(range: Range): Promise<CarCurves> {
    return this.#fresh(`cars ${range}`, FRESH_MS[range], () => this.#cars(range));
  }

  #fresh<T>(key: string, ms: number, make: () => Promise<T>): Promise<T> {
    const now = this.#deps.clock.now();
    const known = this.#answers.get(key);
    // a clock that was set back makes nothing fresh for ever
    if (known !== undefined && Math.abs(now - known.at) < ms) return known.answer as Promise<T>;
    const answer = this.#tail.then(make);
    // whoever asked hears of a failure; the next one in line is made anyhow
    this.#tail = answer.catch(() => this.#answers.delete(key));
    this.#answers.delete(key);
    this.#answers.set(key, { at: now, answer });
    if (this.#answers.size > KEPT) this.#answers.delete(this.#answers.keys().next().value!);
    return answer;
  }

  async #telemetry(thing: string, range: Range): Promise<TelemetryCurves> {
    const { from, to } = this.#within(range);
    const fields = new Map<string, Spans>();
    let width: number | undefined;
    let next: string | undefined;
    do {
      const page = await this.#deps.telemetry.read(thing, next === undefined ? { since: from } : { next });
      width ??= spanOf(range, to - (page.records[0]?.at ?? to));
      for (const { at, values } of page.records) {
        for (const [name, value] of Object.entries(values)) {
          if (typeof value !== 'number' || NO_MEASUREMENT.test(name)) continue;
          let spans = fields.get(name);
          if (spans === undefined) {
            if (fields.size >= FIELDS) continue;
            spans = new Spans(width);
            fields.set(name, spans);
          }
          spans.add(at, value);
        }
      }
      next = page.next;
    } while (next !== undefined);
    const curves = [...fields].map(([name, spans]) => [name, spans.curve()] as const);
    return { from, to, fields: Object.fromEntries(curves) };
  }

  async #cars(range: Range): Promise<CarCurves> {
    const { from, to } = this.#within(range);
    const { rows } = await this.#deps.cars(CAR_ROWS, from);
    const width = spanOf(range, rows[0] === undefined ? 0 : to - timeOf(rows[0]));
    const things = new Map<
      string,
      { time: number[]; total: number[]; passed: (number | null)[]; span: number }
    >();
    for (const row of rows) {
      const at = timeOf(row);
      const span = Math.floor(at / width);
      let curve = things.get(row.Thing);
      if (curve === undefined) {
        curve = { time: [], total: [], passed: [], span };
        things.set(row.Thing, curve);
      }
      // how many passed in the first batch is told by the one before it, which may be out of range
      const before = curve.total.at(-1) ?? (row.Window === 1 ? 0 : undefined);
      const passed = before === undefined ? null : Math.max(0, row.TotalTraffic - before);
      if (curve.span !== span || curve.time.length === 0) {
        curve.time.push(at / 1000);
        curve.total.push(row.TotalTraffic);
        curve.passed.push(passed);
        curve.span = span;
      } else {
        const last = curve.time.length - 1;
        curve.time[last] = at / 1000;
        curve.total[last] = row.TotalTraffic;
        curve.passed[last] = (curve.passed[last] ?? 0) + (passed ?? 0);
      }
    }
    const curves = [...things].map(
      ([thing, { time, total, passed }]) => [thing, { time, total, passed }] as const,
    );
    return { from, to, things: Object.fromEntries(curves) };
  }

  #within(range: Range): { from: number; to: number } {
    const to = this.#deps.clock.now();
    return { from: to - RANGES[range], to };
  }
}

/**
 * Time that a point stands for, so that what was kept for `ms` has at most {@link POINTS}. Spans begin at multiples of
 * it, and it is halved rather than fitted: a curve asked for again has the same points.
 */
function spanOf(range: Range, ms: number): number {
  let width = RANGES[range] / (POINTS - 2);
  while (width > SHORTEST_MS * 2 && (ms * 2) / width < POINTS - 2) width /= 2;
  return width;
}

export function isRange(text: string | null): text is Range {
  return text !== null && Object.hasOwn(RANGES, text);
}

/** `YYYY-MM-DD HH:MM:SS.mmm000`, UTC. */
function timeOf(row: CarStatsRow): number {
  return Date.parse(`${row.Time.slice(0, 23).replace(' ', 'T')}Z`);
}

/** Values gathered by spans of time. They come in the order of time. */
class Spans {
  readonly #spans: { span: number; time: number; sum: number; count: number; least: number; most: number }[] =
    [];

  constructor(private readonly width: number) {}

  add(at: number, value: number): void {
    const span = Math.floor(at / this.width);
    const last = this.#spans.at(-1);
    if (last === undefined || last.span !== span) {
      this.#spans.push({ span, time: at, sum: value, count: 1, least: value, most: value });
      return;
    }
    last.time += at;
    last.sum += value;
    last.count += 1;
    last.least = Math.min(last.least, value);
    last.most = Math.max(last.most, value);
  }

  curve(): Curve {
    const spans = this.#spans;
    return {
      time: spans.map(({ time, count }) => Math.round(time / count) / 1000),
      mean: spans.map(({ sum, count }) => rounded(sum / count)),
      least: spans.map(({ least }) => least),
      most: spans.map(({ most }) => most),
    };
  }
}

/** Five figures after the point are more than a sensor has. */
function rounded(value: number): number {
  return Math.round(value * 1e5) / 1e5;
}
