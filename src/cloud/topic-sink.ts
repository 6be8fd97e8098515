import type { Link } from '../things/link.js';
import type { SpoolEntry } from './spool/index.js';
import { SpooledSink, type SpooledSinkOptions } from './spooled-sink.js';

export interface TopicSinkOptions extends SpooledSinkOptions {
  readonly topic: string;
  /** To AWS IoT. Construct the sink before it starts. */
  readonly link: Link;
}

/** Batches as JSON rows on a topic of AWS IoT, QoS 1: each arrives, after trouble perhaps twice; Thing and Window tell. */
export class TopicSink extends SpooledSink {
  readonly #link: Link;

  constructor({ topic, link, ...options }: TopicSinkOptions) {
    super('topic', topic, options);
    this.#link = link;
    link.onOnline(async () => this.kick());
  }

  protected deliver({ subject, payload }: SpoolEntry): Promise<void> {
    return this.#link.publish(subject, Buffer.from(payload));
  }
}
