/** Messages and session records as bytes. A message is a line of JSON, then properties, then payload, untouched. */
import type { SessionRecord, StoredMessage, StoredWill } from './contract.js';

interface MessageHead extends Omit<StoredMessage, 'payload' | 'properties'> {
  /** Bytes of the properties that follow. */
  readonly length: number;
}

export function encodeMessage({ payload, properties, ...rest }: StoredMessage): Buffer {
  const head: MessageHead = { ...rest, length: properties.length };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), properties, payload]);
}

export function decodeMessage(bytes: Buffer): StoredMessage {
  const end = bytes.indexOf(10);
  const { length, ...rest } = JSON.parse(bytes.toString('utf8', 0, end)) as MessageHead;
  const properties = bytes.subarray(end + 1, end + 1 + length);
  return { ...rest, expiresAt: rest.expiresAt, properties, payload: bytes.subarray(end + 1 + length) };
}

type WillText = Omit<StoredWill, 'payload' | 'properties'> & {
  readonly payload: string;
  readonly properties: string;
};

export function encodeRecord({ will, ...record }: SessionRecord): string {
  if (will === undefined) return JSON.stringify(record);
  const text: WillText = {
    ...will,
    payload: will.payload.toString('base64'),
    properties: will.properties.toString('base64'),
  };
  return JSON.stringify({ ...record, will: text });
}

export function decodeRecord(bytes: Buffer): SessionRecord {
  const { will, ...record } = JSON.parse(bytes.toString()) as Omit<SessionRecord, 'will'> & {
    will?: WillText;
  };
  return {
    clientId: record.clientId,
    expiryInterval: record.expiryInterval,
    disconnectedAt: record.disconnectedAt,
    sentThrough: record.sentThrough,
    will: will && {
      ...will,
      expiresAt: undefined,
      expiry: will.expiry,
      payload: Buffer.from(will.payload, 'base64'),
      properties: Buffer.from(will.properties, 'base64'),
    },
  };
}
