/** Clients that cost little themselves: bytes are made once and counted, not parsed into objects. */
import { once } from 'node:events';
import { connect as netConnect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import mqttPacket, { type Packet } from 'mqtt-packet';

export interface Target {
  readonly port: number;
  /** Client certificate and CA; absent: plain TCP. */
  readonly tls?: ConnectionOptions;
}

export const encode = (packet: Packet): Buffer => mqttPacket.generate(packet, { protocolVersion: 4 });

const PUBLISH = 3;
const PUBACK = 4;

/** Takes whole packets out of a stream of bytes. */
export class BenchClient {
  /** PUBLISH packets received. */
  messages = 0;
  acknowledged = 0;
  onMessage: ((topicAndPayload: Buffer) => void) | undefined;
  onOther: ((type: number) => void) | undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => {});
  }

  static async open(
    target: Target,
    clientId: string,
    options: { keepalive?: number } = {},
  ): Promise<BenchClient> {
    const { port, tls } = target;
    const socket = tls
      ? tlsConnect({ host: '127.0.0.1', port, ...tls })
      : netConnect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, tls ? 'secureConnect' : 'connect');
    socket.setNoDelay(true);
    const client = new BenchClient(socket);
    client.socket.write(encode({ cmd: 'connect', clientId, clean: true, keepalive: options.keepalive ?? 0 }));
    await client.#other(2);
    return client;
  }

  async subscribe(topic: string, qos: 0 | 1): Promise<void> {
    this.socket.write(encode({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] }));
    await this.#other(9);
  }

  close(): void {
    this.socket.destroy();
  }

  #other(type: number): Promise<void> {
    return new Promise((resolve) => {
      this.onOther = (got) => {
        if (got !== type) return;
        this.onOther = undefined;
        resolve();
      };
    });
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    let acks: number[] | undefined;
    while (at + 2 <= bytes.length) {
      let length = 0;
      let start = at + 1;
      for (let shift = 0; start < bytes.length; shift += 7) {
        const byte = bytes[start++] as number;
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      const end = start + length;
      if (end > bytes.length) break;
      const header = bytes[at] as number;
      const type = header >> 4;
      if (type === PUBLISH) {
        this.messages += 1;
        if ((header & 6) !== 0) {
          const id = start + 2 + bytes.readUInt16BE(start);
          acks ??= [];
          acks.push(0x40, 2, bytes[id] as number, bytes[id + 1] as number);
        }
        this.onMessage?.(bytes.subarray(start, end));
      } else if (type === PUBACK) {
        this.acknowledged += 1;
        this.onOther?.(type);
      } else this.onOther?.(type);
      at = end;
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : Buffer.alloc(0);
    if (acks) this.socket.write(Buffer.from(acks));
  }
}
