import type { Connection } from '../connection.js';
import type { QoS } from '../contract.js';
import { type Keeping, keep } from '../message.js';
import { checkSubscribe } from '../packets/check.js';
import type { SubscribePacket } from '../packets/codec.js';
import { Reason } from '../packets/reason.js';
import type { Subscription } from '../router.js';
import type { Session } from '../session.js';
import type { BrokerState } from '../state.js';
import { levelsOf, parseFilter } from '../topics.js';

/** SUBSCRIBE (3.8). Takes effect at once, so that packets of one connection take effect in order. */
export function onSubscribe(
  state: BrokerState,
  connection: Connection,
  session: Session,
  frame: Buffer,
  start: number,
): void {
  const { version } = connection;
  checkSubscribe(frame, start, frame.length, version);
  const packet = state.codec.decode<SubscribePacket>(frame, version);
  const identifier = packet.properties?.subscriptionIdentifier;
  const granted: number[] = [];
  const retained: (() => void)[] = [];
  let refusal: string | undefined;
  for (const [index, asked] of packet.subscriptions.entries()) {
    const verdict =
      index >= state.limits.maximumFiltersPerSubscribe
        ? { reason: Reason.quotaExceeded, why: 'too many filters in one SUBSCRIBE' }
        : judge(state, session, asked.topic);
    if ('reason' in verdict) {
      // [MQTT-3.9.3-2]; 3.1.1 knows one failure only [MQTT-3.9.3-2]
      granted.push(version === 5 ? verdict.reason : Reason.unspecifiedError);
      refusal ??= `${asked.topic}: ${verdict.why}`;
      continue;
    }
    const existed = session.subscriptions.has(asked.topic);
    const subscription: Subscription = {
      filter: asked.topic,
      ...verdict,
      qos: Math.min(asked.qos, state.limits.maximumQoS) as QoS,
      noLocal: asked.nl === true,
      retainAsPublished: asked.rap === true,
      retainHandling: asked.rh ?? 0,
      identifier,
    };
    session.subscriptions.set(asked.topic, subscription);
    state.router.subscribe(session, subscription);
    if (session.stored) {
      const { match: _, share: __, ...stored } = subscription;
      state.journal.record({ type: 'subscribe', clientId: session.name, subscription: stored });
    }
    granted.push(subscription.qos);
    // [MQTT-3.3.1-9] to [MQTT-3.3.1-11]; shared subscriptions get none (4.8.2)
    const wanted = subscription.retainHandling === 0 || (subscription.retainHandling === 1 && !existed);
    if (wanted && subscription.share === undefined) {
      retained.push(() => sendRetained(state, session, subscription));
    }
  }
  // [MQTT-3.8.4-1], [MQTT-3.8.4-6]: one SUBACK with one code for each filter, in order
  connection.answer(session.stored, (error) => {
    if (error) {
      connection.fail(error);
      return;
    }
    connection.explained(refusal, (text) =>
      state.codec.suback(version, packet.messageId as number, granted, text),
    );
  });
  for (const send of retained) send();
}

type Verdict =
  | { readonly reason: number; readonly why: string }
  | { match: string; share: string | undefined };

function judge(state: BrokerState, session: Session, text: string): Verdict {
  const { limits } = state;
  const parsed = parseFilter(text);
  if (parsed === undefined) return { reason: Reason.topicFilterInvalid, why: 'not a topic filter' };
  if (
    Buffer.byteLength(text) > limits.maximumTopicBytes ||
    levelsOf(parsed.filter) > limits.maximumTopicLevels
  ) {
    return { reason: Reason.topicFilterInvalid, why: 'longer than this server allows' };
  }
  if (session.subscriptions.size >= limits.maximumSubscriptions && !session.subscriptions.has(text)) {
    return { reason: Reason.quotaExceeded, why: `more than ${limits.maximumSubscriptions} subscriptions` };
  }
  const decision = state.policy.subscribe(session.name, parsed.filter);
  if (!decision.allowed) return { reason: Reason.notAuthorized, why: decision.reason };
  return { match: parsed.filter, share: parsed.share };
}

/** [MQTT-3.3.1-8]: with RETAIN set, whatever Retain As Published says. */
function sendRetained(state: BrokerState, session: Session, subscription: Subscription): void {
  const identifiers = subscription.identifier === undefined ? undefined : [subscription.identifier];
  for (const publication of state.retained.match(subscription.match)) {
    if (subscription.noLocal && publication.from === session.name) continue;
    if (!state.policy.pass(publication.from, publication.topic, session.name)) continue;
    state.sequence += 1;
    const { sequence } = state;
    const qos = Math.min(publication.qos, subscription.qos) as QoS;
    const delivery = session.send(publication, qos, true, { identifiers }, sequence);
    if (delivery) {
      const kept: Keeping[] = [{ session, delivery }];
      keep(state, publication, kept, sequence);
    }
  }
}
