import type { BrokerPort, PortMessage } from '../../../../src/core/broker/contract.js';

interface Listener {
  readonly filter: RegExp;
  readonly hear: (message: PortMessage) => void;
}

/** Ports that hear each other at once and in order; stands for the broker where its own rules are not the matter. */
export class Hub {
  readonly #listeners = new Set<Listener>();
  /** Called before a message is passed on; what it throws or rejects with is what publish does. */
  onPublish: (from: string, topic: string) => void | Promise<void> = () => {};

  port(name: string): BrokerPort {
    const own = new Set<Listener>();
    return {
      name,
      publish: async ({ topic, payload, qos = 0, retain = false, properties }) => {
        const sent = Buffer.from(payload);
        const pending = this.onPublish(name, topic);
        for (const { filter, hear } of [...this.#listeners]) {
          if (filter.test(topic)) hear({ topic, payload: sent, qos, retain, properties, from: name });
        }
        await pending;
      },
      subscribe: (filter, hear) => {
        const listener = { filter: toRegExp(filter), hear };
        this.#listeners.add(listener);
        own.add(listener);
        return () => this.#listeners.delete(listener);
      },
      close: () => {
        for (const listener of own) this.#listeners.delete(listener);
      },
    };
  }
}

function toRegExp(filter: string): RegExp {
  const pattern = filter
    .split('/')
    .map((level) =>
      level === '+' ? '[^/]*' : level === '#' ? '.*' : level.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('/');
  return new RegExp(`^${pattern.replace(/\/\.\*$/, '(/.*)?')}$`);
}
