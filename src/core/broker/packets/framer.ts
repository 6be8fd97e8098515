import { ProtocolError } from '../errors.js';
import { Reason } from './reason.js';

/** Takes one packet. Answers false to be asked again later. */
export type PacketSink = (buffer: Buffer, at: number, start: number, end: number) => boolean;

/** Cuts a byte stream into packets, without copying what arrives whole, holding at most one packet and one chunk. */
export class Framer {
  #chunks: Buffer[] = [];
  #size = 0;
  #needed = 0;
  #paused = false;

  constructor(
    private readonly maximum: number,
    private readonly sink: PacketSink,
  ) {}

  /** Bytes that wait for more, or for {@link resume}. */
  get pending(): number {
    return this.#size;
  }

  /** @throws {ProtocolError} 0x95 for a packet above the maximum, before it has been read; 0x81 for a bad length */
  push(chunk: Buffer): void {
    if (this.#size === 0 && !this.#paused) {
      this.#cut(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (!this.#paused && this.#size >= this.#needed) this.#cut(this.#takeAll());
  }

  /** Goes on after a sink that answered false. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#size > 0) this.#cut(this.#takeAll());
  }

  #cut(buffer: Buffer): void {
    let position = 0;
    while (position < buffer.length) {
      let start = position + 1;
      let length = 0;
      let complete = false;
      for (let shift = 0; start < buffer.length; shift += 7) {
        const byte = buffer[start] as number;
        start += 1;
        length |= (byte & 0x7f) << shift;
        if ((byte & 0x80) === 0) {
          complete = true;
          break;
        }
        if (shift === 21) throw ProtocolError.malformed('remaining length of more than four bytes');
      }
      if (!complete) {
        this.#keep(buffer, position, buffer.length - position + 1);
        return;
      }
      const end = start + length;
      // 3.1.2-24 names the client's limit; the server announces its own in CONNACK (3.2.2.3.6)
      if (end - position > this.maximum) {
        throw new ProtocolError(Reason.packetTooLarge, `packet of ${end - position} bytes`);
      }
      if (end > buffer.length) {
        this.#keep(buffer, position, end - position);
        return;
      }
      if (!this.sink(buffer, position, start, end)) {
        this.#paused = true;
        this.#keep(buffer, position, 0);
        return;
      }
      position = end;
    }
  }

  #keep(buffer: Buffer, from: number, needed: number): void {
    this.#chunks = [buffer.subarray(from)];
    this.#size = buffer.length - from;
    this.#needed = needed;
  }

  #takeAll(): Buffer {
    const [first] = this.#chunks;
    const all = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [];
    this.#size = 0;
    return all;
  }
}
