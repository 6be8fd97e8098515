import { type JsonValue, messageOf } from '../hal/index.js';
import type { RoleContext } from './contract.js';
import { failure } from './faults.js';

/** Publishes on one topic in the background. An outage is said once, in the log and as a fault, and so is its end. */
export class Sender {
  #failing = false;

  constructor(
    private readonly context: RoleContext,
    readonly topic: string,
  ) {}

  /** Never rejects. @returns whether the message was taken */
  async send(payload: JsonValue): Promise<boolean> {
    const { context, topic } = this;
    try {
      await context.neighbours.publish(topic, payload);
      if (this.#failing) context.fault(undefined);
      this.#failing = false;
      return true;
    } catch (error) {
      if (!this.#failing) {
        context.log.warn({ thing: context.thing, topic }, `message not sent: ${messageOf(error)}`);
        context.fault(failure(error));
      }
      this.#failing = true;
      return false;
    }
  }
}
