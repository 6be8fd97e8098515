import type { Connection } from '../connection.js';
import { ProtocolError } from '../errors.js';
import { PINGRESP } from '../packets/acknowledge.js';
import { checkHeader } from '../packets/check.js';
import { PacketType, Reason } from '../packets/reason.js';
import type { BrokerState } from '../state.js';
import { onAcknowledgement, onRelease } from './acknowledge.js';
import { onConnect } from './connect.js';
import { onDisconnect } from './disconnect.js';
import { onPublish } from './publish.js';
import { onSubscribe } from './subscribe.js';
import { onUnsubscribe } from './unsubscribe.js';

/** One packet from a client. @throws {ProtocolError} for what the standard forbids */
export function dispatch(
  state: BrokerState,
  connection: Connection,
  buffer: Buffer,
  at: number,
  start: number,
  end: number,
): void {
  const header = buffer[at] as number;
  const type = header >> 4;
  checkHeader(header);
  const { session } = connection;
  if (session === undefined) {
    // [MQTT-3.1.0-1]
    if (type !== PacketType.connect)
      throw new ProtocolError(Reason.protocolError, 'the first packet is not CONNECT');
    onConnect(state, connection, buffer.subarray(at, end), start - at);
    return;
  }
  switch (type) {
    case PacketType.publish:
      onPublish(state, connection, session, header, buffer, start, end);
      return;
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubcomp:
      onAcknowledgement(connection, session, type, buffer, start, end);
      return;
    case PacketType.pubrel:
      onRelease(state, connection, session, buffer, start, end);
      return;
    case PacketType.pingreq:
      if (end !== start) throw ProtocolError.malformed('PINGREQ with content');
      // [MQTT-3.12.4-1]
      connection.send(PINGRESP);
      return;
    case PacketType.subscribe:
      onSubscribe(state, connection, session, buffer.subarray(at, end), start - at);
      return;
    case PacketType.unsubscribe:
      onUnsubscribe(state, connection, session, buffer.subarray(at, end), start - at);
      return;
    case PacketType.disconnect:
      onDisconnect(state, connection, session, buffer.subarray(at, end), start - at);
      return;
    case PacketType.connect:
      // [MQTT-3.1.0-2]
      throw new ProtocolError(Reason.protocolError, 'a second CONNECT');
    case PacketType.auth:
      // 4.12: only where CONNECT named a method, and none is offered
      throw new ProtocolError(Reason.protocolError, 'AUTH without an authentication method');
    default:
      throw new ProtocolError(
        type === 0 ? Reason.malformedPacket : Reason.protocolError,
        `a packet of type ${type}, which a client does not send`,
      );
  }
}
