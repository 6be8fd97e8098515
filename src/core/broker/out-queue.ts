import type { QoS } from './contract.js';
import type { Publication } from './publication.js';

/** One message owed to one session. */
export interface Delivery {
  /** Undefined once the receiver has it (QoS 2 after PUBREC). */
  publication: Publication | undefined;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: readonly number[] | undefined;
  /** 0 for QoS 0. Given when it is queued, not when it is sent: it is part of what is kept. */
  readonly packetId: number;
  /** The order in which messages came. */
  readonly sequence: number;
  /** Bytes that keeping it costs. */
  size: number;
  /** Kept by the store, or not to be kept. */
  safe: boolean;
  state: 'waiting' | 'sent' | 'releasing' | 'released' | 'gone';
  /** Sent before, on this connection or another. */
  dup: boolean;
}

/** First in, first out, in constant time. */
class Fifo {
  #items: (Delivery | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): Delivery | undefined {
    return this.#items[this.#head];
  }

  push(item: Delivery): void {
    this.#items.push(item);
  }

  shift(): Delivery | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 512 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Puts these before all others. */
  replace(items: Delivery[]): void {
    this.#items = items;
    this.#head = 0;
  }
}

/**
 * What waits to be sent to one client, in order. QoS 0 and the others stand in two lines, so that the oldest of either
 * can be dropped at once; the sequence says whose turn it is.
 */
export class OutQueue {
  readonly #unkept = new Fifo();
  readonly #kept = new Fifo();

  get length(): number {
    return this.#unkept.length + this.#kept.length;
  }

  push(delivery: Delivery): void {
    (delivery.qos === 0 ? this.#unkept : this.#kept).push(delivery);
  }

  /** The next to be sent. */
  get first(): Delivery | undefined {
    const a = this.#unkept.first;
    const b = this.#kept.first;
    if (a === undefined || b === undefined) return a ?? b;
    return a.sequence < b.sequence ? a : b;
  }

  shift(): Delivery | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    return first.qos === 0 ? this.#unkept.shift() : this.#kept.shift();
  }

  /** Takes out the oldest with QoS 0. */
  shiftUnkept(): Delivery | undefined {
    return this.#unkept.shift();
  }

  /** Takes out the oldest with QoS 1 or 2. */
  shiftKept(): Delivery | undefined {
    return this.#kept.shift();
  }

  /** What is with QoS 1 and 2 from now on: all that is owed, in order. */
  replaceKept(deliveries: Delivery[]): void {
    this.#kept.replace(deliveries);
  }
}
