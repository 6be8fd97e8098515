import type { Connection } from '../connection.js';
import { ProtocolError } from '../errors.js';
import { checkDisconnect } from '../packets/check.js';
import type { DisconnectPacket } from '../packets/codec.js';
import { Reason } from '../packets/reason.js';
import type { Session } from '../session.js';
import type { BrokerState } from '../state.js';

/** DISCONNECT from the client (3.14). */
export function onDisconnect(
  state: BrokerState,
  connection: Connection,
  session: Session,
  frame: Buffer,
  start: number,
): void {
  const { version } = connection;
  checkDisconnect(frame, start, frame.length, version);
  if (version === 5 && frame.length > start) {
    // a reason without properties ends before their length, where the codec would read on
    const whole = frame.length - start === 1 ? withEmptyProperties(frame, start) : frame;
    const packet = state.codec.decode<DisconnectPacket>(whole, version);
    const expiry = packet.properties?.sessionExpiryInterval;
    if (expiry !== undefined) {
      // 3.14.2.2.2
      if (session.expiryInterval === 0 && expiry > 0) {
        throw new ProtocolError(
          Reason.protocolError,
          'DISCONNECT gives an expiry to a session that had none',
        );
      }
      session.expiryInterval = Math.min(expiry, state.limits.maximumSessionExpiry);
    }
    if (packet.reasonCode !== undefined && packet.reasonCode !== Reason.success) {
      // [MQTT-3.14.4-3] speaks of 0x00 only: with any other reason the will is published
      connection.lost(`the client disconnected with reason 0x${packet.reasonCode.toString(16)}`);
      return;
    }
  }
  connection.normal = true;
  connection.lost('the client disconnected');
}

function withEmptyProperties(frame: Buffer, start: number): Buffer {
  return Buffer.from([frame[0] as number, 2, frame[start] as number, 0]);
}
