import { messageOf } from '../../../hal/errors.js';
import type { BrokerPort, MessageProperties, PortMessage, QoS } from './contract.js';
import { BrokerError } from './errors.js';
import { acceptMessage } from './message.js';
import { fromMessageProperties, toMessageProperties } from './packets/properties.js';
import { Reader } from './packets/reader.js';
import { Publication } from './publication.js';
import type { Subscription, Target } from './router.js';
import type { BrokerState } from './state.js';
import { levelsOf, parseFilter } from './topics.js';

type Listener = (message: PortMessage) => void;

/**
 * Messages to ports, in order, after whatever brought them is done: a listener that publishes at once must not
 * overtake the message that it answers on its way to other receivers.
 */
export class PortQueue {
  #waiting: { listener: Listener; message: PortMessage }[] = [];
  #scheduled = false;

  constructor(private readonly state: () => BrokerState) {}

  push(listener: Listener, message: PortMessage): void {
    this.#waiting.push({ listener, message });
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#drain());
  }

  #drain(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    for (const { listener, message } of batch) {
      try {
        listener(message);
      } catch (error) {
        // one listener's failure is not the publisher's, nor the next listener's
        this.state().log.error(
          { topic: message.topic, error: messageOf(error) },
          'a listener of a port failed',
        );
      }
    }
    // what the listeners caused comes a turn later: ports that answer each other do not starve the clients
    if (this.#waiting.length > 0) setImmediate(() => this.#drain());
    else this.#scheduled = false;
  }
}

export class Port implements BrokerPort {
  readonly #subscriptions = new Set<PortSubscription>();
  #closed = false;

  constructor(
    readonly name: string,
    private readonly state: BrokerState,
    private readonly queue: PortQueue,
  ) {}

  publish(message: {
    topic: string;
    payload: Buffer | string;
    qos?: QoS;
    retain?: boolean;
    properties?: MessageProperties;
  }): Promise<void> {
    const { topic, payload, qos = 0, retain = false, properties } = message;
    const problem = this.#problem(topic);
    if (problem) return Promise.reject(problem);
    const publication = new Publication({
      topic,
      payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
      qos,
      retain,
      properties: fromMessageProperties(properties),
      from: this.name,
    });
    const { pending } = acceptMessage(this.state, publication);
    if (!pending) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.state.journal.settle((error) => (error ? reject(error) : resolve()));
    });
  }

  subscribe(filter: string, listener: Listener): () => void {
    const parsed = parseFilter(filter);
    if (parsed === undefined) throw new BrokerError('BROKER_ARGUMENT', `"${filter}" is not a topic filter`);
    if (this.#closed) throw new BrokerError('BROKER_STOPPED', `port ${this.name} was closed`);
    const subscription: Subscription = {
      filter,
      match: parsed.filter,
      share: parsed.share,
      qos: 2,
      noLocal: false,
      retainAsPublished: true,
      retainHandling: 0,
      identifier: undefined,
    };
    const target = new PortSubscription(this.name, this.queue, listener);
    this.#subscriptions.add(target);
    this.state.router.subscribe(target, subscription);
    for (const publication of parsed.share ? [] : this.state.retained.match(parsed.filter)) {
      if (this.state.policy.pass(publication.from, publication.topic, this.name))
        target.hand(publication, true);
    }
    target.end = () => {
      if (!this.#subscriptions.delete(target)) return;
      target.ended = true;
      this.state.router.unsubscribe(target, subscription);
    };
    return target.end;
  }

  close(): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions) subscription.end();
  }

  #problem(topic: string): BrokerError | undefined {
    if (this.#closed) return new BrokerError('BROKER_STOPPED', `port ${this.name} was closed`);
    const { maximumTopicBytes, maximumTopicLevels } = this.state.limits;
    const valid =
      topic.length > 0 &&
      !/[+#\0]/.test(topic) &&
      Buffer.byteLength(topic) <= maximumTopicBytes &&
      levelsOf(topic) <= maximumTopicLevels;
    return valid ? undefined : new BrokerError('BROKER_ARGUMENT', `"${topic}" is not a topic to publish to`);
  }
}

class PortSubscription implements Target {
  readonly ready = true;
  readonly keeps = true;
  ended = false;
  end: () => void = () => {};

  constructor(
    readonly name: string,
    private readonly queue: PortQueue,
    private readonly listener: Listener,
  ) {}

  deliver(publication: Publication): undefined {
    this.hand(publication, publication.retain);
  }

  hand(publication: Publication, retain: boolean): void {
    this.queue.push(
      (message) => {
        if (!this.ended) this.listener(message);
      },
      toPortMessage(publication, retain),
    );
  }
}

function toPortMessage(
  { topic, payload, qos, properties, from, will }: Publication,
  retain: boolean,
): PortMessage {
  return {
    topic,
    payload,
    qos,
    retain,
    properties:
      properties.length === 0 ? undefined : toMessageProperties(new Reader(properties, 0, properties.length)),
    from,
    ...(will && { will }),
  };
}
