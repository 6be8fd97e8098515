import type { Connection } from './connection.js';
import type { QoS } from './contract.js';
import { type Delivery, OutQueue } from './out-queue.js';
import type { Publication } from './publication.js';
import type { Receiver, Subscription, Target } from './router.js';
import type { BrokerState } from './state.js';
import type { Will } from './wills.js';

/** What the server keeps for one client id, connected or not (4.1.0). */
export class Session implements Target {
  readonly subscriptions = new Map<string, Subscription>();
  /** QoS 2 messages received and not yet released. */
  readonly received = new Set<number>();
  connection: Connection | undefined;
  /** Seconds that it outlives its connection. */
  expiryInterval = 0;
  /** The store knows of it. */
  stored = false;
  will: Will | undefined;
  /** Monotonic ms; 0: not running. */
  willDueAt = 0;
  /** Monotonic ms; 0 while connected. */
  endsAt = 0;
  sentThrough = 0;
  /** Messages dropped because its queue was full. */
  dropped = 0;
  /** QoS 1 and 2: everything owed, by packet identifier, in order. */
  readonly #owed = new Map<number, Delivery>();
  readonly #queue = new OutQueue();
  #inflight = 0;
  #bytes = 0;
  #lastId = 0;

  constructor(
    readonly name: string,
    private readonly state: BrokerState,
  ) {}

  get ready(): boolean {
    return this.connection !== undefined && this.#queue.length === 0 && this.connection.writable;
  }

  get keeps(): boolean {
    return this.connection !== undefined || this.expiryInterval > 0;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Sent and not acknowledged. */
  get inflight(): number {
    return this.#inflight;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  deliver(publication: Publication, receiver: Receiver, sequence: number): Delivery | undefined {
    const retain = receiver.retainAsPublished && publication.retain;
    return this.send(publication, Math.min(publication.qos, receiver.qos) as QoS, retain, receiver, sequence);
  }

  /** @returns the delivery when it must be kept by the store */
  send(
    publication: Publication,
    qos: QoS,
    retain: boolean,
    { identifiers }: { readonly identifiers: readonly number[] | undefined },
    sequence: number,
  ): Delivery | undefined {
    const { connection } = this;
    if (qos === 0) {
      // a session that is away is not owed QoS 0 (4.1.0, non-normative: optional)
      if (connection === undefined) return undefined;
      if (this.#queue.length === 0 && connection.writable) {
        if (connection.publish(publication, 0, 0, retain, false, identifiers))
          this.state.counters.delivered += 1;
        return undefined;
      }
    }
    const { size } = publication;
    if (!this.#makeRoom(size, qos)) {
      this.#drop();
      return undefined;
    }
    const packetId = qos === 0 ? 0 : this.#nextId();
    const delivery: Delivery = {
      publication,
      qos,
      retain,
      identifiers,
      packetId,
      sequence,
      size,
      safe: !this.stored,
      state: 'waiting',
      dup: false,
    };
    this.#count(1, size);
    if (qos > 0) this.#owed.set(packetId, delivery);
    if (this.#queue.length === 0 && this.#maySend(delivery)) this.#transmit(delivery);
    else {
      publication.own();
      this.#queue.push(delivery);
    }
    return this.stored && qos > 0 ? delivery : undefined;
  }

  /** Takes back what was kept before, in order; after a restart. */
  restore(delivery: Delivery): void {
    this.#owed.set(delivery.packetId, delivery);
    this.#lastId = delivery.packetId;
    this.#count(1, delivery.size);
  }

  /** The store has it; QoS 2 goes out only now, so that it is not sent twice after a crash. */
  settled(delivery: Delivery, kept: boolean): void {
    delivery.safe = true;
    if (!kept && delivery.qos === 2 && delivery.state === 'waiting') {
      // the publisher is told that it was not taken, and will send it again
      this.#forget(delivery);
      delivery.state = 'gone';
    }
    if (delivery.qos === 2) this.pump();
  }

  /** Everything unacknowledged is sent again, in its first order [MQTT-4.4.0-1], [MQTT-4.6.0-1]. */
  resume(): void {
    this.#inflight = 0;
    const again: Delivery[] = [];
    for (const delivery of this.#owed.values()) {
      if (delivery.state === 'sent') {
        delivery.state = 'waiting';
        delivery.dup = true;
      }
      if (delivery.state === 'waiting') again.push(delivery);
      else this.#inflight += 1;
      if (delivery.state === 'released') this.connection?.release(delivery.packetId);
    }
    this.#queue.replaceKept(again);
    this.pump();
  }

  /** The connection is gone; QoS 0 goes with it. */
  suspend(): void {
    for (let d = this.#queue.shiftUnkept(); d; d = this.#queue.shiftUnkept()) this.#count(-1, -d.size);
  }

  /** Sends what waits, as far as the client and its stream take it. */
  pump(): void {
    for (let next = this.#queue.first; next !== undefined; next = this.#queue.first) {
      if (next.state !== 'waiting') {
        this.#queue.shift();
        continue;
      }
      if (!this.#maySend(next)) return;
      this.#queue.shift();
      this.#transmit(next);
    }
  }

  /** PUBACK, or PUBREC with an error: it is over (4.3.2, 4.3.3). @returns false when nothing was sent under that id */
  acknowledge(packetId: number, qos: QoS): boolean {
    const delivery = this.#owed.get(packetId);
    if (delivery === undefined || delivery.qos !== qos || delivery.state !== 'sent') return false;
    this.#inflight -= 1;
    this.#finish(delivery);
    this.pump();
    return true;
  }

  /**
   * PUBREC: the receiver has it. PUBREL follows when that is safe: a crash must not send the message again.
   * @returns false when nothing was sent under that id
   */
  release(packetId: number): boolean {
    const delivery = this.#owed.get(packetId);
    if (delivery === undefined || delivery.qos !== 2 || delivery.state === 'waiting') return false;
    if (delivery.state === 'released') this.connection?.release(packetId);
    if (delivery.state !== 'sent') return true;
    delivery.state = 'releasing';
    this.#count(0, -delivery.size);
    delivery.size = 0;
    delivery.publication = undefined;
    const released = (): void => {
      if (delivery.state !== 'releasing') return;
      delivery.state = 'released';
      this.connection?.release(packetId);
    };
    if (!this.stored) {
      released();
      return true;
    }
    const { journal } = this.state;
    journal.record({ type: 'released', clientId: this.name, sequence: delivery.sequence, packetId });
    journal.settle((error) => {
      released();
      if (error) this.connection?.fail(error);
    });
    return true;
  }

  /** PUBCOMP. @returns false when nothing was released under that id */
  complete(packetId: number): boolean {
    const delivery = this.#owed.get(packetId);
    if (delivery?.state !== 'released') return false;
    this.#inflight -= 1;
    this.#finish(delivery);
    this.pump();
    return true;
  }

  /** Drops what is owed, for good. */
  clear(): void {
    this.suspend();
    for (const delivery of this.#owed.values()) {
      this.#count(-1, -delivery.size);
      delivery.state = 'gone';
    }
    this.#owed.clear();
    this.#queue.replaceKept([]);
    this.received.clear();
  }

  #maySend(delivery: Delivery): boolean {
    const { connection } = this;
    if (connection === undefined || !connection.writable) return false;
    if (delivery.qos === 0) return true;
    // [MQTT-3.3.4-9]
    if (this.#inflight >= connection.sendMaximum) return false;
    return delivery.qos === 1 || delivery.safe;
  }

  #transmit(delivery: Delivery): void {
    const { publication, qos, packetId, retain, dup, identifiers, sequence } = delivery;
    const connection = this.connection as Connection;
    if (sequence > this.sentThrough) this.sentThrough = sequence;
    if (publication === undefined) return;
    const expired = publication.expiresAt !== 0 && this.state.monotonicMs() >= publication.expiresAt;
    // [MQTT-3.3.2-5]: an expired message is not delivered, unless that was begun
    if (expired && !dup) {
      this.#finish(delivery);
      return;
    }
    if (!connection.publish(publication, qos, packetId, retain, dup, identifiers)) {
      this.#finish(delivery);
      return;
    }
    this.state.counters.delivered += 1;
    if (qos === 0) this.#count(-1, -delivery.size);
    else {
      this.#inflight += 1;
      delivery.state = 'sent';
    }
  }

  #finish(delivery: Delivery): void {
    this.#forget(delivery);
    delivery.state = 'gone';
    if (this.stored && delivery.qos > 0) {
      const { sequence, packetId } = delivery;
      this.state.journal.record({ type: 'done', clientId: this.name, sequence, packetId });
    }
  }

  #forget(delivery: Delivery): void {
    if (delivery.qos > 0 && !this.#owed.delete(delivery.packetId)) return;
    this.#count(-1, -delivery.size);
  }

  /** The oldest QoS 0 goes first, then the oldest that was not sent; a new QoS 0 never pushes out QoS 1 or 2. */
  #makeRoom(size: number, qos: QoS): boolean {
    const { maximumQueued, maximumQueuedBytes, maximumTotalQueuedBytes } = this.state.limits;
    const { counters } = this.state;
    for (;;) {
      const full =
        this.#owed.size + this.#queue.length >= maximumQueued ||
        this.#bytes + size > maximumQueuedBytes ||
        counters.queuedBytes + size > maximumTotalQueuedBytes;
      if (!full) return true;
      const unkept = this.#queue.shiftUnkept();
      if (unkept) {
        this.#count(-1, -unkept.size);
        this.#drop();
        continue;
      }
      const oldest = qos === 0 ? undefined : this.#queue.shiftKept();
      if (oldest === undefined) return false;
      if (oldest.state !== 'waiting') continue;
      this.#finish(oldest);
      this.#drop();
    }
  }

  #drop(): void {
    this.dropped += 1;
    this.state.counters.dropped += 1;
  }

  #count(messages: number, bytes: number): void {
    this.#bytes += bytes;
    this.state.counters.queuedMessages += messages;
    this.state.counters.queuedBytes += bytes;
  }

  /** [MQTT-2.2.1-4]: one that is not in use; there are more of them than a session may keep messages. */
  #nextId(): number {
    do {
      this.#lastId = this.#lastId >= 65_535 ? 1 : this.#lastId + 1;
    } while (this.#owed.has(this.#lastId));
    return this.#lastId;
  }
}
