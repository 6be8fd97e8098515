import type { Clock, Log } from '../../hal/index.js';
import { type Batch, type BatchSink, rowOf } from '../aggregator/batch.js';
import type { Service } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import type { Store, StoreOperation } from '../store/contract.js';
import type { Link } from '../things/link.js';
import { Handover } from './handover.js';
import { Spool, type SpoolOptions } from './spool/index.js';

export interface TopicSinkOptions {
  readonly topic: string;
  /** To AWS IoT. Construct the sink before it starts. */
  readonly link: Link;
  /** The aggregator's section. */
  readonly section: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly limits?: SpoolOptions['limits'];
  readonly backoff?: SpoolOptions['backoff'];
}

/** Batches as JSON rows on a topic of AWS IoT, QoS 1: each arrives, after trouble perhaps twice; Thing and Window tell. */
export class TopicSink implements BatchSink, Service {
  readonly name = 'topic';
  readonly #spool: Spool;
  readonly #handover: Handover;

  constructor(private readonly options: TopicSinkOptions) {
    const { link, section, clock, log, random, limits, backoff } = options;
    this.#spool = new Spool({
      name: 'topic',
      store: section,
      clock,
      log,
      random,
      ...(limits && { limits }),
      ...(backoff && { backoff }),
      deliver: ({ subject, payload }) => link.publish(subject, Buffer.from(payload)),
    });
    this.#handover = new Handover(this.#spool);
    link.onOnline(async () => this.#spool.kick());
  }

  /** Before the aggregator. */
  start(signal: AbortSignal): Promise<void> {
    return this.#spool.start(signal);
  }

  stop(): Promise<void> {
    return this.#spool.stop();
  }

  accept(batch: Batch): readonly StoreOperation[] {
    const payload = Buffer.from(JSON.stringify(rowOf(batch)));
    return this.#handover.accept(batch, { subject: this.options.topic, payload });
  }

  accepted(batch: Batch): void {
    this.#handover.accepted(batch);
  }

  part(): PartStatus {
    return this.#spool.part();
  }
}
