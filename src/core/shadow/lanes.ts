import type { Clock } from '../../../hal/index.js';
import { RecordCache } from './cache.js';
import type { ShadowRecord } from './document.js';
import { carryOut, isForgotten, type Outcome, type ShadowRequest, type Step } from './engine.js';
import { internalFailure } from './errors.js';
import type { ShadowLimits } from './limits.js';
import { keyOf, nameProblem, type ShadowId } from './names.js';
import { Slices } from './slices.js';
import type { SetAside, ShadowStore } from './store.js';
import { clientTokenOf } from './validate.js';

/** Requests of one shadow that share a save; more wait for the next, so that no piece of work is long. */
const MAX_BATCH = 32;

interface Waiting {
  readonly request: ShadowRequest | ForgetRequest;
  /** Called once, in the order of the requests of this shadow, when what it says is on disk. */
  readonly answer: (outcome: Outcome | undefined) => void;
}

/** Not a client's request: a tombstone that is old enough is no longer needed. */
interface ForgetRequest {
  readonly operation: 'forget';
}

interface Lane {
  readonly id: ShadowId;
  readonly key: string;
  waiting: Waiting[];
}

export interface LanesOptions {
  readonly store: ShadowStore;
  readonly clock: Clock;
  readonly limits: ShadowLimits;
  /** A record that the store set aside. */
  readonly onSetAside: (record: SetAside) => void;
  /** The store failed; the requests concerned are answered with 500. */
  readonly onStoreFailure: (id: ShadowId, error: unknown) => void;
  /** A fault of this program. */
  readonly onError: (error: unknown) => void;
}

/**
 * One lane per shadow that has requests: they are carried out in order of arrival. What has gathered while the disk was
 * busy is carried out together and saved once; only then is each answered. Lanes do not wait for each other, and their
 * saves share the store's flush.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #cache: RecordCache;
  readonly #slices: Slices;

  constructor(private readonly options: LanesOptions) {
    const { limits, onError } = options;
    this.#cache = new RecordCache(limits.cachedDocuments, limits.cachedBytes);
    this.#slices = new Slices(onError);
  }

  get busy(): number {
    return this.#lanes.size;
  }

  get cached(): { readonly documents: number; readonly bytes: number } {
    return { documents: this.#cache.size, bytes: this.#cache.bytes };
  }

  add(id: ShadowId, request: ShadowRequest, answer: (outcome: Outcome) => void): void {
    this.#enqueue(id, {
      request,
      answer: (outcome) => {
        if (outcome !== undefined) answer(outcome);
      },
    });
  }

  /** Lets go of what remains of a shadow, unless it is too young or the shadow was made anew. Never rejects. */
  forget(id: ShadowId): Promise<void> {
    return new Promise((resolve) => {
      this.#enqueue(id, { request: { operation: 'forget' }, answer: () => resolve() });
    });
  }

  #enqueue(id: ShadowId, waiting: Waiting): void {
    const key = keyOf(id);
    const lane = this.#lanes.get(key);
    if (lane !== undefined) {
      lane.waiting.push(waiting);
      return;
    }
    const opened: Lane = { id, key, waiting: [waiting] };
    this.#lanes.set(key, opened);
    this.#open(opened);
  }

  #open(lane: Lane): void {
    const { store, onSetAside } = this.options;
    const cached = this.#cache.get(lane.key);
    // a name that cannot be is in no store
    if (cached !== undefined || nameProblem(lane.id) !== undefined) {
      this.#slices.run(() => this.#work(lane, cached));
      return;
    }
    store.load(lane.id, onSetAside).then(
      (record) => this.#slices.run(() => this.#work(lane, record)),
      (error: unknown) => this.#slices.run(() => this.#cannotLoad(lane, error)),
    );
  }

  #work(lane: Lane, record: ShadowRecord): void {
    const batch = lane.waiting.slice(0, MAX_BATCH);
    lane.waiting = lane.waiting.slice(MAX_BATCH);
    const outcomes: (Outcome | undefined)[] = [];
    let next = record;
    for (const { request } of batch) {
      const step = this.#step(lane.id, next, request);
      next = step.record;
      outcomes.push(step.outcome);
    }
    if (next === record) {
      this.#finish(lane, record, batch, outcomes);
      return;
    }
    this.options.store.save(lane.id, next, record).then(
      () => this.#slices.run(() => this.#finish(lane, next, batch, outcomes)),
      (error: unknown) => this.#slices.run(() => this.#notSaved(lane, record, batch, error)),
    );
  }

  #step(
    id: ShadowId,
    record: ShadowRecord,
    request: ShadowRequest | ForgetRequest,
  ): { record: ShadowRecord; outcome: Outcome | undefined } {
    const { clock, limits } = this.options;
    const now = clock.now();
    if (request.operation !== 'forget') return carryOut(id, record, request, now, limits);
    return { record: isForgotten(record, now, limits) ? undefined : record, outcome: undefined };
  }

  #finish(
    lane: Lane,
    record: ShadowRecord,
    batch: readonly Waiting[],
    outcomes: readonly (Outcome | undefined)[],
  ): void {
    this.#cache.set(lane.key, record);
    this.#answer(batch, outcomes);
    this.#goOn(lane, record);
  }

  /** Nothing of the batch happened, so each request is judged by what there was before. */
  #notSaved(lane: Lane, record: ShadowRecord, batch: readonly Waiting[], error: unknown): void {
    this.options.onStoreFailure(lane.id, error);
    const failure = internalFailure(error);
    const outcomes = batch.map(({ request }) => {
      const step = this.#step(lane.id, record, request);
      return step.record === record ? step.outcome : asFailed(step as Step, failure);
    });
    this.#answer(batch, outcomes);
    this.#goOn(lane, record);
  }

  /** Unlike after a failed save, there is no record to go on with: everybody waiting is told, and the lane closes. */
  #cannotLoad(lane: Lane, error: unknown): void {
    const { clock, limits, onStoreFailure } = this.options;
    onStoreFailure(lane.id, error);
    const failure = internalFailure(error);
    const timestamp = Math.floor(clock.now() / 1000);
    this.#lanes.delete(lane.key);
    const outcomes = lane.waiting.map(({ request }): Outcome | undefined =>
      request.operation === 'forget'
        ? undefined
        : { kind: 'failed', error: failure, timestamp, clientToken: clientTokenOf(request.payload, limits) },
    );
    this.#answer(lane.waiting, outcomes);
  }

  #answer(batch: readonly Waiting[], outcomes: readonly (Outcome | undefined)[]): void {
    batch.forEach(({ answer }, index) => {
      try {
        answer(outcomes[index]);
      } catch (error) {
        // the others of the batch are owed theirs
        this.options.onError(error);
      }
    });
  }

  #goOn(lane: Lane, record: ShadowRecord): void {
    if (lane.waiting.length > 0) this.#slices.run(() => this.#work(lane, record));
    else this.#lanes.delete(lane.key);
  }
}

function asFailed(step: Step, error: ReturnType<typeof internalFailure>): Outcome | undefined {
  if (step.outcome === undefined) return undefined;
  const { timestamp, clientToken } = step.outcome;
  return { kind: 'failed', error, timestamp, clientToken };
}
