/** A client that sends whatever bytes it is told to, and reads with a codec that is not the broker's own. */
import { connect, type Socket } from 'node:net';
import mqttPacket, { type IConnectPacket, type Packet } from 'mqtt-packet';
import { it, onTestFinished } from 'vitest';
import { type OpenBroker, type OpenBrokerOptions, openBroker } from '../../mqtt/open-broker.js';

/** A test that holds statements of the standard: `5:3.1.0-1` is [MQTT-3.1.0-1] of MQTT 5.0, `3:…` that of 3.1.1. */
export function holds(title: string, statements: readonly string[], test: () => Promise<void>): void {
  it(`${title} (${statements.join(' ')})`, test);
}

export async function testBroker(options: OpenBrokerOptions = {}): Promise<OpenBroker> {
  const opened = await openBroker(options);
  onTestFinished(() => opened.close());
  return opened;
}

export type Got = Packet & Record<string, unknown> & { properties?: Record<string, unknown> };

const PATIENCE_MS = 5_000;

export class RawClient {
  readonly packets: Got[] = [];
  closed = false;
  readonly #parser;
  #changed: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    readonly version: 3 | 4 | 5,
  ) {
    this.#parser = mqttPacket.parser({ protocolVersion: version });
    this.#parser.on('packet', (packet) => {
      this.packets.push(packet as Got);
      this.#notify();
    });
    this.#parser.on('error', (error: Error) => {
      throw error;
    });
    socket.on('data', (chunk) => this.#parser.parse(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#notify();
    });
  }

  /** Bytes, or packets as the codec knows them, in one segment. */
  send(...packets: (Buffer | number[] | Packet)[]): void {
    const bytes = packets.map((packet) =>
      Array.isArray(packet)
        ? Buffer.from(packet)
        : Buffer.isBuffer(packet)
          ? packet
          : mqttPacket.generate(packet, { protocolVersion: this.version }),
    );
    this.socket.write(Buffer.concat(bytes));
  }

  publish(topic: string, payload: string | Buffer, more: Record<string, unknown> = {}): void {
    this.send({ cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false, ...more } as Packet);
  }

  /** @returns the SUBACK */
  subscribe(topic: string, more: Record<string, unknown> = {}, properties?: object): Promise<Got> {
    this.send({
      cmd: 'subscribe',
      messageId: 9_999,
      subscriptions: [{ topic, qos: 0, nl: false, rap: false, rh: 0, ...more }],
      ...(properties && { properties }),
    } as Packet);
    return this.next('suback');
  }

  /** The next packet of that kind; those before it that are of another kind stay. */
  async next(cmd: string): Promise<Got> {
    await this.#until(() => this.packets.some((packet) => packet.cmd === cmd), cmd);
    const index = this.packets.findIndex((packet) => packet.cmd === cmd);
    return this.packets.splice(index, 1)[0] as Got;
  }

  /** Everything the broker had to say before it answered a ping. */
  async settled(): Promise<Got[]> {
    this.send([0xc0, 0]);
    await this.next('pingresp');
    return this.packets.splice(0);
  }

  async end(): Promise<void> {
    await this.#until(() => this.closed, 'the end of the connection');
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** As a broken network does it. */
  async cut(): Promise<void> {
    this.socket.destroy();
    await this.end();
  }

  #until(ready: () => boolean, what: string): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const seen = this.packets.map(({ cmd }) => cmd).join(' ');
        reject(new Error(`waited for ${what}; closed: ${this.closed}; seen: ${seen}`));
      }, PATIENCE_MS);
      const check = (): void => {
        if (ready() || (this.closed && !what.startsWith('the end'))) {
          clearTimeout(timer);
          if (ready()) resolve();
          else reject(new Error(`closed before ${what}`));
        } else this.#changed.push(check);
      };
      this.#changed.push(check);
    });
  }

  #notify(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const check of changed) check();
  }
}

/** A connection without CONNECT. */
export async function dial(port: number, version: 3 | 4 | 5 = 4): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve) => socket.once('connect', resolve));
  onTestFinished(() => void socket.destroy());
  return new RawClient(socket, version);
}

/** Connected; `connack` is what came back. */
export async function join(
  port: number,
  clientId: string,
  version: 3 | 4 | 5 = 4,
  more: Partial<IConnectPacket> = {},
): Promise<RawClient & { connack: Got }> {
  const client = await dial(port, version);
  client.send({
    cmd: 'connect',
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    clean: true,
    keepalive: 0,
    clientId,
    ...more,
  } as Packet);
  return Object.assign(client, { connack: await client.next('connack') });
}

/** `MQTT` with this level, these flags, and what follows the keep-alive. */
export function connectBytes(level: number, flags: number, rest: number[], name = 'MQTT'): number[] {
  const body = [0, name.length, ...Buffer.from(name), level, flags, 0, 0, ...rest];
  return [0x10, body.length, ...body];
}

export const VERSIONS = [4, 5] as const;

export function texts(packets: readonly Got[]): string[] {
  return packets.filter(({ cmd }) => cmd === 'publish').map((packet) => String(packet.payload));
}
