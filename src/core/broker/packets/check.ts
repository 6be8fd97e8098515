/**
 * What the codec accepts silently and the standard does not: each packet is walked once, whole, before it is decoded.
 */
import { ProtocolError } from '../errors.js';
import { isTopicName } from '../topics.js';
import { Carrier, PropertyId, readProperties } from './properties.js';
import { Reader } from './reader.js';
import { PacketType, Reason } from './reason.js';

/** [MQTT-2.1.3-1]: the reserved flags of the fixed header, by packet type; PUBLISH has flags of its own. */
export function checkHeader(header: number): void {
  const type = header >> 4;
  if (type === PacketType.publish) return;
  const wanted =
    type === PacketType.pubrel || type === PacketType.subscribe || type === PacketType.unsubscribe ? 2 : 0;
  if ((header & 0x0f) !== wanted) throw ProtocolError.malformed('reserved flags in the fixed header');
}

export interface CheckedConnect {
  readonly version: 3 | 4 | 5;
  /** Properties of the will in wire form, without its delay and expiry; in their order. */
  readonly willProperties: Buffer;
}

/** Section 3.1. @throws {ProtocolError} with 0x84 for a protocol that is not spoken here */
export function checkConnect(buffer: Buffer, start: number, end: number): CheckedConnect {
  const reader = new Reader(buffer, start, end);
  const name = reader.string();
  const level = reader.byte();
  // [MQTT-3.1.2-1], [MQTT-3.1.2-2]
  if (!((name === 'MQTT' && (level === 4 || level === 5)) || (name === 'MQIsdp' && level === 3))) {
    throw new ProtocolError(
      Reason.unsupportedProtocolVersion,
      `protocol ${name.slice(0, 16)} level ${level}`,
    );
  }
  const version = level as 3 | 4 | 5;
  const flags = reader.byte();
  const will = (flags & 0x04) !== 0;
  const willQos = (flags >> 3) & 3;
  // [MQTT-3.1.2-3]
  if ((flags & 0x01) !== 0) throw ProtocolError.malformed('CONNECT with its reserved flag set');
  // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
  if (!will && (flags & 0x38) !== 0) throw ProtocolError.malformed('CONNECT with will flags but no will');
  // [MQTT-3.1.2-12]
  if (willQos === 3) throw ProtocolError.malformed('CONNECT with will QoS 3');
  // 3.1.1 [MQTT-3.1.2-22]; MQTT 5 allows a password alone
  if (version < 5 && (flags & 0xc0) === 0x40) throw ProtocolError.malformed('password without user name');
  reader.uint16();
  if (version === 5) {
    let method = false;
    let data = false;
    readProperties(reader, Carrier.connect, (id) => {
      method ||= id === PropertyId.authenticationMethod;
      data ||= id === PropertyId.authenticationData;
    });
    // 3.1.2.11.10
    if (data && !method)
      throw new ProtocolError(Reason.protocolError, 'authentication data without a method');
  }
  reader.string();
  const kept: Buffer[] = [];
  if (will) {
    if (version === 5) {
      readProperties(reader, Carrier.will, (id, value, from, to) => {
        if (id === PropertyId.responseTopic && !isTopicName(value as string)) {
          throw new ProtocolError(
            Reason.topicNameInvalid,
            'response topic of the will is empty or has wildcards',
          );
        }
        if (id !== PropertyId.willDelayInterval && id !== PropertyId.messageExpiryInterval) {
          kept.push(buffer.subarray(from, to));
        }
      });
    }
    if (!isTopicName(reader.string())) {
      throw new ProtocolError(Reason.topicNameInvalid, 'topic of the will is empty or has wildcards');
    }
    reader.binary();
  }
  if ((flags & 0x80) !== 0) reader.string();
  if ((flags & 0x40) !== 0) reader.binary();
  reader.finish();
  return { version, willProperties: Buffer.concat(kept) };
}

/** Section 3.8. */
export function checkSubscribe(buffer: Buffer, start: number, end: number, version: number): void {
  const reader = new Reader(buffer, start, end);
  packetId(reader);
  if (version === 5) readProperties(reader, Carrier.subscribe);
  // [MQTT-3.8.3-2]
  if (reader.done) throw new ProtocolError(Reason.protocolError, 'SUBSCRIBE without a filter');
  while (!reader.done) {
    const filter = reader.string();
    const options = reader.byte();
    // [MQTT-3.8.3-5], 3.1.1 [MQTT-3-8.3-4]
    if ((options & (version === 5 ? 0xc0 : 0xfc)) !== 0)
      throw ProtocolError.malformed('reserved subscribe options');
    if ((options & 3) === 3) throw new ProtocolError(Reason.protocolError, 'SUBSCRIBE with QoS 3');
    if (((options >> 4) & 3) === 3)
      throw new ProtocolError(Reason.protocolError, 'SUBSCRIBE with retain handling 3');
    // [MQTT-3.8.3-4]
    if ((options & 4) !== 0 && filter.startsWith('$share/')) {
      throw new ProtocolError(Reason.protocolError, 'shared subscription with No Local');
    }
  }
}

/** Section 3.10. */
export function checkUnsubscribe(buffer: Buffer, start: number, end: number, version: number): void {
  const reader = new Reader(buffer, start, end);
  packetId(reader);
  if (version === 5) readProperties(reader, Carrier.unsubscribe);
  // [MQTT-3.10.3-2]
  if (reader.done) throw new ProtocolError(Reason.protocolError, 'UNSUBSCRIBE without a filter');
  while (!reader.done) reader.string();
}

/** Reason codes that a client may send, table 3-10. */
const DISCONNECT_REASONS = new Set([
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
]);

/** Section 3.14. */
export function checkDisconnect(buffer: Buffer, start: number, end: number, version: number): void {
  const reader = new Reader(buffer, start, end);
  if (version === 5 && !reader.done) {
    const reason = reader.byte();
    // [MQTT-3.14.2-1]
    if (!DISCONNECT_REASONS.has(reason)) {
      throw new ProtocolError(Reason.protocolError, `DISCONNECT with reason 0x${reason.toString(16)}`);
    }
    if (!reader.done) readProperties(reader, Carrier.disconnect);
  }
  reader.finish();
}

function packetId(reader: Reader): void {
  // [MQTT-2.2.1-3]
  if (reader.uint16() === 0) throw new ProtocolError(Reason.protocolError, 'packet identifier 0');
}
