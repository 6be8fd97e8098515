import type { QoS } from './contract.js';
import { NONE } from './packets/properties.js';

/** A message on its way. One object for all receivers, so that its wire forms are made once. */
export class Publication {
  readonly topic: string;
  payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  /** In wire form, in the publisher's order [MQTT-3.3.2-18], without what belongs to one hop. */
  properties: Buffer;
  /** Monotonic milliseconds; 0: never. */
  readonly expiresAt: number;
  /** Client id or port name. */
  readonly from: string;
  /** A last will. */
  readonly will: boolean;
  /** Wire forms by version, QoS and retain; see packets/publish.ts. */
  templates: (Buffer | undefined)[] | undefined;
  #owned = false;

  constructor(fields: {
    topic: string;
    payload: Buffer;
    qos: QoS;
    retain: boolean;
    properties?: Buffer;
    expiresAt?: number;
    from: string;
    will?: boolean;
  }) {
    this.topic = fields.topic;
    this.payload = fields.payload;
    this.qos = fields.qos;
    this.retain = fields.retain;
    this.properties = fields.properties ?? NONE;
    this.expiresAt = fields.expiresAt ?? 0;
    this.from = fields.from;
    this.will = fields.will ?? false;
  }

  /** What keeping it costs, in bytes. */
  get size(): number {
    return this.payload.length + this.topic.length + this.properties.length + OVERHEAD;
  }

  /**
   * Copies payload and properties out of the chunk in which they arrived, so that keeping a short message does not
   * keep the chunk.
   */
  own(): void {
    if (this.#owned) return;
    this.#owned = true;
    if (this.payload.buffer.byteLength > this.payload.length) this.payload = copyOf(this.payload);
    if (this.properties.length > 0) this.properties = copyOf(this.properties);
  }
}

/** Objects around a kept message, roughly. */
const OVERHEAD = 200;

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
