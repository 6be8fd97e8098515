import type { Decision } from './contract.js';
import type { Delivery } from './out-queue.js';
import type { Publication } from './publication.js';
import { chooseMember, type Receiver } from './router.js';
import type { Session } from './session.js';
import type { StoredMessage } from './sessions/contract.js';
import type { BrokerState } from './state.js';

export interface Acceptance {
  readonly decision: Decision;
  readonly receivers: number;
  /** Something of it must be kept: the publisher is answered after {@link BrokerState.journal} has settled. */
  readonly pending: boolean;
}

/**
 * A message's way in, whoever sends it: the policy, the retained messages, the receivers. Immediate; deliveries to
 * each receiver are in the order of these calls.
 */
export function acceptMessage(state: BrokerState, publication: Publication): Acceptance {
  const { from, topic } = publication;
  const decision = state.policy.publish(from, topic);
  if (!decision.allowed) {
    state.counters.dropped += 1;
    if (state.events.listenerCount('dropped') > 0) {
      state.events.emit('dropped', { from, topic, cause: decision.reason });
    }
    return { decision, receivers: 0, pending: false };
  }
  state.counters.accepted += 1;
  state.sequence += 1;
  const retained = publication.retain && state.retained.set(publication);
  const { receivers, kept } = deliverAll(state, publication, state.sequence);
  if (kept) keep(state, publication, kept, state.sequence);
  if (receivers === 0 && !publication.retain && state.events.listenerCount('dropped') > 0) {
    state.events.emit('dropped', { from, topic, cause: 'no subscriber may have it' });
  }
  if (state.events.listenerCount('message') > 0) {
    const { payload, qos } = publication;
    state.events.emit('message', { from, topic, payload, qos, receivers });
  }
  return { decision, receivers, pending: retained || kept !== undefined };
}

/** A delivery that must be kept, and whose it is. */
export interface Keeping {
  readonly session: Session;
  readonly delivery: Delivery;
}

function deliverAll(
  state: BrokerState,
  publication: Publication,
  sequence: number,
): { receivers: number; kept: Keeping[] | undefined } {
  const route = state.router.route(publication.from, publication.topic);
  let kept: Keeping[] | undefined;
  let receivers = route.receivers.length;
  for (const receiver of route.receivers) {
    const delivery = receiver.target.deliver(publication, receiver, sequence);
    if (delivery) kept = remember(kept, receiver, delivery);
  }
  for (const group of route.groups) {
    const receiver = chooseMember(group);
    if (receiver === undefined) continue;
    receivers += 1;
    const delivery = receiver.target.deliver(publication, receiver, sequence);
    if (delivery) kept = remember(kept, receiver, delivery);
  }
  return { receivers, kept };
}

function remember(kept: Keeping[] | undefined, receiver: Receiver, delivery: Delivery): Keeping[] {
  const list = kept ?? [];
  // only sessions keep
  list.push({ session: receiver.target as Session, delivery });
  return list;
}

/** Has the store keep one message for these sessions, and tells them when it does. */
export function keep(
  state: BrokerState,
  publication: Publication,
  kept: readonly Keeping[],
  sequence: number,
): void {
  publication.own();
  state.journal.record({
    type: 'message',
    sequence,
    message: toStored(state, publication),
    receivers: kept.map(({ session, delivery }) => ({
      clientId: session.name,
      packetId: delivery.packetId,
      qos: delivery.qos,
      retain: delivery.retain,
      identifiers: delivery.identifiers,
    })),
  });
  state.journal.settle((error) => {
    for (const { session, delivery } of kept) session.settled(delivery, error === undefined);
  });
}

export function toStored(state: BrokerState, publication: Publication): StoredMessage {
  const { topic, payload, qos, retain, properties, expiresAt, from } = publication;
  const wall = expiresAt === 0 ? undefined : state.clock.now() + (expiresAt - state.monotonicMs());
  return { topic, payload, qos, retain, properties, expiresAt: wall, from };
}
