import { type JsonValue, messageOf } from '../hal/index.js';
import type { RoleContext } from './contract.js';

/**
 * Publishes on one topic in the background. An outage is said once in the log, and so is its end; it is no fault of the
 * role, whose state is true all the same.
 */
export class Sender {
  #failing = false;

  constructor(
    private readonly context: RoleContext,
    readonly topic: string,
  ) {}

  /** Never rejects. */
  async send(payload: JsonValue): Promise<void> {
    const { context, topic } = this;
    try {
      await context.neighbours.publish(topic, payload);
      if (this.#failing) context.log.info({ thing: context.thing, topic }, 'messages are sent again');
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        context.log.warn({ thing: context.thing, topic }, `message not sent: ${messageOf(error)}`);
      }
      this.#failing = true;
    }
  }
}
