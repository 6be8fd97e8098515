import type {
  SessionChange,
  SessionRecord,
  SessionStore,
  StoredDelivery,
  StoredMessage,
  StoredSession,
  StoredState,
  StoredSubscription,
} from './contract.js';

interface Kept {
  record: SessionRecord;
  readonly subscriptions: Map<string, StoredSubscription>;
  readonly deliveries: Map<number, StoredDelivery>;
  readonly received: Set<number>;
}

/** Sessions that live as long as the process. */
export function memorySessions(): SessionStore {
  return new MemorySessions();
}

class MemorySessions implements SessionStore {
  readonly #sessions = new Map<string, Kept>();
  readonly #retained = new Map<string, StoredMessage>();

  async load(): Promise<StoredState> {
    let sequence = 0;
    const sessions: StoredSession[] = [];
    for (const { record, subscriptions, deliveries, received } of this.#sessions.values()) {
      const owed = [...deliveries.values()].sort((a, b) => a.sequence - b.sequence);
      sequence = Math.max(sequence, owed.at(-1)?.sequence ?? 0);
      sessions.push({
        record,
        subscriptions: [...subscriptions.values()],
        deliveries: owed,
        received: [...received],
      });
    }
    return { sessions, retained: [...this.#retained.values()], sequence };
  }

  async commit(changes: readonly SessionChange[]): Promise<void> {
    for (const change of changes) this.#apply(change);
  }

  #apply(change: SessionChange): void {
    switch (change.type) {
      case 'session': {
        const { record } = change;
        const kept = this.#sessions.get(record.clientId);
        if (kept) kept.record = record;
        else {
          this.#sessions.set(record.clientId, {
            record,
            subscriptions: new Map(),
            deliveries: new Map(),
            received: new Set(),
          });
        }
        return;
      }
      case 'session-end':
        this.#sessions.delete(change.clientId);
        return;
      case 'message': {
        const { sequence, message } = change;
        for (const { clientId, ...rest } of change.receivers) {
          const delivery = { ...rest, sequence, message, released: false };
          this.#sessions.get(clientId)?.deliveries.set(rest.packetId, delivery);
        }
        return;
      }
      case 'retain':
        this.#retained.set(change.message.topic, change.message);
        return;
      case 'unretain':
        this.#retained.delete(change.topic);
        return;
      default:
        this.#applyTo(this.#sessions.get(change.clientId), change);
    }
  }

  #applyTo(
    session: Kept | undefined,
    change: Exclude<SessionChange, { type: 'session' | 'session-end' | 'message' | 'retain' | 'unretain' }>,
  ): void {
    if (session === undefined) return;
    switch (change.type) {
      case 'subscribe':
        session.subscriptions.set(change.subscription.filter, change.subscription);
        return;
      case 'unsubscribe':
        session.subscriptions.delete(change.filter);
        return;
      case 'released': {
        const delivery = session.deliveries.get(change.packetId);
        if (delivery?.sequence !== change.sequence) return;
        session.deliveries.set(change.packetId, { ...delivery, released: true, message: undefined });
        return;
      }
      case 'done':
        if (session.deliveries.get(change.packetId)?.sequence === change.sequence) {
          session.deliveries.delete(change.packetId);
        }
        return;
      case 'received':
        session.received.add(change.packetId);
        return;
      case 'completed':
        session.received.delete(change.packetId);
        return;
    }
  }
}
