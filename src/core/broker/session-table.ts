import type { Connection } from './connection.js';
import { Reason } from './packets/reason.js';
import { Publication } from './publication.js';
import { Session } from './session.js';
import { NEVER_EXPIRES, type StoredMessage, type StoredState } from './sessions/contract.js';
import type { BrokerState } from './state.js';
import { parseFilter } from './topics.js';
import { publishWill, storedWill, type Will } from './wills.js';

/** All sessions, by client id: how they begin, change hands and end (3.1.2.4, 4.1). */
export class SessionTable implements Iterable<Session> {
  readonly #sessions = new Map<string, Session>();
  /** Those without a connection. */
  readonly #away = new Set<Session>();

  constructor(private readonly state: () => BrokerState) {}

  get size(): number {
    return this.#sessions.size;
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#sessions.values();
  }

  /**
   * The session that a CONNECT asks for.
   * @returns present: it existed [MQTT-3.2.2-2]; pending: the store must settle before the client is told
   */
  open(
    connection: Connection,
    wish: {
      readonly clientId: string;
      readonly clean: boolean;
      readonly expiryInterval: number;
      readonly will: Will | undefined;
    },
  ): { session: Session; present: boolean; pending: boolean } {
    const state = this.state();
    const { clientId, clean, expiryInterval, will } = wish;
    // [MQTT-3.1.4-3]
    this.#sessions
      .get(clientId)
      ?.connection?.close(
        Reason.sessionTakenOver,
        'another connection with this client identifier took over',
      );
    let pending = false;
    let session = this.#sessions.get(clientId);
    const present = session !== undefined && !clean;
    // [MQTT-3.1.2-4]
    if (session !== undefined && clean) {
      pending = session.stored;
      this.end(session);
      session = undefined;
    }
    if (session === undefined) {
      session = new Session(clientId, state);
      this.#sessions.set(clientId, session);
    }
    this.#away.delete(session);
    session.connection = connection;
    session.endsAt = 0;
    // [MQTT-3.1.3-9]: a will that waits is not sent when the client is back in time
    session.willDueAt = 0;
    session.will = will;
    session.expiryInterval = expiryInterval;
    if (expiryInterval > 0) {
      session.stored = true;
      this.#record(session, undefined);
      pending = true;
    }
    return { session, present, pending };
  }

  /** The session's connection is gone. `normal`: the client said DISCONNECT, which removes its will. */
  leave(session: Session, normal: boolean): void {
    const state = this.state();
    session.connection = undefined;
    session.suspend();
    if (normal) session.will = undefined;
    if (session.expiryInterval === 0) {
      this.end(session);
      return;
    }
    const now = state.monotonicMs();
    this.#away.add(session);
    const { expiryInterval, will } = session;
    session.endsAt =
      expiryInterval >= NEVER_EXPIRES ? Number.POSITIVE_INFINITY : now + expiryInterval * 1_000;
    if (will !== undefined && will.delay === 0) publishWill(state, session);
    else if (will !== undefined) session.willDueAt = now + will.delay * 1_000;
    session.stored = true;
    this.#record(session, state.clock.now());
  }

  /** Ends the session with all that belongs to it [MQTT-4.1.0-2]; its will is published [MQTT-3.1.3-9]. */
  end(session: Session): void {
    const state = this.state();
    this.#sessions.delete(session.name);
    this.#away.delete(session);
    for (const subscription of session.subscriptions.values())
      state.router.unsubscribe(session, subscription);
    session.subscriptions.clear();
    session.clear();
    if (session.stored) state.journal.record({ type: 'session-end', clientId: session.name });
    session.stored = false;
    publishWill(state, session);
  }

  /** Every second: delayed wills, sessions that expire. */
  beat(): void {
    const state = this.state();
    const now = state.monotonicMs();
    for (const session of this.#away) {
      if (session.endsAt <= now) this.end(session);
      else if (session.willDueAt !== 0 && session.willDueAt <= now) {
        publishWill(state, session);
        this.#record(session, state.clock.now());
      }
    }
  }

  /** Takes back what was kept before a restart. Every connection of that time is lost: expiry and wills run from now. */
  restore({ sessions, retained, sequence }: StoredState): void {
    const state = this.state();
    state.sequence = sequence;
    for (const message of retained) state.retained.restore(this.#publication(message));
    const bodies = new Map<number, Publication>();
    for (const stored of sessions) {
      const { record } = stored;
      const session = new Session(record.clientId, state);
      this.#sessions.set(record.clientId, session);
      this.#away.add(session);
      session.stored = true;
      session.expiryInterval = record.expiryInterval;
      const away =
        record.disconnectedAt === undefined ? 0 : Math.max(0, state.clock.now() - record.disconnectedAt);
      const now = state.monotonicMs();
      session.endsAt =
        record.expiryInterval >= NEVER_EXPIRES
          ? Number.POSITIVE_INFINITY
          : now + record.expiryInterval * 1_000 - away;
      if (record.will) {
        session.will = record.will;
        session.willDueAt = now + record.will.delay * 1_000;
      }
      for (const subscription of stored.subscriptions) {
        const parsed = parseFilter(subscription.filter);
        if (parsed === undefined) continue;
        const whole = { ...subscription, match: parsed.filter, share: parsed.share };
        session.subscriptions.set(subscription.filter, whole);
        state.router.subscribe(session, whole);
      }
      for (const packetId of stored.received) session.received.add(packetId);
      for (const { message, released, ...owed } of stored.deliveries) {
        let publication = bodies.get(owed.sequence);
        if (publication === undefined && message !== undefined) {
          publication = this.#publication(message);
          bodies.set(owed.sequence, publication);
        }
        session.restore({
          ...owed,
          publication: released ? undefined : publication,
          size: released ? 0 : (publication?.size ?? 0),
          safe: true,
          state: released ? 'released' : 'waiting',
          dup: record.sentThrough === undefined || owed.sequence <= record.sentThrough,
        });
      }
    }
  }

  #publication(message: StoredMessage): Publication {
    const state = this.state();
    const left = message.expiresAt === undefined ? 0 : Math.max(1, message.expiresAt - state.clock.now());
    return new Publication({ ...message, expiresAt: left === 0 ? 0 : state.monotonicMs() + left });
  }

  #record(session: Session, disconnectedAt: number | undefined): void {
    const { name: clientId, expiryInterval } = session;
    this.state().journal.record({
      type: 'session',
      record: {
        clientId,
        expiryInterval,
        disconnectedAt,
        sentThrough: disconnectedAt === undefined ? undefined : session.sentThrough,
        will: storedWill(session.will, clientId),
      },
    });
  }
}
