import type { Store, StoreOperation } from '../../../store/contract.js';
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
import { decodeMessage, decodeRecord, encodeMessage, encodeRecord } from './format.js';

/**
 * Sessions in a durable store. Keys, where `|` is U+0000, which no client id and no filter may hold:
 * `c|client` the session, `f|client|filter` a subscription, `i|client|packet id` a QoS 2 message received,
 * `q|client|sequence|packet id` a message owed, `p|client|sequence|packet id` one that only waits for PUBCOMP,
 * `m|sequence` a message's content (once for all who are owed it),
 * `r|topic` a retained message.
 */
export function durableSessions(store: Store): SessionStore {
  return new DurableSessions(store);
}

const SEPARATOR = '\0';
/** Of a sequence in a key: fixed, so that keys sort as numbers do; enough for 2^53. */
const DIGITS = 11;

class DurableSessions implements SessionStore {
  /** How many deliveries each message is kept for. */
  readonly #references = new Map<number, number>();
  /** What belongs to each session, so that ending it need not search. */
  readonly #belongings = new Map<string, Set<string>>();

  constructor(private readonly store: Store) {}

  async load(): Promise<StoredState> {
    const loading = new Loading();
    for await (const [key, value] of this.store.entries()) loading.take(key, Buffer.from(value));
    const orphans: StoreOperation[] = [];
    const state = loading.finish((key) => orphans.push({ type: 'del', key }));
    for (const { record, deliveries, subscriptions, received } of state.sessions) {
      const own = this.#own(record.clientId);
      for (const { filter } of subscriptions) own.add(subscriptionKey(record.clientId, filter));
      for (const packetId of received) own.add(receivedKey(record.clientId, packetId));
      for (const { sequence, packetId, message } of deliveries) {
        own.add((message ? owedKey : releasedKey)(record.clientId, sequence, packetId));
        if (message) this.#references.set(sequence, (this.#references.get(sequence) ?? 0) + 1);
      }
    }
    if (orphans.length > 0) await this.store.write(orphans);
    return state;
  }

  async commit(changes: readonly SessionChange[]): Promise<void> {
    const operations: StoreOperation[] = [];
    const undo: (() => void)[] = [];
    for (const change of changes) this.#apply(change, operations, undo);
    try {
      await this.store.write(operations);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
  }

  #apply(change: SessionChange, operations: StoreOperation[], undo: (() => void)[]): void {
    switch (change.type) {
      case 'session':
        operations.push({
          type: 'put',
          key: sessionKey(change.record.clientId),
          value: encodeRecord(change.record),
        });
        if (!this.#belongings.has(change.record.clientId)) {
          this.#own(change.record.clientId);
          undo.push(() => this.#belongings.delete(change.record.clientId));
        }
        return;
      case 'session-end': {
        const own = this.#belongings.get(change.clientId);
        if (own === undefined) return;
        operations.push({ type: 'del', key: sessionKey(change.clientId) });
        for (const key of own) {
          operations.push({ type: 'del', key });
          const sequence = sequenceOf(key);
          if (sequence !== undefined) this.#release(sequence, operations, undo);
        }
        this.#belongings.delete(change.clientId);
        undo.push(() => this.#belongings.set(change.clientId, own));
        return;
      }
      case 'message': {
        const { sequence, message } = change;
        let references = 0;
        for (const { clientId, packetId, qos, retain, identifiers } of change.receivers) {
          const key = owedKey(clientId, sequence, packetId);
          if (!this.#claim(clientId, key, undo)) continue;
          references += 1;
          operations.push({
            type: 'put',
            key,
            value: JSON.stringify({ qos, retain, identifiers }),
          });
        }
        if (references === 0) return;
        operations.push({ type: 'put', key: messageKey(sequence), value: encodeMessage(message) });
        const before = this.#references.get(sequence);
        this.#references.set(sequence, (before ?? 0) + references);
        undo.push(() => this.#restore(sequence, before));
        return;
      }
      case 'released': {
        const { clientId, sequence, packetId } = change;
        if (!this.#disclaim(clientId, owedKey(clientId, sequence, packetId), operations, undo)) return;
        const key = releasedKey(clientId, sequence, packetId);
        this.#claim(clientId, key, undo);
        operations.push({ type: 'put', key, value: '' });
        this.#release(sequence, operations, undo);
        return;
      }
      case 'done': {
        const { clientId, sequence, packetId } = change;
        if (this.#disclaim(clientId, owedKey(clientId, sequence, packetId), operations, undo)) {
          this.#release(sequence, operations, undo);
        } else this.#disclaim(clientId, releasedKey(clientId, sequence, packetId), operations, undo);
        return;
      }
      case 'subscribe': {
        const key = subscriptionKey(change.clientId, change.subscription.filter);
        if (!this.#claim(change.clientId, key, undo)) return;
        operations.push({ type: 'put', key, value: JSON.stringify(change.subscription) });
        return;
      }
      case 'unsubscribe':
        this.#disclaim(change.clientId, subscriptionKey(change.clientId, change.filter), operations, undo);
        return;
      case 'received': {
        const key = receivedKey(change.clientId, change.packetId);
        if (this.#claim(change.clientId, key, undo)) operations.push({ type: 'put', key, value: '' });
        return;
      }
      case 'completed':
        this.#disclaim(change.clientId, receivedKey(change.clientId, change.packetId), operations, undo);
        return;
      case 'retain':
        operations.push({
          type: 'put',
          key: retainedKey(change.message.topic),
          value: encodeMessage(change.message),
        });
        return;
      case 'unretain':
        operations.push({ type: 'del', key: retainedKey(change.topic) });
        return;
    }
  }

  /** @returns false when the session does not exist (any more) */
  #claim(clientId: string, key: string, undo: (() => void)[]): boolean {
    const own = this.#belongings.get(clientId);
    if (own === undefined) return false;
    if (!own.has(key)) {
      own.add(key);
      undo.push(() => own.delete(key));
    }
    return true;
  }

  #disclaim(clientId: string, key: string, operations: StoreOperation[], undo: (() => void)[]): boolean {
    const own = this.#belongings.get(clientId);
    if (!own?.delete(key)) return false;
    undo.push(() => own.add(key));
    operations.push({ type: 'del', key });
    return true;
  }

  /** One delivery less needs the message. */
  #release(sequence: number, operations: StoreOperation[], undo: (() => void)[]): void {
    const before = this.#references.get(sequence);
    if (before === undefined) return;
    if (before > 1) this.#references.set(sequence, before - 1);
    else {
      this.#references.delete(sequence);
      operations.push({ type: 'del', key: messageKey(sequence) });
    }
    undo.push(() => this.#restore(sequence, before));
  }

  #restore(sequence: number, references: number | undefined): void {
    if (references === undefined) this.#references.delete(sequence);
    else this.#references.set(sequence, references);
  }

  #own(clientId: string): Set<string> {
    let own = this.#belongings.get(clientId);
    if (own === undefined) {
      own = new Set();
      this.#belongings.set(clientId, own);
    }
    return own;
  }
}

type Owed = Pick<StoredDelivery, 'qos' | 'retain' | 'identifiers'>;
const RELEASED: Owed = { qos: 2, retain: false, identifiers: undefined };

/** Puts the entries of the store together again. */
class Loading {
  readonly #records = new Map<string, SessionRecord>();
  readonly #subscriptions = new Map<string, StoredSubscription[]>();
  readonly #received = new Map<string, number[]>();
  readonly #owed = new Map<string, Omit<StoredDelivery, 'message'>[]>();
  readonly #messages = new Map<number, StoredMessage>();
  readonly #retained: StoredMessage[] = [];
  readonly #keys: string[] = [];

  take(key: string, value: Buffer): void {
    const [kind, first = '', second = '', third = ''] = key.split(SEPARATOR);
    if (kind !== 'c' && kind !== 'r') this.#keys.push(key);
    if (kind === 'c') this.#records.set(first, decodeRecord(value));
    else if (kind === 'f')
      append(this.#subscriptions, first, JSON.parse(value.toString()) as StoredSubscription);
    else if (kind === 'i') append(this.#received, first, Number(second));
    else if (kind === 'm') this.#messages.set(Number.parseInt(first, 36), decodeMessage(value));
    else if (kind === 'r') this.#retained.push(decodeMessage(value));
    else if (kind === 'q' || kind === 'p') {
      const released = kind === 'p';
      const fields = released ? RELEASED : (JSON.parse(value.toString()) as Owed);
      append(this.#owed, first, {
        qos: fields.qos,
        retain: fields.retain,
        identifiers: fields.identifiers,
        released,
        sequence: Number.parseInt(second, 36),
        packetId: Number(third),
      });
    }
  }

  /** @param orphan called with each key that belongs to nothing */
  finish(orphan: (key: string) => void): StoredState {
    let sequence = 0;
    const needed = new Set<number>();
    const sessions: StoredSession[] = [];
    for (const record of this.#records.values()) {
      const deliveries: StoredDelivery[] = [];
      const all = this.#owed.get(record.clientId) ?? [];
      for (const owed of all.sort((a, b) => a.sequence - b.sequence)) {
        const message = owed.released ? undefined : this.#messages.get(owed.sequence);
        sequence = Math.max(sequence, owed.sequence);
        if (message !== undefined) needed.add(owed.sequence);
        else if (!owed.released) {
          // without its content a message cannot be delivered
          orphan(owedKey(record.clientId, owed.sequence, owed.packetId));
          continue;
        }
        deliveries.push({ ...owed, message });
      }
      sessions.push({
        record,
        subscriptions: this.#subscriptions.get(record.clientId) ?? [],
        deliveries,
        received: this.#received.get(record.clientId) ?? [],
      });
    }
    for (const key of this.#keys) {
      const [kind, first = ''] = key.split(SEPARATOR);
      const owner = kind === 'm' ? needed.has(Number.parseInt(first, 36)) : this.#records.has(first);
      if (!owner) orphan(key);
    }
    return { sessions, retained: this.#retained, sequence };
  }
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

const sessionKey = (clientId: string): string => `c${SEPARATOR}${clientId}`;
const subscriptionKey = (clientId: string, filter: string): string =>
  `f${SEPARATOR}${clientId}${SEPARATOR}${filter}`;
const releasedKey = (clientId: string, sequence: number, packetId: number): string =>
  `p${SEPARATOR}${clientId}${SEPARATOR}${digits(sequence)}${SEPARATOR}${packetId}`;
const receivedKey = (clientId: string, packetId: number): string =>
  `i${SEPARATOR}${clientId}${SEPARATOR}${packetId}`;
const messageKey = (sequence: number): string => `m${SEPARATOR}${digits(sequence)}`;
const retainedKey = (topic: string): string => `r${SEPARATOR}${topic}`;
const owedKey = (clientId: string, sequence: number, packetId: number): string =>
  `q${SEPARATOR}${clientId}${SEPARATOR}${digits(sequence)}${SEPARATOR}${packetId}`;

function digits(sequence: number): string {
  return sequence.toString(36).padStart(DIGITS, '0');
}

function sequenceOf(key: string): number | undefined {
  const [kind, , sequence = ''] = key.split(SEPARATOR);
  return kind === 'q' ? Number.parseInt(sequence, 36) : undefined;
}
