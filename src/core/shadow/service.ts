import { EventEmitter } from 'node:events';
import { messageOf, type Timer } from '../../../hal/index.js';
import type { Service } from '../../lifecycle.js';
import type { PortMessage } from '../broker/contract.js';
import { Admission } from './admission.js';
import {
  type AcceptedUpdate,
  MAX_SET_ASIDE,
  type ShadowEvents,
  type ShadowServiceOptions,
  type ShadowStatus,
} from './contract.js';
import type { ShadowDocument } from './document.js';
import type { Outcome, ShadowRequest } from './engine.js';
import { notRunning, ShadowError } from './errors.js';
import { Lanes } from './lanes.js';
import { type ShadowLimits, shadowLimits } from './limits.js';
import { type ListedNames, type ListPage, listNames } from './list.js';
import {
  type DeleteAccepted,
  deleteAccepted,
  type GetAccepted,
  getAccepted,
  updateAccepted,
} from './messages.js';
import { nameProblem, type ShadowId, shadowId } from './names.js';
import { Publisher } from './publisher.js';
import type { SetAside } from './store.js';
import { parseRequestTopic, SHADOW_TOPICS, type ShadowOperation } from './topics.js';
import { clientTokenOf } from './validate.js';

const TIDY_EVERY_MS = 3_600_000;
const EMPTY = Buffer.alloc(0);

/**
 * Keeps the device shadows: answers requests on `$aws/things/…/shadow…` and those of this process alike. An answer is
 * given when the change is on disk. Who may ask what is the broker policy's matter, for direct calls the caller's.
 */
export class ShadowService implements Service {
  readonly name = 'shadows';
  readonly events = new EventEmitter<ShadowEvents>();
  readonly #options: ShadowServiceOptions;
  readonly #limits: ShadowLimits;
  readonly #admission: Admission;
  readonly #lanes: Lanes;
  readonly #publisher: Publisher;
  readonly #counts = { accepted: 0, rejected: 0, throttled: 0, storeFailures: 0 };
  #lastStoreFailure: string | undefined;
  #setAside: SetAside[] = [];
  #running = false;
  #unsubscribe: (() => void) | undefined;
  #tidyingTimer: Timer | undefined;
  #tidying: Promise<void> = Promise.resolve();
  #onIdle: (() => void) | undefined;

  /** @throws {RangeError} for a limit out of its range */
  constructor(options: ShadowServiceOptions) {
    const { port, store, clock, log } = options;
    this.#options = options;
    this.#limits = shadowLimits(options.limits);
    this.#admission = new Admission(this.#limits, clock);
    this.#publisher = new Publisher(port, clock, log);
    this.#lanes = new Lanes({
      store,
      clock,
      limits: this.#limits,
      onSetAside: (record) => this.#onSetAside(record),
      onStoreFailure: (id, error) => this.#onStoreFailure(id, error),
      onError: (error) => log.error({ err: error }, `shadow service: ${messageOf(error)}; please report it`),
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    const { store, port, clock } = this.#options;
    this.#setAside = await store.setAside(MAX_SET_ASIDE);
    signal.throwIfAborted();
    this.#running = true;
    let isReplay = true;
    this.#unsubscribe = port.subscribe(SHADOW_TOPICS, (message) => {
      // a retained request was answered when it came; it is not asked again at every start
      if (!(isReplay && message.retain)) this.#onMessage(message);
    });
    await new Promise((resolve) => setImmediate(resolve));
    isReplay = false;
    const tidy = (): void => {
      this.#tidying = this.#tidying.then(() => this.#forgetOld());
    };
    this.#tidyingTimer = clock.every(TIDY_EVERY_MS, tidy);
    tidy();
  }

  /** Takes no more requests and resolves when those taken are answered. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#tidyingTimer?.cancel();
    this.#tidyingTimer = undefined;
    await this.#tidying;
    if (this.#admission.requests === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** @throws {ShadowError} SHADOW_NOT_FOUND and the others of the protocol */
  async get(thing: string, shadow?: string): Promise<GetAccepted> {
    const outcome = await this.#ask(shadowId(thing, shadow), { operation: 'get', payload: EMPTY }, 'core');
    if (outcome.kind !== 'got') throw unexpected(outcome);
    return getAccepted(outcome.document, outcome.timestamp);
  }

  /**
   * @param payload the request's body, `{ state, version?, clientToken? }`
   * @param by who changes it, for {@link ShadowChange}
   * @throws {ShadowError} as a rejected message would say
   */
  async update(
    thing: string,
    shadow: string | undefined,
    payload: Buffer | object,
    by: string,
  ): Promise<AcceptedUpdate> {
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
    const outcome = await this.#ask(shadowId(thing, shadow), { operation: 'update', payload: bytes }, by);
    if (outcome.kind !== 'updated') throw unexpected(outcome);
    const { state, current, timestamp, clientToken } = outcome;
    return {
      accepted: updateAccepted(state, current.version, timestamp, clientToken),
      current,
      delta: current.difference?.state,
    };
  }

  /** @throws {ShadowError} SHADOW_NOT_FOUND and the others of the protocol */
  async delete(thing: string, shadow: string | undefined, by: string): Promise<DeleteAccepted> {
    const outcome = await this.#ask(shadowId(thing, shadow), { operation: 'delete', payload: EMPTY }, by);
    if (outcome.kind !== 'deleted') throw unexpected(outcome);
    return deleteAccepted(outcome.previous.version, outcome.timestamp);
  }

  /** The document as it is, without a message to anybody; undefined when there is none. In order with the requests. */
  async read(thing: string, shadow?: string): Promise<ShadowDocument | undefined> {
    const id = shadowId(thing, shadow);
    const outcome = await this.#ask(id, { operation: 'get', payload: EMPTY }, 'core', 'quietly').catch(
      orNothing,
    );
    return outcome?.kind === 'got' ? outcome.document : undefined;
  }

  /** Names of a thing's named shadows. @throws {ShadowError} SHADOW_BAD_REQUEST for a page that cannot be */
  list(thing: string, page: ListPage = {}): Promise<ListedNames> {
    return listNames(this.#options, thing, page);
  }

  /** Every shadow there is, in order of thing and name; `after` is the last one of the page before. */
  async shadows(page: { readonly after?: ShadowId; readonly limit: number }): Promise<ShadowId[]> {
    const { after, limit } = page;
    return this.#options.store.shadows({
      limit,
      ...(after !== undefined && { after: `${after.thing}/${after.shadow ?? ''}` }),
    });
  }

  /** Epoch seconds by the service's clock, for answers that come from elsewhere. */
  timestamp(): number {
    return Math.floor(this.#options.clock.now() / 1000);
  }

  status(): ShadowStatus {
    const { documents, bytes } = this.#lanes.cached;
    return {
      running: this.#running,
      ...this.#counts,
      pendingRequests: this.#admission.requests,
      pendingBytes: this.#admission.bytes,
      busyShadows: this.#lanes.busy,
      cachedDocuments: documents,
      cachedBytes: bytes,
      lastStoreFailure: this.#lastStoreFailure,
      unpublished: this.#publisher.failed,
      setAside: this.#setAside,
    };
  }

  #onMessage(message: PortMessage): void {
    const { from, topic, payload, will } = message;
    const asked = parseRequestTopic(topic);
    if (asked === undefined) return;
    if (will) {
      // AWS IoT guide, device-shadow-comms-device: the service ignores last wills on its topics
      this.#options.log.info(
        { topic, from },
        `the last will of ${from} on ${topic} is no request; let it go to a topic of your own, and a function update the shadow`,
      );
      return;
    }
    const { id, operation } = asked;
    const full = this.#admission.enterFrom(from, id.thing, payload.length);
    if (full !== undefined) {
      this.#refuse(id, operation, payload, full);
      return;
    }
    this.#lanes.add(id, { operation, payload }, (outcome) => {
      const published = this.#publisher.publish(id, operation, outcome);
      void published.then(() => this.#leave(payload.length, from));
      this.#conclude(id, outcome, from);
    });
  }

  /** At once and not in turn: what is refused because too much waits must not wait itself. */
  #refuse(id: ShadowId, operation: ShadowOperation, payload: Buffer, error: ShadowError): void {
    this.#counts.throttled += 1;
    const clientToken = clientTokenOf(payload, this.#limits);
    const timestamp = this.timestamp();
    void this.#publisher.publish(id, operation, { kind: 'failed', error, timestamp, clientToken });
  }

  async #ask(id: ShadowId, request: ShadowRequest, by: string, how?: 'quietly'): Promise<Outcome> {
    if (!this.#running) throw notRunning();
    const problem = nameProblem(id);
    // a name that cannot be makes no topic to answer on
    if (problem !== undefined) throw problem;
    const bytes = request.payload.length;
    const full = this.#admission.enter(bytes);
    if (full !== undefined) {
      this.#counts.throttled += 1;
      throw full;
    }
    const outcome = await new Promise<Outcome>((resolve) => {
      this.#lanes.add(id, request, (settled) => {
        const published =
          how === 'quietly' ? Promise.resolve() : this.#publisher.publish(id, request.operation, settled);
        void published.then(() => this.#leave(bytes));
        resolve(settled);
        if (how === undefined) this.#conclude(id, settled, by);
      });
    });
    if (outcome.kind === 'failed') throw outcome.error;
    return outcome;
  }

  #leave(bytes: number, client?: string): void {
    this.#admission.leave(bytes, client);
    if (this.#admission.requests > 0) return;
    this.#onIdle?.();
    this.#onIdle = undefined;
  }

  #conclude(id: ShadowId, outcome: Outcome, by: string): void {
    if (outcome.kind === 'failed') this.#counts.rejected += 1;
    else this.#counts.accepted += 1;
    if (outcome.kind === 'updated') {
      const { previous, current } = outcome;
      this.events.emit('changed', { ...id, previous, current, version: current.version, by });
    } else if (outcome.kind === 'deleted') {
      const { previous } = outcome;
      this.events.emit('changed', { ...id, previous, current: undefined, version: previous.version, by });
    }
  }

  /** Lets go of the versions of shadows that were deleted long ago. */
  async #forgetOld(): Promise<void> {
    if (!this.#running) return;
    const { store, clock, log } = this.#options;
    const deletedBefore = clock.now() - this.#limits.versionMemoryMs;
    try {
      for await (const { thing, shadow, deletedAt } of store.tombstones()) {
        if (!this.#running) return;
        if (deletedAt >= deletedBefore) continue;
        // through the lane, because it may have been made anew meanwhile; one after the other, as nobody waits for it
        await this.#lanes.forget({ thing, shadow });
      }
    } catch (error) {
      // they stay until the next hour; nothing else depends on it
      if (this.#running) log.warn({}, `deleted shadows could not be tidied up: ${messageOf(error)}`);
    }
  }

  #onSetAside(record: SetAside): void {
    this.#setAside = [...this.#setAside, record].slice(-MAX_SET_ASIDE);
    const { thing, shadow, cause } = record;
    this.#options.log.error(
      { thing, shadow },
      `shadow ${shadow ?? '(classic)'} of ${thing} could not be read and was set aside: ${cause}; it is empty now`,
    );
  }

  #onStoreFailure(id: ShadowId, error: unknown): void {
    this.#counts.storeFailures += 1;
    const message = messageOf(error);
    // one line per kind of trouble: a full disk would otherwise fill what is left with log
    if (message !== this.#lastStoreFailure) {
      this.#options.log.error({ thing: id.thing, shadow: id.shadow, err: error }, `shadow store: ${message}`);
    }
    this.#lastStoreFailure = message;
  }
}

function orNothing(error: unknown): undefined {
  if (error instanceof ShadowError && error.code === 'SHADOW_NOT_FOUND') return undefined;
  throw error;
}

function unexpected(outcome: Outcome): Error {
  return outcome.kind === 'failed' ? outcome.error : new Error(`shadow request ended as ${outcome.kind}`);
}
