import { type Clock, type Log, messageOf } from '../../hal/index.js';
import type { BrokerPort } from '../core/broker/contract.js';
import type { Service } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import type { Store } from '../store/contract.js';
import type { Link } from '../things/link.js';
import { matches } from '../topic-filter.js';
import { Spool, type SpoolOptions } from './spool/index.js';

export interface BridgeOptions {
  /** Named `cloud`: the table's rows with that source and target are about it. Stays open. */
  readonly port: BrokerPort;
  /** To AWS IoT. Construct the bridge before it starts. */
  readonly link: Link;
  /** Subjects of the rows with target `cloud`, and of those with source `cloud`. */
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly store: Store;
  readonly limits?: SpoolOptions['limits'];
  readonly backoff?: SpoolOptions['backoff'];
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** AWS IoT Core's limit of a message, bytes. */
const MESSAGE_LIMIT = 128 * 1024;

/**
 * Carries messages between the site and AWS IoT as the subscription table says. Up: through the spool, at QoS 1, one after
 * the other, so the order is kept. Down: what comes, also what the session kept meanwhile, is published under the port's
 * name at QoS 1.
 */
export class Bridge implements Service {
  readonly name = 'bridge';
  readonly spool: Spool;
  #up: readonly string[];
  #down: readonly string[];
  #running = false;
  readonly #ends: (() => void)[] = [];
  #received = 0;
  #lost = 0;
  #lastTrouble: string | undefined;

  constructor(private readonly options: BridgeOptions) {
    const { link, store, clock, log, random, limits, backoff } = options;
    this.#up = [...new Set(options.up)];
    this.#down = [...new Set(options.down)];
    this.spool = new Spool({
      name: 'aws-iot',
      store,
      clock,
      log,
      random,
      ...(limits && { limits }),
      ...(backoff && { backoff }),
      deliver: ({ subject, payload }) => link.publish(subject, Buffer.from(payload)),
    });
    link.onOnline(async () => this.spool.kick());
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.spool.start(signal);
    this.#running = true;
    this.#open();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#close();
    await this.spool.stop();
  }

  /** Carries other rows from now on. What waits in the spool is still sent. */
  replace({ up, down }: Pick<BridgeOptions, 'up' | 'down'>): void {
    this.#close();
    this.#up = [...new Set(up)];
    this.#down = [...new Set(down)];
    if (this.#running) this.#open();
  }

  part(): PartStatus {
    const part = this.spool.part();
    return {
      ...part,
      name: this.name,
      kind: 'cloud',
      figures: { ...part.figures, received: this.#received, lost: this.#lost },
    };
  }

  #open(): void {
    const { port, link } = this.options;
    const [up, down] = [this.#up, this.#down];
    for (const [at, filter] of up.entries()) {
      this.#ends.push(
        port.subscribe(filter, ({ topic, payload, from }) => {
          if (from !== port.name && !coveredBefore(up, at, topic)) this.#send(topic, payload);
        }),
      );
    }
    for (const [at, filter] of down.entries()) {
      this.#ends.push(
        link.listen(filter, (topic, payload) => {
          return coveredBefore(down, at, topic) ? undefined : this.#receive(topic, payload);
        }),
      );
    }
  }

  #close(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  #send(topic: string, payload: Buffer): void {
    if (payload.length > MESSAGE_LIMIT) {
      this.#complain(`a message on ${topic} has ${payload.length} bytes, AWS IoT takes ${MESSAGE_LIMIT}`);
      return;
    }
    this.spool.enqueue({ subject: topic, payload }).catch((error: unknown) => {
      this.#complain(`a message on ${topic} for the cloud is lost: ${messageOf(error)}`);
    });
  }

  /** Acknowledged to the cloud when everyone here who is owed it has it, or its session on disk. */
  #receive(topic: string, payload: Buffer): Promise<void> {
    this.#received += 1;
    return this.options.port.publish({ topic, payload, qos: 1 }).catch((error: unknown) => {
      this.#complain(`a message on ${topic} from the cloud is lost: ${messageOf(error)}`);
    });
  }

  #complain(trouble: string): void {
    this.#lost += 1;
    // the same again is not news
    if (trouble !== this.#lastTrouble) this.options.log.warn({ lost: this.#lost }, trouble);
    this.#lastTrouble = trouble;
  }
}

/** Overlapping rows: a message is carried once, by the first that matches. */
function coveredBefore(filters: readonly string[], at: number, topic: string): boolean {
  for (let earlier = 0; earlier < at; earlier++) if (matches(filters[earlier]!, topic)) return true;
  return false;
}
