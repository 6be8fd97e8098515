import type { Connection } from '../connection.js';
import { checkUnsubscribe } from '../packets/check.js';
import type { UnsubscribePacket } from '../packets/codec.js';
import { Reason } from '../packets/reason.js';
import type { Session } from '../session.js';
import type { BrokerState } from '../state.js';
import { parseFilter } from '../topics.js';

/** UNSUBSCRIBE (3.10). [MQTT-3.10.4-1]: filters are compared character by character. */
export function onUnsubscribe(
  state: BrokerState,
  connection: Connection,
  session: Session,
  frame: Buffer,
  start: number,
): void {
  const { version } = connection;
  checkUnsubscribe(frame, start, frame.length, version);
  const packet = state.codec.decode<UnsubscribePacket>(frame, version);
  const results: number[] = [];
  for (const filter of packet.unsubscriptions) {
    const subscription = session.subscriptions.get(filter);
    if (subscription === undefined) {
      results.push(parseFilter(filter) ? Reason.noSubscriptionExisted : Reason.topicFilterInvalid);
      continue;
    }
    // [MQTT-3.10.4-2]: nothing new is added; [MQTT-3.10.4-3]: what is under way is completed
    session.subscriptions.delete(filter);
    state.router.unsubscribe(session, subscription);
    if (session.stored) state.journal.record({ type: 'unsubscribe', clientId: session.name, filter });
    results.push(Reason.success);
  }
  // [MQTT-3.10.4-4], [MQTT-3.10.4-5]
  connection.answer(session.stored, (error) => {
    if (error) connection.fail(error);
    else connection.send(state.codec.unsuback(version, packet.messageId as number, results));
  });
}
