import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../../hal/clock.js';
import type { Log } from '../../../hal/log.js';
import type { Service } from '../../lifecycle.js';
import { Connection } from './connection.js';
import type {
  BrokerEvents,
  BrokerPolicy,
  BrokerPort,
  BrokerStatus,
  ClientStatus,
  Peer,
  StreamAcceptor,
} from './contract.js';
import { Journal } from './journal.js';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.js';
import { Codec } from './packets/codec.js';
import { Reason } from './packets/reason.js';
import { Port, PortQueue } from './ports.js';
import { Retained } from './retained.js';
import { Router } from './router.js';
import { SessionTable } from './session-table.js';
import type { SessionStore } from './sessions/contract.js';
import type { BrokerState } from './state.js';

const BEAT_MS = 1_000;
/** Time in ms that connections get to take their last packet when the broker stops. */
const STOP_MS = 500;

export interface BrokerOptions {
  readonly policy: BrokerPolicy;
  readonly sessions: SessionStore;
  /** Drives keep-alives, wills and expiry. */
  readonly clock: Clock;
  readonly log: Log;
  /** What differs from DEFAULT_LIMITS. */
  readonly limits?: Partial<BrokerLimits>;
}

/** The message manager. Streams come from a listener; in-process parts take a {@link port}. */
export class Broker implements StreamAcceptor, Service {
  readonly name = 'broker';
  readonly events = new EventEmitter<BrokerEvents>();
  readonly #state: BrokerState;
  readonly #portQueue: PortQueue;
  #dirty: Connection[] = [];
  #beat: Timer | undefined;
  #running = false;
  /** A flush will come at the end of this turn of the event loop. */
  #scheduled = false;
  /** The first packets of this turn were answered. */
  #flushed = false;

  constructor(private readonly options: BrokerOptions) {
    const { policy, clock, log, sessions } = options;
    const state: BrokerState = {
      limits: effectiveLimits(options.limits),
      policy,
      clock,
      log,
      events: this.events,
      codec: new Codec(),
      journal: new Journal(sessions, log),
      router: new Router(policy),
      retained: new Retained(() => state),
      sessions: new SessionTable(() => state),
      connections: new Set(),
      counters: { accepted: 0, delivered: 0, dropped: 0, queuedMessages: 0, queuedBytes: 0 },
      tick: 0,
      sequence: 0,
      monotonicMs: () => Number(clock.monotonicNs() / 1_000_000n),
      flushLater: (connection) => this.#flushLater(connection),
      flushFirst: () => this.#flushFirst(),
    };
    this.#state = state;
    this.#portQueue = new PortQueue(() => state);
  }

  /** Takes back what the session store kept. Streams are accepted afterwards; ports work before. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stored = await this.options.sessions.load();
    signal.throwIfAborted();
    this.#state.sessions.restore(stored);
    this.#running = true;
    this.#beat = this.options.clock.every(BEAT_MS, () => this.#tick());
  }

  /** Ends every connection (MQTT 5: 0x8B Server shutting down) and waits for the store. Idempotent. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#beat?.cancel();
    this.#beat = undefined;
    const { connections, journal } = this.#state;
    for (const connection of connections)
      connection.close(Reason.serverShuttingDown, 'the server is shutting down');
    // by the machine's own time: a clock that does not move must not keep the broker from stopping
    const deadline = Date.now() + STOP_MS;
    while (connections.size > 0 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5));
    for (const connection of connections) connection.destroy();
    await journal.idle();
  }

  accept(stream: Duplex, peer: Peer): void {
    const { connections, limits } = this.#state;
    if (!this.#running || connections.size >= limits.maximumConnections) {
      const cause = this.#running
        ? `more than ${limits.maximumConnections} connections`
        : 'the broker is not running';
      this.#state.log.warn({ peer: peer.address, cause }, 'refused a connection');
      this.events.emit('refused', { clientId: '', peer, cause });
      stream.destroy();
      return;
    }
    connections.add(new Connection(this.#state, stream, peer));
  }

  /** A part of this process as a client; may be called before start. */
  port(name: string): BrokerPort {
    return new Port(name, this.#state, this.#portQueue);
  }

  /** Ends a client's connection (MQTT 5: 0x98 Administrative action). @returns false when it is not connected */
  disconnect(clientId: string, cause: string): boolean {
    const connection = this.#state.sessions.get(clientId)?.connection;
    if (connection === undefined) return false;
    connection.close(Reason.administrativeAction, cause);
    return true;
  }

  /** The policy changed: asks it again about every client, closes those it refuses now, and forgets what may pass. */
  recheck(): void {
    const { connections, policy, router } = this.#state;
    router.forget();
    for (const connection of [...connections]) {
      if (connection.closed || connection.session === undefined || connection.attempt === undefined) continue;
      const decision = policy.connect(connection.attempt);
      if (!decision.allowed) connection.close(Reason.notAuthorized, decision.reason);
    }
  }

  status(): BrokerStatus {
    const { sessions, router, retained, counters } = this.#state;
    let clients = 0;
    for (const session of sessions) if (session.connection) clients += 1;
    return {
      clients,
      sessions: sessions.size,
      subscriptions: router.subscriptions,
      retained: retained.count,
      ...counters,
    };
  }

  /** Every session, connected or not. */
  clients(): ClientStatus[] {
    return [...this.#state.sessions].map((session) => {
      const { connection } = session;
      return {
        clientId: session.name,
        connected: connection !== undefined,
        ...(connection && { address: connection.peer.address, protocolVersion: connection.version }),
        expiryInterval: session.expiryInterval,
        subscriptions: session.subscriptions.size,
        queued: session.queued,
        inflight: session.inflight,
        queuedBytes: session.queuedBytes + (connection?.buffered ?? 0),
        dropped: session.dropped,
      };
    });
  }

  #tick(): void {
    this.#state.tick += 1;
    for (const connection of this.#state.connections) connection.beat(this.#state.tick);
    this.#state.sessions.beat();
  }

  #flushLater(connection: Connection): void {
    this.#dirty.push(connection);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#last);
  }

  /** What the first packets of a turn cause does not wait for its end, so that a lone message is quick. */
  #flushFirst(): void {
    if (this.#flushed || this.#dirty.length === 0) return;
    this.#flushed = true;
    this.#flush();
  }

  readonly #last = (): void => {
    this.#scheduled = false;
    this.#flushed = false;
    this.#flush();
  };

  #flush(): void {
    const dirty = this.#dirty;
    if (dirty.length === 0) return;
    this.#dirty = [];
    for (const connection of dirty) connection.flush();
  }
}

/** More messages than packet identifiers cannot be kept for one session. */
function effectiveLimits(given: Partial<BrokerLimits> = {}): BrokerLimits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  return { ...limits, maximumQueued: Math.min(limits.maximumQueued, 65_000) };
}
