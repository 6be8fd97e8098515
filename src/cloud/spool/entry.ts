/** How an entry lies in the store: one line of JSON, then the payload as it is. */

/** What is to leave the site. */
export interface Outgoing {
  /** What it is to its destination: an MQTT topic, a table. */
  readonly subject: string;
  readonly payload: Uint8Array;
}

export interface SpoolEntry extends Outgoing {
  /** Rises by one or more from entry to entry, for ever. */
  readonly sequence: number;
  /** ms since the epoch, when it was handed over. */
  readonly at: number;
  /** Bytes of all entries that were ever handed over, this one included: a difference of two tells what lies between. */
  readonly end: number;
  /** Bytes that it counts for. */
  readonly size: number;
}

interface Header {
  readonly at: number;
  readonly end: number;
  readonly size: number;
  readonly subject: string;
}

/** Counted for each entry beside payload and subject: key, header and the store's own share, rounded up. */
const OVERHEAD = 128;
const LINE_END = 0x0a;

export function sizeOf({ subject, payload }: Outgoing): number {
  return Buffer.byteLength(subject) + payload.length + OVERHEAD;
}

export function encode(entry: Omit<SpoolEntry, 'sequence'>): Uint8Array {
  const { at, end, size, subject } = entry;
  const header: Header = { at, end, size, subject };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), entry.payload]);
}

/** @throws {SyntaxError} when the bytes are none of ours */
export function decode(sequence: number, bytes: Uint8Array): SpoolEntry {
  const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const line = value.indexOf(LINE_END);
  const header = JSON.parse(value.toString('utf8', 0, line === -1 ? value.length : line)) as Header;
  return { ...header, sequence, payload: value.subarray(line + 1) };
}
