import { connect, type Socket } from 'node:net';

/**
 * The least MQTT 3.1.1 client that can publish and hear at QoS 0, so that what is measured is the server. Packets as in
 * MQTT 3.1.1, chapters 2 and 3.
 */
export class LightClient {
  #rest: Buffer = Buffer.alloc(0);
  #onPacket: (type: number) => void = () => {};

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => {});
  }

  static async open(port: number, clientId: string, filter: string): Promise<LightClient> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const client = new LightClient(socket);
    const hello = Buffer.concat([text('MQTT'), Buffer.from([4, 2, 0, 0]), text(clientId)]);
    await client.#ask(packet(0x10, hello), 2);
    await client.#ask(packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([0])])), 9);
    return client;
  }

  /** Called for each message that comes in. */
  onMessage(listener: () => void): void {
    this.#onPacket = (type) => {
      if (type === 3) listener();
    };
  }

  publish(message: Buffer): void {
    this.socket.write(message);
  }

  close(): void {
    this.socket.destroy();
  }

  #ask(request: Buffer, answer: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onPacket = (type) => {
        if (type === answer) resolve();
      };
      this.socket.write(request);
    });
  }

  #read(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const end = packetEnd(data, at);
      if (end === undefined || end > data.length) break;
      this.#onPacket((data[at] ?? 0) >> 4);
      at = end;
    }
    this.#rest = data.subarray(at);
  }
}

/** A PUBLISH at QoS 0. */
export function publication(topic: string, payload: string): Buffer {
  return packet(0x30, Buffer.concat([text(topic), Buffer.from(payload)]));
}

function packet(type: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest % 128) | (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function packetEnd(data: Buffer, at: number): number | undefined {
  let length = 0;
  for (let index = 1; index <= 4; index += 1) {
    const byte = data[at + index];
    if (byte === undefined) return undefined;
    length += (byte & 127) << (7 * (index - 1));
    if (byte < 128) return at + index + 1 + length;
  }
  throw new Error('a packet length of more than four bytes');
}
