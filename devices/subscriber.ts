import { isJsonObject, type JsonObject, type JsonValue } from '../hal/index.js';
import type { Role, RoleContext, RoleDefinition } from './contract.js';
import { FILTER, THING } from './options.js';

export interface SubscriberOptions {
  readonly topic: string;
  readonly from?: string;
}

/** Receives what a publisher sends and says so in the log. */
export const subscriber: RoleDefinition<SubscriberOptions> = {
  name: 'subscriber',
  summary: 'Receives messages on a topic and logs each; numbered ones are watched for gaps.',
  options: {
    topic: { ...FILTER, title: 'Topic or filter', default: 'hello/world/pubsub' },
    from: {
      ...THING,
      title: 'Source',
      description: 'The member whose messages it gets. Default: only what `subscriptions` allows.',
    },
  },
  required: [],
  properties: [],
  lines: () => [],
  traffic: (_thing, { topic, from }) => ({
    shadow: false,
    receives: from === undefined ? [] : [{ subject: topic, from }],
  }),
  create: (options, context) => new Subscriber(options, context),
};

/** Characters of a payload that the log line shows. */
const SHOWN = 200;

class Subscriber implements Role {
  #end: (() => void) | undefined;
  #received = 0;
  #lost = 0;
  #sequence: number | undefined;
  #last: JsonValue = null;

  constructor(
    private readonly options: SubscriberOptions,
    private readonly context: RoleContext,
  ) {}

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { neighbours } = this.context;
    this.#end = neighbours.receive(this.options.topic, (topic, payload) => this.#receive(topic, payload));
  }

  async stop(): Promise<void> {
    this.#end?.();
  }

  /** `lost` counts numbers that were skipped; a number that goes back is a publisher that started anew. */
  state(): JsonObject {
    return { received: this.#received, lost: this.#lost, last: this.#last };
  }

  #receive(topic: string, payload: JsonValue): void {
    this.#received++;
    this.#last = payload;
    const sequence = isJsonObject(payload) ? payload.sequence : undefined;
    if (typeof sequence === 'number') {
      const missed = this.#sequence === undefined ? 0 : sequence - this.#sequence - 1;
      if (missed > 0) this.#lost += missed;
      this.#sequence = sequence;
    }
    const text = JSON.stringify(payload).slice(0, SHOWN);
    this.context.log.info({ thing: this.context.thing, topic, payload }, `${topic}: ${text}`);
    this.context.changed();
  }
}
