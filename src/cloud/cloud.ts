import type { Clock, Log } from '../../hal/index.js';
import type { BatchSink } from '../aggregator/batch.js';
import type { BrokerPort } from '../core/broker/contract.js';
import { type Service, ServiceStack } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import type { Store } from '../store/contract.js';
import { allSinks } from './all-sinks.js';
import { AwsIot, type AwsIotOptions } from './aws-iot.js';
import { Bridge } from './bridge.js';
import { DynamoDbSink, type DynamoDbSinkOptions } from './dynamodb-sink.js';
import { keptSession } from './session.js';
import { ShadowSync, type ShadowSyncOptions } from './shadow-sync/index.js';
import type { SpoolLimits } from './spool/index.js';
import type { SpooledSinkOptions } from './spooled-sink.js';
import { TopicSink } from './topic-sink.js';

type Common = keyof SpooledSinkOptions;

export interface CloudOptions {
  /** The aggregator's section: what the sinks owe is written there together with the totals. */
  readonly cars: Store;
  /** For messages and shadows; a section of its own. */
  readonly store: Store;
  /** Keeps the rows on this machine in any case. */
  readonly local: BatchSink;
  readonly dynamodb?: Omit<DynamoDbSinkOptions, Common>;
  readonly iot?: Omit<AwsIotOptions, 'clock' | 'log' | 'random' | 'session'> & {
    /** For how long AWS IoT keeps the session after a connection; absent: not. */
    readonly sessionExpiryMs?: number;
    /** Named `cloud`, of the message manager. */
    readonly broker: BrokerPort;
    /** Subjects of the rows with target `cloud`, and of those with source `cloud`. */
    readonly up: readonly string[];
    readonly down: readonly string[];
    /** Batches go there as well. */
    readonly batchTopic?: string;
    readonly shadows?: Pick<ShadowSyncOptions, 'shadows' | 'local' | 'everyMs' | 'maxPerSecond'>;
  };
  /** Of each spool. */
  readonly limits?: Partial<SpoolLimits>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** All ways out of the site, as configured. Start it after the message manager and before the aggregator. */
export class Cloud implements Service {
  readonly name = 'cloud';
  /** For the aggregator. */
  readonly sink: BatchSink;
  readonly #services: (Service & { part(): PartStatus })[] = [];
  readonly #running = new ServiceStack();
  readonly #bridge: Bridge | undefined;

  constructor(options: CloudOptions) {
    const { cars, store, local, dynamodb, iot, limits, clock, random } = options;
    const common = (part: string): { clock: Clock; log: Log; random: () => number } => ({
      clock,
      random,
      log: options.log.child({ part }),
    });
    const bounded = limits && { limits };
    const sinks: BatchSink[] = [local];
    if (dynamodb) {
      const sink = new DynamoDbSink({ ...dynamodb, ...common('dynamodb'), ...bounded, store: cars });
      sinks.push(sink);
      this.#services.push(sink);
    }
    if (iot) {
      const { broker, up, down, batchTopic, shadows, sessionExpiryMs, ...to } = iot;
      const session =
        sessionExpiryMs === undefined
          ? undefined
          : keptSession(store.section('session'), iot.endpoint, sessionExpiryMs);
      const connection = new AwsIot({ ...to, ...common('aws-iot'), ...(session && { session }) });
      const { link } = connection;
      if (batchTopic !== undefined) {
        const sink = new TopicSink({
          ...common('topic'),
          ...bounded,
          topic: batchTopic,
          link,
          store: cars,
        });
        sinks.push(sink);
        this.#services.push(sink);
      }
      this.#bridge = new Bridge({ ...common('bridge'), ...bounded, port: broker, link, up, down, store });
      this.#services.push(this.#bridge);
      if (shadows) {
        const section = store.section('shadow-sync');
        this.#services.push(new ShadowSync({ ...common('shadow-sync'), ...shadows, link, section }));
      }
      // last, and so the first to stop: what waits for it is given up at once
      this.#services.push(connection);
    }
    this.sink = sinks.length === 1 ? local : allSinks(sinks);
  }

  /** Asks nothing of the network. */
  async start(signal: AbortSignal): Promise<void> {
    for (const service of this.#services) await this.#running.start(service, signal);
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  /** Other rows with `cloud` from now on; nothing where there is no AWS IoT. */
  carry(subjects: { readonly up: readonly string[]; readonly down: readonly string[] }): void {
    this.#bridge?.replace(subjects);
  }

  parts(): PartStatus[] {
    return this.#services.map((service) => service.part());
  }
}
