import { type Clock, type Log, messageOf } from '../../../hal/index.js';
import type { BrokerPort } from '../broker/contract.js';
import type { Outcome } from './engine.js';
import {
  deleteAccepted,
  deltaText,
  documentsText,
  getAcceptedText,
  rejected,
  updateAccepted,
} from './messages.js';
import type { ShadowId } from './names.js';
import { answerTopic, type ShadowOperation } from './topics.js';

/** Milliseconds between two log lines about answers that could not be published. */
const COMPLAIN_EVERY_MS = 10_000;

/** Puts what became of a request on the wire: delta, documents, accepted, in this order; or rejected. */
export class Publisher {
  #failed = 0;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly port: BrokerPort,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Messages that the broker did not take, since start. */
  get failed(): number {
    return this.#failed;
  }

  /** Resolves when the broker has taken the last of the messages; never rejects. */
  publish(id: ShadowId, operation: ShadowOperation, outcome: Outcome): Promise<void> {
    const { timestamp, clientToken } = outcome;
    switch (outcome.kind) {
      case 'got':
        return this.#send(
          answerTopic(id, 'get', 'accepted'),
          getAcceptedText(outcome.document, timestamp, clientToken),
        );
      case 'updated':
        return this.#updated(id, outcome);
      case 'deleted': {
        const body = deleteAccepted(outcome.previous.version, timestamp, clientToken);
        return this.#send(answerTopic(id, 'delete', 'accepted'), JSON.stringify(body));
      }
      case 'failed': {
        const body = rejected(outcome.error, timestamp, clientToken);
        return this.#send(answerTopic(id, operation, 'rejected'), JSON.stringify(body));
      }
    }
  }

  #updated(id: ShadowId, outcome: Outcome & { kind: 'updated' }): Promise<void> {
    const { current, previous, timestamp, clientToken, state } = outcome;
    const { version, difference } = current;
    if (difference !== undefined) {
      const body = deltaText(version, difference, timestamp, clientToken);
      void this.#send(answerTopic(id, 'update', 'delta'), body);
    }
    const documents = documentsText(previous, current, timestamp, clientToken);
    void this.#send(answerTopic(id, 'update', 'documents'), documents);
    const body = updateAccepted(state, version, timestamp, clientToken);
    return this.#send(answerTopic(id, 'update', 'accepted'), JSON.stringify(body));
  }

  /** QoS 1, so that a session that outlives its connection is owed it; receivers get it at what they asked for. */
  async #send(topic: string, payload: string): Promise<void> {
    try {
      await this.port.publish({ topic, payload, qos: 1 });
    } catch (error) {
      // the change itself is on disk; the requester sees no answer and asks again
      this.#failed += 1;
      const now = this.clock.now();
      if (now - this.#complainedAt < COMPLAIN_EVERY_MS) return;
      this.#complainedAt = now;
      this.log.warn(
        { topic, failed: this.#failed },
        `shadow answer not published: ${messageOf(error)}; ${this.#failed} since start`,
      );
    }
  }
}
