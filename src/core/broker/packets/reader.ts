import { isUtf8 } from 'node:buffer';
import { ProtocolError } from '../errors.js';

/** Reads the primitive types of MQTT 5.0, section 1.5, from one packet; whatever does not fit is malformed. */
export class Reader {
  constructor(
    readonly buffer: Buffer,
    public position: number,
    readonly end: number,
  ) {}

  get done(): boolean {
    return this.position >= this.end;
  }

  byte(): number {
    const at = this.#take(1);
    return this.buffer[at] as number;
  }

  uint16(): number {
    const at = this.#take(2);
    return this.buffer.readUInt16BE(at);
  }

  uint32(): number {
    const at = this.#take(4);
    return this.buffer.readUInt32BE(at);
  }

  /** [MQTT-1.5.5-1]: the fewest bytes that hold the value. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) {
        if (byte === 0 && shift > 0)
          throw ProtocolError.malformed('variable byte integer is longer than needed');
        return value;
      }
    }
    throw ProtocolError.malformed('variable byte integer of more than four bytes');
  }

  binary(): Buffer {
    const length = this.uint16();
    const at = this.#take(length);
    return this.buffer.subarray(at, at + length);
  }

  /** [MQTT-1.5.4-1]: well-formed UTF-8; [MQTT-1.5.4-2]: without U+0000. A byte order mark stays [MQTT-1.5.4-3]. */
  string(): string {
    const length = this.uint16();
    const at = this.#take(length);
    const end = at + length;
    let ascii = true;
    for (let i = at; i < end; i += 1) {
      const byte = this.buffer[i] as number;
      if (byte === 0) throw ProtocolError.malformed('string with U+0000');
      if (byte >= 0x80) ascii = false;
    }
    if (ascii) return this.buffer.toString('latin1', at, end);
    if (!isUtf8(this.buffer.subarray(at, end))) throw ProtocolError.malformed('string that is not UTF-8');
    return this.buffer.toString('utf8', at, end);
  }

  /** @throws when bytes are left over */
  finish(): void {
    if (this.position !== this.end) throw ProtocolError.malformed('packet is longer than its content');
  }

  #take(length: number): number {
    const at = this.position;
    if (at + length > this.end) throw ProtocolError.malformed('packet ends too early');
    this.position = at + length;
    return at;
  }
}
