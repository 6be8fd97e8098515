import { type Clock, isJsonObject, type JsonObject, type JsonValue } from '../../hal/index.js';
import type { BuiltinFunction, FunctionContext, Invocation } from '../core/functions/contract.js';
import type { Store, StoreOperation } from '../store/contract.js';
import type { Batch, BatchSink } from './batch.js';
import {
  NO_TOTALS,
  type Sighting,
  sightingOf,
  sightingOfDocument,
  type Totals,
  withGreen,
} from './statistics.js';

export interface CarAggregatorOptions {
  /** The light whose greens count. */
  readonly watch: string;
  /** A batch on every n-th green, n ≥ 1. */
  readonly batchEvery: number;
  /** A thing with role car-counter. Absent: cars are random, as in the walk-through. */
  readonly counter?: string;
  /** Cars in one green when they are random, both inclusive. */
  readonly randomCars: { readonly min: number; readonly max: number };
}

export interface CarAggregatorDeps {
  /** Totals live here, and what the sink owes, in one section: they are written together. */
  readonly section: Store;
  readonly sink: BatchSink;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Told after each green that is on disk. */
  readonly onGreen?: (totals: Totals, batch: Batch | undefined) => void;
}

/** What is kept between runs, as one record. */
interface Kept extends Totals {
  /** Version of the last document seen; an older one was counted already, or was none of ours. */
  readonly version: number;
  readonly colour: string | undefined;
  readonly windows: number;
  /** Cars that the counter told of, over all its restarts. */
  readonly counted: number;
  /** Of those, the ones that belong to a green already counted. */
  readonly attributed: number;
  /** The counter's own total at its last message, and since when it counts; another `since` is a new count from 0. */
  readonly counter: { readonly total: number; readonly since: number } | undefined;
}

const NOTHING: Kept = {
  ...NO_TOTALS,
  version: 0,
  colour: undefined,
  windows: 0,
  counted: 0,
  attributed: 0,
  counter: undefined,
};

/**
 * Counts transitions to green of one light and hands a batch to the sink on every n-th. One transition counts once,
 * however many documents mention it; with a counter, a green is counted when it ends, since only then its cars are known.
 */
export class CarAggregator implements BuiltinFunction {
  readonly subjects: BuiltinFunction['subjects'];
  readonly #key: string;
  #kept: Kept = NOTHING;
  #context: FunctionContext | undefined;

  constructor(
    private readonly options: CarAggregatorOptions,
    private readonly deps: CarAggregatorDeps,
  ) {
    this.#key = totalsKey(options.watch);
    this.subjects = subjectsOfCars(options);
  }

  /** Reads the totals, then the light's document: a transition that was stored but not counted is counted now. */
  async start(context: FunctionContext): Promise<void> {
    this.#context = context;
    this.#kept = (await readKept(this.deps.section, this.options.watch)) ?? NOTHING;
    const document = await context.getShadow(this.options.watch);
    if (document === undefined) return;
    const sighting = sightingOfDocument(document);
    // a version below ours: the shadow was reset; begin to follow it from here
    if (sighting && sighting.version < this.#kept.version)
      this.#kept = { ...this.#kept, version: sighting.version };
    else if (sighting) await this.#see(sighting);
  }

  async invoke({ topic, event }: Invocation): Promise<void> {
    if (topic === `cars/${this.options.counter}`) {
      this.#count(event);
      return;
    }
    const sighting = sightingOf(event);
    if (sighting === undefined) {
      this.#context?.log.warn({ topic }, 'a message that is no shadow document was ignored');
      return;
    }
    await this.#see(sighting);
  }

  async stop(): Promise<void> {
    this.#context = undefined;
  }

  get totals(): Totals {
    const { totalTraffic, totalGreenlights, minCars, maxCars } = this.#kept;
    return { totalTraffic, totalGreenlights, minCars, maxCars };
  }

  status(): JsonObject {
    const { totalGreenlights, windows } = this.#kept;
    const { batchEvery, watch } = this.options;
    return {
      watch,
      greens: totalGreenlights,
      batches: windows,
      untilNextBatch: batchEvery - (totalGreenlights % batchEvery),
    };
  }

  #count(event: JsonValue): void {
    if (!isJsonObject(event) || typeof event.total !== 'number') return;
    const { counter, counted } = this.#kept;
    const { total } = event;
    const since = typeof event.since === 'number' ? event.since : 0;
    const passed = counter === undefined ? 0 : counter.since === since ? total - counter.total : total;
    this.#kept = { ...this.#kept, counted: counted + Math.max(0, passed), counter: { total, since } };
  }

  async #see({ version, colour }: Sighting): Promise<void> {
    const before = this.#kept;
    if (version <= before.version) return;
    const began = colour === 'G' && before.colour !== 'G';
    const ended = colour !== 'G' && before.colour === 'G';
    const seen: Kept = { ...before, version, colour };
    if (this.options.counter === undefined) {
      if (began) await this.#green(seen, this.#randomCars());
      // on disk too: after a crash the next green must not look like the one that is over
      else if (ended) await this.#save(seen, undefined);
      else this.#kept = seen;
      return;
    }
    // a car whose message comes late belongs to the next green: none is lost, none counts twice
    if (ended) await this.#green({ ...seen, attributed: seen.counted }, seen.counted - seen.attributed);
    else if (began) await this.#save(seen, undefined);
    else this.#kept = seen;
  }

  async #green(seen: Kept, cars: number): Promise<void> {
    const { watch, batchEvery } = this.options;
    const totals = withGreen(seen, cars);
    const full = totals.totalGreenlights % batchEvery === 0;
    const windows = seen.windows + (full ? 1 : 0);
    const batch: Batch | undefined = full
      ? { ...totals, thing: watch, window: windows, at: this.deps.clock.now() }
      : undefined;
    await this.#save({ ...seen, ...totals, windows }, batch);
    this.#context?.log.info(
      { cars, greens: totals.totalGreenlights },
      `${watch} turned green: ${cars} cars, ${totals.totalTraffic} in all`,
    );
    this.deps.onGreen?.(totals, batch);
  }

  /** On disk, all or none: totals, what was seen, and what the sink owes. Only then it counts in memory. */
  async #save(next: Kept, batch: Batch | undefined): Promise<void> {
    const { section, sink } = this.deps;
    const operations: StoreOperation[] = [{ type: 'put', key: this.#key, value: JSON.stringify(next) }];
    if (batch) operations.push(...sink.accept(batch));
    await section.write(operations);
    this.#kept = next;
    if (batch) sink.accepted(batch);
  }

  #randomCars(): number {
    const { min, max } = this.options.randomCars;
    return min + Math.floor(this.deps.random() * (max - min + 1));
  }
}

/** What the aggregator is invoked by, and who sends it. */
export function subjectsOfCars({ watch, counter }: CarAggregatorOptions): BuiltinFunction['subjects'] {
  const documents = { source: 'GGShadowService', subject: `$aws/things/${watch}/shadow/update/documents` };
  return counter === undefined ? [documents] : [documents, { source: counter, subject: `cars/${counter}` }];
}

function totalsKey(thing: string): string {
  return `totals!${thing}`;
}

async function readKept(section: Store, thing: string): Promise<Kept | undefined> {
  const bytes = await section.get(totalsKey(thing));
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Kept);
}

/** The totals of every watched light, for `greenlight stats`. */
export async function readTotals(
  section: Store,
): Promise<readonly { readonly thing: string; readonly totals: Totals }[]> {
  const all: { thing: string; totals: Totals }[] = [];
  for await (const [key, value] of section.entries({ gte: totalsKey(''), lt: 'totals"' })) {
    const { totalTraffic, totalGreenlights, minCars, maxCars } = JSON.parse(
      Buffer.from(value).toString('utf8'),
    ) as Kept;
    all.push({
      thing: key.slice(totalsKey('').length),
      totals: { totalTraffic, totalGreenlights, minCars, maxCars },
    });
  }
  return all;
}
