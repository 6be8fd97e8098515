import { toStored } from './message.js';
import type { Publication } from './publication.js';
import type { BrokerState } from './state.js';
import { NameTree } from './topic-tree.js';

/** The last retained message of each topic (3.3.1.3). */
export class Retained {
  readonly #tree = new NameTree<Publication>();
  #count = 0;
  #bytes = 0;

  constructor(private readonly state: () => BrokerState) {}

  get count(): number {
    return this.#count;
  }

  /**
   * [MQTT-3.3.1-5] replaces what the topic had; [MQTT-3.3.1-6] an empty payload removes it, and is not kept
   * [MQTT-3.3.1-7]. Beyond the limits the message is delivered but not kept; that is counted as dropped.
   * @returns whether the store has something to do
   */
  set(publication: Publication): boolean {
    const state = this.state();
    if (publication.payload.length === 0) {
      if (!this.#delete(publication.topic)) return false;
      state.journal.record({ type: 'unretain', topic: publication.topic });
      return true;
    }
    const before = this.#tree.set(publication.topic, publication);
    this.#count += before ? 0 : 1;
    this.#bytes += publication.size - (before?.size ?? 0);
    if (this.#count > state.limits.maximumRetained || this.#bytes > state.limits.maximumRetainedBytes) {
      this.#delete(publication.topic);
      state.counters.dropped += 1;
      state.log.warn(
        { topic: publication.topic, retained: this.#count },
        'no room for another retained message',
      );
      if (before) state.journal.record({ type: 'unretain', topic: publication.topic });
      return before !== undefined;
    }
    publication.own();
    state.journal.record({ type: 'retain', message: toStored(state, publication) });
    return true;
  }

  /** Takes back what was kept before a restart. */
  restore(publication: Publication): void {
    this.#tree.set(publication.topic, publication);
    this.#count += 1;
    this.#bytes += publication.size;
  }

  /** Those that match and have not expired. */
  match(filter: string): Publication[] {
    const now = this.state().monotonicMs();
    return this.#tree.match(filter).filter((publication) => {
      if (publication.expiresAt === 0 || publication.expiresAt > now) return true;
      this.#delete(publication.topic);
      this.state().journal.record({ type: 'unretain', topic: publication.topic });
      return false;
    });
  }

  #delete(topic: string): boolean {
    const before = this.#tree.delete(topic);
    if (before === undefined) return false;
    this.#count -= 1;
    this.#bytes -= before.size;
    return true;
  }
}
