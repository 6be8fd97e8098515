import type { Timer } from '../hal/index.js';
import type { Role, RoleContext, RoleDefinition } from './contract.js';
import { DURATION, RECIPIENTS, TOPIC } from './options.js';
import { Sender } from './sender.js';

export interface PublisherOptions {
  readonly topic: string;
  /** ms */
  readonly every: number;
  readonly message: string;
  readonly to: readonly string[];
}

/** `{ "message": TEXT, "sequence": N }` on a topic, N from 0: the payload of AWS's own HelloWorld sample. */
export const publisher: RoleDefinition<PublisherOptions> = {
  name: 'publisher',
  summary: 'Publishes a counted message on a topic: { "message": TEXT, "sequence": N }.',
  options: {
    topic: { ...TOPIC, title: 'Topic', default: 'hello/world/pubsub' },
    every: { ...DURATION, title: 'Interval', default: '5s' },
    message: { title: 'Message', type: 'string', maxLength: 1024, default: 'Hello World!' },
    to: RECIPIENTS,
  },
  required: [],
  properties: [],
  lines: () => [],
  traffic: (_thing, { topic, to }) => ({ shadow: false, publishes: [{ subject: topic, to }] }),
  create: (options, context) => new Publisher(options, context),
};

class Publisher implements Role {
  readonly #sender: Sender;
  #beat: Timer | undefined;
  #sequence = 0;

  constructor(
    private readonly options: PublisherOptions,
    private readonly context: RoleContext,
  ) {
    this.#sender = new Sender(context, options.topic);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#beat = this.context.clock.every(this.options.every, () => this.#publish());
    this.#publish();
  }

  async stop(): Promise<void> {
    this.#beat?.cancel();
  }

  state(): { readonly sent: number } {
    return { sent: this.#sequence };
  }

  /** A message that cannot be sent leaves its number unused: the receiver sees the gap. */
  #publish(): void {
    void this.#sender.send({ message: this.options.message, sequence: this.#sequence++ });
  }
}
