import type { QoS } from './contract.js';
import { acceptMessage } from './message.js';
import { Publication } from './publication.js';
import type { Session } from './session.js';
import type { StoredWill } from './sessions/contract.js';
import type { BrokerState } from './state.js';

/** A last will (3.1.2.5): published when its client leaves without a word. */
export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Wire form. */
  readonly properties: Buffer;
  /** Seconds from the loss of the connection. */
  readonly delay: number;
  /** Seconds from its publication; undefined: it does not expire. */
  readonly expiry: number | undefined;
}

/** Publishes the session's will, if it has one, and removes it [MQTT-3.1.2-8], [MQTT-3.1.2-10]. */
export function publishWill(state: BrokerState, session: Session): void {
  const { will } = session;
  session.will = undefined;
  session.willDueAt = 0;
  if (will === undefined) return;
  const { expiry } = will;
  const publication = new Publication({
    ...will,
    expiresAt: expiry === undefined ? 0 : state.monotonicMs() + expiry * 1_000,
    from: session.name,
    will: true,
  });
  publication.own();
  acceptMessage(state, publication);
}

export function storedWill(will: Will | undefined, from: string): StoredWill | undefined {
  return will && { ...will, expiresAt: undefined, from };
}
