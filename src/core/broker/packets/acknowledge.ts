/** PUBACK, PUBREC, PUBREL, PUBCOMP and the pings: small, frequent, and alike; by hand for the hot path. */
import { ProtocolError } from '../errors.js';
import { Carrier, PropertyId, readProperties } from './properties.js';
import { varintLength } from './publish.js';
import { Reader } from './reader.js';
import { PacketType, Reason } from './reason.js';

export const PINGRESP: Buffer = Buffer.from([PacketType.pingresp << 4, 0]);

export interface Acknowledgement {
  readonly packetId: number;
  readonly reason: number;
}

/** Reason codes that each acknowledgement may carry, tables 3-4, 3-5, 3-6 and 3-7. */
const PUBLISH_REASONS = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const RELEASE_REASONS = new Set([0x00, 0x92]);

/** @throws {ProtocolError} for what sections 3.4 to 3.7 do not allow */
export function decodeAcknowledgement(
  type: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: number,
): Acknowledgement {
  const reader = new Reader(buffer, start, end);
  const packetId = reader.uint16();
  if (packetId === 0) throw new ProtocolError(Reason.protocolError, 'acknowledgement of packet identifier 0');
  if (version !== 5) {
    reader.finish();
    return { packetId, reason: Reason.success };
  }
  if (reader.done) return { packetId, reason: Reason.success };
  const reason = reader.byte();
  const allowed =
    type === PacketType.puback || type === PacketType.pubrec ? PUBLISH_REASONS : RELEASE_REASONS;
  // [MQTT-3.4.2-1], [MQTT-3.5.2-1], [MQTT-3.6.2-1], [MQTT-3.7.2-1]
  if (!allowed.has(reason)) {
    throw new ProtocolError(Reason.protocolError, `acknowledgement with reason 0x${reason.toString(16)}`);
  }
  if (!reader.done) readProperties(reader, Carrier.acknowledgement);
  reader.finish();
  return { packetId, reason };
}

/** @param text the reason string; left out for 3.1.1 */
export function encodeAcknowledgement(
  type: number,
  packetId: number,
  version: number,
  reason: number = Reason.success,
  text?: string,
): Buffer {
  const header = (type << 4) | (type === PacketType.pubrel ? 2 : 0);
  if (version !== 5 || (reason === Reason.success && text === undefined)) {
    const packet = Buffer.allocUnsafe(4);
    packet[0] = header;
    packet[1] = 2;
    packet[2] = packetId >> 8;
    packet[3] = packetId & 0xff;
    return packet;
  }
  const string = text === undefined ? undefined : Buffer.from(text);
  const properties = string === undefined ? 0 : 3 + string.length;
  const remaining = 3 + varintLength(properties) + properties;
  const head = [header, ...varint(remaining), packetId >> 8, packetId & 0xff, reason, ...varint(properties)];
  if (string === undefined) return Buffer.from(head);
  return Buffer.concat([
    Buffer.from([...head, PropertyId.reasonString, string.length >> 8, string.length & 0xff]),
    string,
  ]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}
