import type { Connection } from '../connection.js';
import { ProtocolError } from '../errors.js';
import { type Acceptance, acceptMessage } from '../message.js';
import { encodeAcknowledgement } from '../packets/acknowledge.js';
import { decodePublish, type IncomingPublish } from '../packets/publish.js';
import { PacketType, Reason } from '../packets/reason.js';
import { Publication } from '../publication.js';
import type { Session } from '../session.js';
import type { BrokerState } from '../state.js';
import { isTopicName, levelsOf } from '../topics.js';

/** PUBLISH from a client (3.3). */
export function onPublish(
  state: BrokerState,
  connection: Connection,
  session: Session,
  header: number,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  const packet = decodePublish(header, buffer, start, end, connection.version);
  const { qos, packetId } = packet;
  const { limits } = state;
  const topic = topicOf(connection, packet, limits.topicAliasMaximum);
  // [MQTT-3.2.2-11]
  if (qos > limits.maximumQoS) throw new ProtocolError(Reason.qosNotSupported, `PUBLISH with QoS ${qos}`);
  if (Buffer.byteLength(topic) > limits.maximumTopicBytes || levelsOf(topic) > limits.maximumTopicLevels) {
    throw new ProtocolError(Reason.topicNameInvalid, 'topic is longer than this server allows');
  }
  if (packet.payload.length > limits.maximumPayload) {
    throw new ProtocolError(Reason.packetTooLarge, `payload of ${packet.payload.length} bytes`);
  }
  if (qos === 2 && session.received.has(packetId)) {
    // [MQTT-4.3.3-10]: the same message again; it is not taken twice
    connection.answer(connection.pending > 0, () =>
      answer(connection, PacketType.pubrec, packetId, Reason.success),
    );
    return;
  }
  // [MQTT-3.3.4-7], [MQTT-3.3.4-8]
  if (
    qos > 0 &&
    connection.version === 5 &&
    connection.pending + session.received.size >= limits.receiveMaximum
  ) {
    throw new ProtocolError(Reason.receiveMaximumExceeded, 'more messages than Receive Maximum');
  }
  const publication = new Publication({
    topic,
    payload: packet.payload,
    qos,
    retain: packet.retain,
    properties: packet.properties,
    expiresAt: packet.expiry === undefined ? 0 : state.monotonicMs() + packet.expiry * 1_000,
    from: session.name,
  });
  const accepted = acceptMessage(state, publication);
  if (qos === 0) {
    // a retained message is kept without an answer, but not without end
    if (accepted.pending) connection.await(() => {});
    return;
  }
  let { pending } = accepted;
  if (qos === 2 && accepted.decision.allowed) {
    session.received.add(packetId);
    if (session.stored) {
      state.journal.record({ type: 'received', clientId: session.name, packetId });
      pending = true;
    }
  }
  const type = qos === 1 ? PacketType.puback : PacketType.pubrec;
  connection.answer(pending, (error) => {
    if (error) {
      refuse(connection, session, type, packetId, error.message);
      return;
    }
    const reason = reasonOf(accepted);
    answer(
      connection,
      type,
      packetId,
      reason,
      accepted.decision.allowed ? undefined : accepted.decision.reason,
    );
  });
}

/** [MQTT-3.3.2-1] to [MQTT-3.3.2-12]: the topic as it is, or what its alias stands for. */
function topicOf(connection: Connection, { topic, alias }: IncomingPublish, maximum: number): string {
  if (alias === 0) {
    if (!isTopicName(topic))
      throw new ProtocolError(Reason.topicNameInvalid, 'topic is empty or has wildcards');
    return topic;
  }
  // [MQTT-3.3.2-9]
  if (alias > maximum)
    throw new ProtocolError(Reason.topicAliasInvalid, `topic alias ${alias}; at most ${maximum}`);
  if (topic.length > 0) {
    if (!isTopicName(topic)) throw new ProtocolError(Reason.topicNameInvalid, 'topic has wildcards');
    connection.aliasesIn ??= new Map();
    connection.aliasesIn.set(alias, topic);
    return topic;
  }
  const known = connection.aliasesIn?.get(alias);
  if (known === undefined)
    throw new ProtocolError(Reason.protocolError, `topic alias ${alias} stands for nothing`);
  return known;
}

function reasonOf({ decision, receivers }: Acceptance): number {
  if (!decision.allowed) return Reason.notAuthorized;
  return receivers === 0 ? Reason.noMatchingSubscribers : Reason.success;
}

function answer(connection: Connection, type: number, packetId: number, reason: number, why?: string): void {
  const { version } = connection;
  connection.explained(why, (text) => encodeAcknowledgement(type, packetId, version, reason, text));
}

/** The store failed: the message is refused, in 3.1.1 by closing the connection without an acknowledgement. */
function refuse(connection: Connection, session: Session, type: number, packetId: number, why: string): void {
  if (type === PacketType.pubrec) session.received.delete(packetId);
  if (connection.version === 5) answer(connection, type, packetId, Reason.implementationSpecificError, why);
  else connection.close(Reason.implementationSpecificError, why);
}
