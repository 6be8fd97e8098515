import type { MessageProperties } from '../contract.js';
import { ProtocolError } from '../errors.js';
import type { Reader } from './reader.js';
import { Reason } from './reason.js';

/** The packets (and the will within CONNECT) that carry properties from a client, as bits. */
export const Carrier = {
  connect: 1,
  will: 2,
  publish: 4,
  subscribe: 8,
  unsubscribe: 16,
  acknowledgement: 32,
  disconnect: 64,
  auth: 128,
} as const;

/** Identifiers of MQTT 5.0, table 2-4, as far as a client sends them. */
export const PropertyId = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  sessionExpiryInterval: 0x11,
  authenticationMethod: 0x15,
  authenticationData: 0x16,
  requestProblemInformation: 0x17,
  willDelayInterval: 0x18,
  requestResponseInformation: 0x19,
  reasonString: 0x1f,
  receiveMaximum: 0x21,
  topicAliasMaximum: 0x22,
  topicAlias: 0x23,
  userProperty: 0x26,
  maximumPacketSize: 0x27,
} as const;

type Kind = 'flag' | 'uint16' | 'uint32' | 'varint' | 'string' | 'binary' | 'pair';

interface Rule {
  readonly kind: Kind;
  readonly carriers: number;
  /** Zero is a protocol error. */
  readonly positive?: true;
}

const C = Carrier;
const MESSAGE = C.publish | C.will;
const RULES: readonly (Rule | undefined)[] = rules({
  [PropertyId.payloadFormatIndicator]: { kind: 'flag', carriers: MESSAGE },
  [PropertyId.messageExpiryInterval]: { kind: 'uint32', carriers: MESSAGE },
  [PropertyId.contentType]: { kind: 'string', carriers: MESSAGE },
  [PropertyId.responseTopic]: { kind: 'string', carriers: MESSAGE },
  [PropertyId.correlationData]: { kind: 'binary', carriers: MESSAGE },
  [PropertyId.subscriptionIdentifier]: { kind: 'varint', carriers: C.subscribe, positive: true },
  [PropertyId.sessionExpiryInterval]: { kind: 'uint32', carriers: C.connect | C.disconnect },
  [PropertyId.authenticationMethod]: { kind: 'string', carriers: C.connect | C.auth },
  [PropertyId.authenticationData]: { kind: 'binary', carriers: C.connect | C.auth },
  [PropertyId.requestProblemInformation]: { kind: 'flag', carriers: C.connect },
  [PropertyId.willDelayInterval]: { kind: 'uint32', carriers: C.will },
  [PropertyId.requestResponseInformation]: { kind: 'flag', carriers: C.connect },
  [PropertyId.reasonString]: { kind: 'string', carriers: C.acknowledgement | C.disconnect | C.auth },
  [PropertyId.receiveMaximum]: { kind: 'uint16', carriers: C.connect, positive: true },
  [PropertyId.topicAliasMaximum]: { kind: 'uint16', carriers: C.connect },
  [PropertyId.topicAlias]: { kind: 'uint16', carriers: C.publish },
  [PropertyId.userProperty]: { kind: 'pair', carriers: 0xff },
  [PropertyId.maximumPacketSize]: { kind: 'uint32', carriers: C.connect, positive: true },
});

/** Reads one property's value: a number, text, bytes, or name and value of a user property. */
export type PropertyValue = number | string | Buffer | readonly [name: string, value: string];

/**
 * Walks the properties of one packet and checks each: known, allowed in this packet, not twice, in range. The codec
 * accepts all of these silently.
 * @param visit called with each property and where it stands
 */
export function readProperties(
  reader: Reader,
  carrier: number,
  visit?: (id: number, value: PropertyValue, start: number, end: number) => void,
): void {
  const length = reader.varint();
  const end = reader.position + length;
  if (end > reader.end) throw ProtocolError.malformed('properties are longer than the packet');
  let seen = 0n;
  while (reader.position < end) {
    const start = reader.position;
    const id = reader.byte();
    const rule = RULES[id];
    if (rule === undefined) throw ProtocolError.malformed(`unknown property 0x${id.toString(16)}`);
    if ((rule.carriers & carrier) === 0) throw protocolError(id, 'does not belong to this packet');
    const bit = 1n << BigInt(id);
    if ((seen & bit) !== 0n && rule.kind !== 'pair') throw protocolError(id, 'stands twice');
    seen |= bit;
    const value = readValue(reader, rule.kind);
    if (rule.kind === 'flag' && (value as number) > 1) throw protocolError(id, 'is neither 0 nor 1');
    if (rule.positive && value === 0) throw protocolError(id, 'is 0');
    visit?.(id, value, start, reader.position);
  }
  if (reader.position !== end) throw ProtocolError.malformed('properties are longer than they say');
}

function readValue(reader: Reader, kind: Kind): PropertyValue {
  switch (kind) {
    case 'flag':
      return reader.byte();
    case 'uint16':
      return reader.uint16();
    case 'uint32':
      return reader.uint32();
    case 'varint':
      return reader.varint();
    case 'string':
      return reader.string();
    case 'binary':
      return reader.binary();
    case 'pair':
      return [reader.string(), reader.string()];
  }
}

/** The properties of a message in the form that ports see; user properties of one name in their order. */
export function toMessageProperties(reader: Reader): MessageProperties | undefined {
  const result: { -readonly [K in keyof MessageProperties]: MessageProperties[K] } = {};
  const user = new Map<string, string[]>();
  while (!reader.done) {
    const id = reader.byte();
    const value = readValue(reader, (RULES[id] as Rule).kind);
    if (id === PropertyId.payloadFormatIndicator) result.payloadFormatIndicator = value === 1;
    else if (id === PropertyId.contentType) result.contentType = value as string;
    else if (id === PropertyId.responseTopic) result.responseTopic = value as string;
    else if (id === PropertyId.correlationData) result.correlationData = value as Buffer;
    else if (id === PropertyId.userProperty) {
      const [name, text] = value as readonly [string, string];
      const values = user.get(name);
      if (values) values.push(text);
      else user.set(name, [text]);
    }
  }
  if (user.size > 0) {
    result.userProperties = Object.fromEntries(
      [...user].map(([name, values]) => [name, values.length === 1 ? (values[0] as string) : values]),
    );
  }
  return Object.keys(result).length > 0 ? result : undefined;
}

/** The wire form of a message's properties, without their length. */
export function fromMessageProperties(properties: MessageProperties | undefined): Buffer {
  if (properties === undefined) return NONE;
  const parts: Buffer[] = [];
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } = properties;
  if (payloadFormatIndicator !== undefined) {
    parts.push(Buffer.from([PropertyId.payloadFormatIndicator, payloadFormatIndicator ? 1 : 0]));
  }
  if (contentType !== undefined) parts.push(Buffer.from([PropertyId.contentType]), prefixed(contentType));
  if (responseTopic !== undefined)
    parts.push(Buffer.from([PropertyId.responseTopic]), prefixed(responseTopic));
  if (correlationData !== undefined) {
    parts.push(Buffer.from([PropertyId.correlationData]), prefixed(correlationData));
  }
  for (const [name, values] of Object.entries(userProperties ?? {})) {
    for (const value of typeof values === 'string' ? [values] : values) {
      parts.push(Buffer.from([PropertyId.userProperty]), prefixed(name), prefixed(value));
    }
  }
  return Buffer.concat(parts);
}

/** No properties, in wire form. */
export const NONE: Buffer = Buffer.alloc(0);

function prefixed(content: string | Buffer): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  if (bytes.length > 65_535) {
    throw new ProtocolError(Reason.packetTooLarge, `property of ${bytes.length} bytes; at most 65535`);
  }
  const result = Buffer.allocUnsafe(2 + bytes.length);
  result.writeUInt16BE(bytes.length, 0);
  bytes.copy(result, 2);
  return result;
}

function protocolError(id: number, what: string): ProtocolError {
  return new ProtocolError(Reason.protocolError, `property 0x${id.toString(16)} ${what}`);
}

function rules(table: Record<number, Rule>): readonly (Rule | undefined)[] {
  const result: (Rule | undefined)[] = new Array(0x28).fill(undefined);
  for (const [id, rule] of Object.entries(table)) result[Number(id)] = rule;
  return result;
}
