import type { Connection } from '../connection.js';
import { decodeAcknowledgement, encodeAcknowledgement } from '../packets/acknowledge.js';
import { PacketType, Reason } from '../packets/reason.js';
import type { Session } from '../session.js';
import type { BrokerState } from '../state.js';

/** PUBACK, PUBREC and PUBCOMP for what was sent to the client (3.4, 3.5, 3.7). */
export function onAcknowledgement(
  connection: Connection,
  session: Session,
  type: number,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  const { packetId, reason } = decodeAcknowledgement(type, buffer, start, end, connection.version);
  if (type === PacketType.puback) {
    session.acknowledge(packetId, 1);
    return;
  }
  if (type === PacketType.pubcomp) {
    session.complete(packetId);
    return;
  }
  // 4.3.3: a PUBREC with an error ends the exchange
  if (reason >= 0x80) {
    session.acknowledge(packetId, 2);
    return;
  }
  if (session.release(packetId)) return;
  // [MQTT-4.3.3-4] asks for a PUBREL in every case; 0x92 tells that nothing is known
  connection.send(
    encodeAcknowledgement(PacketType.pubrel, packetId, connection.version, Reason.packetIdentifierNotFound),
  );
}

/** PUBREL: the client ends a QoS 2 exchange of its own (3.6). */
export function onRelease(
  state: BrokerState,
  connection: Connection,
  session: Session,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  const { packetId } = decodeAcknowledgement(PacketType.pubrel, buffer, start, end, connection.version);
  const known = session.received.delete(packetId);
  if (known && session.stored) {
    state.journal.record({ type: 'completed', clientId: session.name, packetId });
  }
  // PUBCOMP frees the identifier for a new message: not before a restart would know that, too
  connection.answer(known && session.stored, (error) => {
    if (error) {
      connection.fail(error);
      return;
    }
    const reason = known ? Reason.success : Reason.packetIdentifierNotFound;
    connection.send(encodeAcknowledgement(PacketType.pubcomp, packetId, connection.version, reason));
  });
}
