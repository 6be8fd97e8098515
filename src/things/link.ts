import { type Clock, type Log, messageOf } from '../../hal/index.js';
import { Backoff, type BackoffLimits } from '../backoff.js';
import type { Service } from '../lifecycle.js';
import { matches } from '../topic-filter.js';
import type { Connection, Connector, CoreAddress, Credentials, OnMessage } from './connection.js';
import { ThingError } from './errors.js';
import { HeldSession, type LinkSession } from './session.js';

/** Finds cores. Each call gives the addresses in the order in which they are to be tried; rejects with THING_DISCOVERY. */
export type Locate = (signal: AbortSignal) => Promise<readonly CoreAddress[]>;

export interface LinkOptions {
  readonly credentials: () => Promise<Credentials>;
  readonly locate: Locate;
  readonly connect: Connector;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly backoff?: BackoffLimits;
  /** Absent: each connection begins anew, and what is published meanwhile is not heard. */
  readonly session?: LinkSession;
}

export type MessageListener = OnMessage;

export interface LinkStatus {
  readonly connected: boolean;
  /** `host:port` of the core, while connected. */
  readonly core: string | undefined;
  /** ms since the epoch of the last change. */
  readonly since: number;
  /** Why it is not connected. */
  readonly cause: string | undefined;
  readonly connects: number;
  /** The server went on with the session when this connection was made. */
  readonly resumed: boolean;
  readonly queued: number;
  readonly dropped: number;
}

/** Messages that wait for a connection; the oldest is dropped first. */
const QUEUE_LIMIT = 100;
const BACKOFF: BackoffLimits = { firstMs: 250, maxMs: 30_000 };

/**
 * A thing's one connection to a core, kept up. After every (re)connect, in this order: all subscriptions acknowledged,
 * then the online listeners (get and reconcile), then the queue.
 */
export class Link implements Service {
  readonly name = 'link';
  readonly #listeners = new Map<string, Set<MessageListener>>();
  readonly #online: ((connection: Connection) => Promise<void>)[] = [];
  readonly #offline: ((cause: string) => void)[] = [];
  readonly #queue: { topic: string; payload: string }[] = [];
  readonly #stopping = new AbortController();
  #connection: Connection | undefined;
  #running: Promise<void> = Promise.resolve();
  #started = false;
  #status: Omit<LinkStatus, 'queued' | 'dropped'> = {
    connected: false,
    core: undefined,
    since: 0,
    cause: 'not started',
    connects: 0,
    resumed: false,
  };
  #dropped = 0;
  readonly #session: HeldSession | undefined;

  constructor(private readonly options: LinkOptions) {
    this.#session = options.session && new HeldSession(options.session);
  }

  /** Begins to connect; does not wait for it. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#started = true;
    this.#setStatus({ connected: false, core: undefined, cause: 'connecting' });
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new ThingError('THING_OFFLINE', 'the thing is stopping'));
    await this.#connection?.close();
    await this.#running;
  }

  /** Calls `listener` for each message on the filter; subscribes now when connected, and after every connect. */
  listen(filter: string, listener: MessageListener): () => void {
    let listeners = this.#listeners.get(filter);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(filter, listeners);
      const connection = this.#connection;
      if (connection)
        this.#subscribe(connection, filter).catch((error) =>
          this.options.log.warn({ filter }, messageOf(error)),
        );
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(filter) !== listeners) return;
      this.#listeners.delete(filter);
      this.#connection
        ?.unsubscribe([filter])
        .catch((error) => this.options.log.debug({ filter }, messageOf(error)));
    };
  }

  /** Runs after every connect, one after the other in order of registration, before the queue is sent. */
  onOnline(work: (connection: Connection) => Promise<void>): void {
    this.#online.push(work);
  }

  onOffline(listener: (cause: string) => void): void {
    this.#offline.push(listener);
  }

  /** Publishes now. Rejects with THING_OFFLINE when there is no connection. */
  async publish(topic: string, payload: string | Buffer): Promise<void> {
    if (this.#connection === undefined) throw this.#offlineError();
    await this.#connection.publish(topic, payload);
  }

  /** Publishes now, or as soon as there is a connection; the oldest waiting message gives way. */
  async enqueue(topic: string, payload: string): Promise<void> {
    if (this.#connection !== undefined && this.#queue.length === 0)
      return this.#connection.publish(topic, payload);
    if (this.#queue.length >= QUEUE_LIMIT) {
      this.#queue.shift();
      this.#dropped += 1;
    }
    this.#queue.push({ topic, payload });
  }

  status(): LinkStatus {
    return { ...this.#status, queued: this.#queue.length, dropped: this.#dropped };
  }

  async #run(): Promise<void> {
    const { clock, log, random } = this.options;
    const { signal } = this.#stopping;
    const backoff = new Backoff(this.options.backoff ?? BACKOFF, random);
    while (!signal.aborted) {
      try {
        const closed = await this.#connectOnce(signal);
        backoff.reset();
        const cause = await closed;
        if (!signal.aborted) log.warn({ cause }, `connection to the core lost: ${cause}`);
      } catch (error) {
        if (signal.aborted) break;
        const cause = messageOf(error);
        // the same cause again is not news
        if (cause !== this.#status.cause) log.warn({ code: (error as { code?: string }).code }, cause);
        this.#setStatus({ connected: false, core: undefined, cause });
      }
      await clock.sleep(backoff.next(), signal).catch(() => {
        // stopping: the loop ends by its condition
      });
    }
    this.#setStatus({ connected: false, core: undefined, cause: 'stopped' });
  }

  /** @returns a promise of the cause for which the connection ended */
  async #connectOnce(signal: AbortSignal): Promise<Promise<string>> {
    const { options } = this;
    const addresses = await options.locate(signal);
    const credentials = await options.credentials();
    const session = await this.#session?.request();
    let failure: unknown = new ThingError('THING_DISCOVERY', `${credentials.thing}: discovery named no core`);
    for (const address of addresses) {
      const closed = deferred<string>();
      try {
        const connection = await options.connect({
          address,
          credentials,
          signal,
          ...(session && { session }),
          onMessage: (topic, payload) => this.#dispatch(topic, payload),
          onClose: (cause) => {
            this.#connection = undefined;
            this.#setStatus({ connected: false, core: undefined, cause });
            for (const listener of this.#offline) listener(cause);
            closed.resolve(cause);
          },
        });
        await this.#comeOnline(connection, address, signal);
        return closed.promise;
      } catch (error) {
        if (signal.aborted) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async #comeOnline(connection: Connection, address: CoreAddress, signal: AbortSignal): Promise<void> {
    try {
      signal.throwIfAborted();
      const filters = [...this.#listeners.keys()];
      this.#connection = connection;
      await this.#session?.hold(filters);
      await connection.subscribe(filters);
      if (connection.sessionPresent) await this.#session?.keepOnly(new Set(filters), connection);
      for (const work of this.#online) await work(connection);
    } catch (error) {
      await connection.close().catch(() => {
        // it is being given up; the first error tells why
      });
      throw error;
    }
    const core = `${address.host}:${address.port}`;
    this.#setStatus({
      connected: true,
      core,
      cause: undefined,
      connects: this.#status.connects + 1,
      resumed: connection.sessionPresent,
    });
    this.options.log.info({ core }, `connected to core ${core}`);
    await this.#flush(connection);
  }

  async #subscribe(connection: Connection, filter: string): Promise<void> {
    if (this.#session) {
      await this.#session.hold([filter]);
      // nobody listens any more
      if (!this.#listeners.has(filter)) return;
    }
    await connection.subscribe([filter]);
  }

  async #flush(connection: Connection): Promise<void> {
    while (this.#queue.length > 0 && this.#connection === connection) {
      const next = this.#queue[0]!;
      await connection.publish(next.topic, next.payload);
      if (this.#queue[0] === next) this.#queue.shift();
    }
  }

  #dispatch(topic: string, payload: Buffer): Promise<unknown> | undefined {
    const work: Promise<unknown>[] = [];
    const failed = (error: unknown): void =>
      this.options.log.error(
        { topic, code: (error as { code?: string }).code },
        `handling a message on ${topic}: ${messageOf(error)}`,
      );
    for (const [filter, listeners] of this.#listeners) {
      if (!matches(filter, topic)) continue;
      for (const listener of [...listeners]) {
        try {
          const handling = listener(topic, payload);
          if (handling instanceof Promise) work.push(handling.catch(failed));
        } catch (error) {
          failed(error);
        }
      }
    }
    return work.length === 0 ? undefined : Promise.all(work);
  }

  #setStatus(change: Partial<LinkStatus> & { connected: boolean }): void {
    this.#status = {
      ...this.#status,
      core: undefined,
      cause: undefined,
      ...change,
      since: this.options.clock.now(),
    };
  }

  #offlineError(): ThingError {
    return new ThingError(
      'THING_OFFLINE',
      this.#started ? 'not connected to a core at this moment' : 'the link was not started',
    );
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
