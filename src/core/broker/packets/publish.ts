/**
 * PUBLISH, both ways. By hand and not through the codec: it is the hot path, the codec loses the order of user
 * properties [MQTT-3.3.2-18], and a message for many receivers is encoded once.
 */
import type { QoS } from '../contract.js';
import { ProtocolError } from '../errors.js';
import type { Publication } from '../publication.js';
import { isTopicName } from '../topics.js';
import { Carrier, NONE, PropertyId, readProperties } from './properties.js';
import { Reader } from './reader.js';
import { PacketType, Reason } from './reason.js';

/** Payloads above this are not copied into the packet but follow it. */
const COPY_LIMIT = 4_096;
const EXPIRY_BYTES = 5;
const ALIAS_BYTES = 3;

export interface IncomingPublish {
  /** Empty when an alias stands for it. */
  readonly topic: string;
  readonly alias: number;
  readonly packetId: number;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Seconds; undefined: never. */
  readonly expiry: number | undefined;
  /** In wire form, without alias and expiry. */
  readonly properties: Buffer;
  readonly payload: Buffer;
}

/** @throws {ProtocolError} for whatever section 3.3 forbids a client */
export function decodePublish(
  header: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: number,
): IncomingPublish {
  const qos = (header >> 1) & 3;
  // [MQTT-3.3.1-4]
  if (qos === 3) throw ProtocolError.malformed('PUBLISH with both QoS bits set');
  // [MQTT-3.3.1-2]
  if (qos === 0 && (header & 8) !== 0) throw ProtocolError.malformed('PUBLISH with DUP and QoS 0');
  const reader = new Reader(buffer, start, end);
  const topic = reader.string();
  let packetId = 0;
  if (qos > 0) {
    packetId = reader.uint16();
    // [MQTT-2.2.1-3]
    if (packetId === 0) throw new ProtocolError(Reason.protocolError, 'PUBLISH with packet identifier 0');
  }
  let alias = 0;
  let expiry: number | undefined;
  let properties = NONE;
  if (version === 5) {
    if (buffer[reader.position] === 0 && reader.position < end) reader.position += 1;
    else {
      const parts: Buffer[] = [];
      let from = -1;
      let through = -1;
      readProperties(reader, Carrier.publish, (id, value, at, next) => {
        if (id === PropertyId.topicAlias) {
          alias = value as number;
          // [MQTT-3.3.2-8]
          if (alias === 0) throw new ProtocolError(Reason.topicAliasInvalid, 'PUBLISH with topic alias 0');
        } else if (id === PropertyId.messageExpiryInterval) expiry = value as number;
        else {
          // [MQTT-3.3.2-14]
          if (id === PropertyId.responseTopic && !isTopicName(value as string)) {
            throw new ProtocolError(Reason.topicNameInvalid, 'response topic is empty or has wildcards');
          }
          if (through === at) through = next;
          else {
            if (from >= 0) parts.push(buffer.subarray(from, through));
            from = at;
            through = next;
          }
        }
      });
      if (from >= 0) parts.push(buffer.subarray(from, through));
      properties = parts.length > 1 ? Buffer.concat(parts) : (parts[0] ?? NONE);
    }
  }
  return {
    topic,
    alias,
    packetId,
    qos: qos as QoS,
    retain: (header & 1) !== 0,
    expiry,
    properties,
    payload: buffer.subarray(reader.position, end),
  };
}

/** One PUBLISH to one receiver. */
export interface OutgoingPublish {
  readonly version: number;
  readonly qos: QoS;
  readonly packetId: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly identifiers: readonly number[] | undefined;
  /** 0: none. */
  readonly alias: number;
  /** The alias is known to the receiver: the topic is left out. */
  readonly aliasKnown: boolean;
  /** Seconds that are left; undefined: never expires. */
  readonly expiry: number | undefined;
}

/**
 * Writes the packet in one or two pieces: the second is the message's own payload where that is long.
 * A piece may be shared with other receivers: it is not to be changed.
 */
export function encodePublish(
  publication: Publication,
  out: OutgoingPublish,
  push: (piece: Buffer) => void,
): void {
  const { version, qos } = out;
  const follows = publication.payload.length > COPY_LIMIT;
  if (out.identifiers === undefined && out.alias === 0 && out.expiry === undefined) {
    const slot = (version === 5 ? 6 : 0) + (qos === 0 ? 0 : qos * 2) + (out.retain ? 1 : 0);
    publication.templates ??= new Array(12).fill(undefined);
    let template = publication.templates[slot];
    if (template === undefined) {
      template = head(publication, out, NONE, follows);
      publication.templates[slot] = template;
    }
    if (qos === 0) push(template);
    else {
      const copy = Buffer.allocUnsafe(template.length);
      copy.set(template);
      if (out.dup) copy[0] = (copy[0] as number) | 8;
      const at = idOffset(copy);
      copy[at] = out.packetId >> 8;
      copy[at + 1] = out.packetId & 0xff;
      push(copy);
    }
  } else push(head(publication, out, ownProperties(out), follows));
  if (follows) push(publication.payload);
}

/** Length of the packet on the wire; for the receiver's maximum. */
export function publishLength(publication: Publication, out: OutgoingPublish): number {
  const remaining = remainingLength(publication, out, ownLength(out));
  return 1 + varintLength(remaining) + remaining;
}

function remainingLength(publication: Publication, out: OutgoingPublish, own: number): number {
  const topic = out.aliasKnown ? 0 : Buffer.byteLength(publication.topic);
  let length = 2 + topic + (out.qos > 0 ? 2 : 0) + publication.payload.length;
  if (out.version === 5) {
    const properties = publication.properties.length + own;
    length += varintLength(properties) + properties;
  }
  return length;
}

function head(publication: Publication, out: OutgoingPublish, own: Buffer, follows: boolean): Buffer {
  const remaining = remainingLength(publication, out, own.length);
  const total = 1 + varintLength(remaining) + remaining - (follows ? publication.payload.length : 0);
  const packet = Buffer.allocUnsafe(total);
  packet[0] = (PacketType.publish << 4) | (out.dup ? 8 : 0) | (out.qos << 1) | (out.retain ? 1 : 0);
  let at = writeVarint(packet, remaining, 1);
  const topic = out.aliasKnown ? 0 : packet.write(publication.topic, at + 2, 'utf8');
  packet[at] = topic >> 8;
  packet[at + 1] = topic & 0xff;
  at += 2 + topic;
  if (out.qos > 0) {
    packet[at] = out.packetId >> 8;
    packet[at + 1] = out.packetId & 0xff;
    at += 2;
  }
  if (out.version === 5) {
    at = writeVarint(packet, publication.properties.length + own.length, at);
    packet.set(own, at);
    at += own.length;
    packet.set(publication.properties, at);
    at += publication.properties.length;
  }
  if (!follows) packet.set(publication.payload, at);
  return packet;
}

/** Where the packet identifier stands in a packet with QoS 1 or 2 and a topic. */
function idOffset(packet: Buffer): number {
  let at = 1;
  while (((packet[at] as number) & 0x80) !== 0) at += 1;
  at += 1;
  return at + 2 + (((packet[at] as number) << 8) | (packet[at + 1] as number));
}

function ownLength(out: OutgoingPublish): number {
  let length = 0;
  if (out.version !== 5) return 0;
  if (out.expiry !== undefined) length += EXPIRY_BYTES;
  if (out.alias > 0) length += ALIAS_BYTES;
  for (const identifier of out.identifiers ?? []) length += 1 + varintLength(identifier);
  return length;
}

function ownProperties(out: OutgoingPublish): Buffer {
  const own = Buffer.allocUnsafe(ownLength(out));
  if (own.length === 0) return own;
  let at = 0;
  if (out.expiry !== undefined) {
    own[at] = PropertyId.messageExpiryInterval;
    own.writeUInt32BE(out.expiry, at + 1);
    at += EXPIRY_BYTES;
  }
  if (out.alias > 0) {
    own[at] = PropertyId.topicAlias;
    own.writeUInt16BE(out.alias, at + 1);
    at += ALIAS_BYTES;
  }
  // [MQTT-3.3.4-3], [MQTT-3.3.4-4]: the identifiers of all subscriptions that matched
  for (const identifier of out.identifiers ?? []) {
    own[at] = PropertyId.subscriptionIdentifier;
    at = writeVarint(own, identifier, at + 1);
  }
  return own;
}

export function varintLength(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}

function writeVarint(buffer: Buffer, value: number, at: number): number {
  let rest = value;
  let position = at;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    buffer[position] = rest > 0 ? byte | 0x80 : byte;
    position += 1;
  } while (rest > 0);
  return position;
}
