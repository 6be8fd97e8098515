/** Publishers and subscribers with sessions of their own, which keep to the standard across any number of crashes. */
import { connect, type Socket } from 'node:net';
import mqttPacket, { type Packet } from 'mqtt-packet';

type Got = Packet & Record<string, unknown>;
/** Messages in flight per publisher. */
const WINDOW = 20;
/** Silence in ms after which nothing more is expected. */
const SILENCE_MS = 15_000;

abstract class Client {
  #socket: Socket | undefined;
  protected connected = false;

  constructor(
    readonly name: string,
    readonly version: 4 | 5,
  ) {}

  /** Resolves after CONNACK, or when the connection is lost before. */
  connect(port: number): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      this.#socket = socket;
      const parser = mqttPacket.parser({ protocolVersion: this.version });
      parser.on('packet', (packet) => {
        if (this.#socket !== socket) return;
        if (packet.cmd === 'connack') {
          this.connected = true;
          Promise.resolve(this.welcome(packet.sessionPresent)).then(resolve);
        } else this.take(packet as Got);
      });
      socket.on('data', (chunk) => parser.parse(chunk));
      socket.on('error', () => {});
      socket.on('close', () => {
        if (this.#socket === socket) this.connected = false;
        this.lost();
        resolve();
      });
      this.send({
        cmd: 'connect',
        clientId: this.name,
        protocolVersion: this.version,
        clean: false,
        keepalive: 0,
        ...(this.version === 5 && { properties: { sessionExpiryInterval: 86_400, receiveMaximum: 100 } }),
      } as Packet);
    });
  }

  leave(): void {
    this.connected = false;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  protected send(packet: Packet): void {
    this.#socket?.write(mqttPacket.generate(packet, { protocolVersion: this.version }));
  }

  protected abstract welcome(present: boolean): void | Promise<void>;
  protected abstract take(packet: Got): void;
  protected lost(): void {}
}

interface Sent {
  readonly number: number;
  readonly qos: 1 | 2;
  readonly id: number;
  /** PUBREC came: only PUBREL is sent from now on. */
  released: boolean;
}

export class Publisher extends Client {
  /** Numbers whose exchange was completed, or whose PUBREC came. */
  readonly acknowledged = new Set<number>();
  readonly #flight = new Map<number, Sent>();
  #number = 0;
  #id = 0;
  #loading = false;
  #idle: (() => void) | undefined;

  /** Publishes until the connection is lost. */
  load(): Promise<void> {
    if (!this.connected) return Promise.resolve();
    this.#loading = true;
    return new Promise((resolve) => {
      this.#idle = resolve;
      this.#fill();
    });
  }

  /** Resolves when nothing is in flight any more. */
  finish(): Promise<void> {
    this.#loading = false;
    if (this.#flight.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  protected welcome(): void {
    // [MQTT-4.4.0-1]: again, in order, under the identifiers they had
    for (const sent of this.#flight.values()) {
      if (sent.released) this.send({ cmd: 'pubrel', messageId: sent.id });
      else this.#publish(sent, true);
    }
  }

  protected take(packet: Got): void {
    const id = packet.messageId as number;
    const sent = this.#flight.get(id);
    if (sent === undefined) return;
    if (Number(packet.reasonCode ?? 0) >= 0x80 && packet.cmd !== 'pubcomp') {
      throw new Error(`${this.name}: refused with ${packet.reasonCode}`);
    }
    if (packet.cmd === 'puback' || packet.cmd === 'pubrec') this.acknowledged.add(sent.number);
    if (packet.cmd === 'pubrec') {
      sent.released = true;
      this.send({ cmd: 'pubrel', messageId: id });
      return;
    }
    this.#flight.delete(id);
    if (this.#loading) this.#fill();
    else if (this.#flight.size === 0) this.#idle?.();
  }

  protected override lost(): void {
    if (this.#loading) this.#idle?.();
    this.#loading = false;
  }

  #fill(): void {
    while (this.connected && this.#flight.size < WINDOW) {
      this.#number += 1;
      do this.#id = (this.#id % 65_535) + 1;
      while (this.#flight.has(this.#id));
      const sent: Sent = {
        number: this.#number,
        qos: this.#number % 2 === 0 ? 2 : 1,
        id: this.#id,
        released: false,
      };
      this.#flight.set(sent.id, sent);
      this.#publish(sent, false);
    }
  }

  #publish({ number, qos, id }: Sent, dup: boolean): void {
    this.send({
      cmd: 'publish',
      topic: `load/${this.name}`,
      payload: `${this.name} ${number} ${qos} ${'.'.repeat(number % 200)}`,
      qos,
      messageId: id,
      dup,
      retain: number % 50 === 0,
      ...(this.version === 5 && {
        properties: {
          contentType: `n${number}`,
          messageExpiryInterval: 80_000,
          userProperties: { number: `${number}` },
        },
      }),
    });
  }
}

export class Subscriber extends Client {
  /** Messages of each publisher in order of arrival. */
  readonly #got = new Map<string, { number: number; qos: number }[]>();
  /** QoS 2 identifiers received and not yet released. */
  readonly #received = new Set<number>();
  #altered = 0;
  #last = Date.now();
  #subscribed: (() => void) | undefined;

  /** @param every takes part in each such round */
  constructor(
    name: string,
    version: 4 | 5,
    readonly every: number,
  ) {
    super(name, version);
  }

  /** Resolves when all that was acknowledged has come, or nothing more comes. */
  async drained(publishers: readonly Publisher[]): Promise<void> {
    this.#last = Date.now();
    while (Date.now() - this.#last < SILENCE_MS && this.judge(publishers).missing > 0) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    // what comes beyond that would be doubled
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }

  judge(publishers: readonly Publisher[]): {
    missing: number;
    disordered: number;
    doubled: number;
    altered: number;
    resent: number;
  } {
    let missing = 0;
    let resent = 0;
    let disordered = 0;
    let doubled = 0;
    for (const publisher of publishers) {
      const got = this.#got.get(publisher.name) ?? [];
      const seen = new Set<number>();
      let highest = 0;
      for (const { number, qos } of got) {
        if (seen.has(number)) {
          if (qos === 2) doubled += 1;
          else resent += 1;
          continue;
        }
        seen.add(number);
        if (number < highest) disordered += 1;
        highest = Math.max(highest, number);
      }
      for (const number of publisher.acknowledged) if (!seen.has(number)) missing += 1;
    }
    return { missing, disordered, doubled, altered: this.#altered, resent };
  }

  protected welcome(present: boolean): Promise<void> {
    if (present) return Promise.resolve();
    if (this.#got.size > 0) this.#altered += 1_000_000;
    this.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: 'load/+', qos: 2, nl: false, rap: true, rh: 2 }],
    });
    return new Promise((resolve) => {
      this.#subscribed = resolve;
    });
  }

  protected take(packet: Got): void {
    this.#last = Date.now();
    const messageId = packet.messageId as number;
    if (packet.cmd === 'suback') this.#subscribed?.();
    else if (packet.cmd === 'pubrel') {
      this.#received.delete(messageId);
      this.send({ cmd: 'pubcomp', messageId });
    } else if (packet.cmd === 'publish') {
      if (packet.qos === 2) {
        const known = this.#received.has(messageId);
        this.#received.add(messageId);
        if (!known) this.#keep(packet);
        this.send({ cmd: 'pubrec', messageId });
      } else {
        this.#keep(packet);
        this.send({ cmd: 'puback', messageId });
      }
    }
  }

  #keep(packet: Packet & { cmd: 'publish' }): void {
    const [publisher = '', number = '', qos = '', dots = ''] = String(packet.payload).split(' ');
    if (dots.length !== Number(number) % 200 || Number(qos) !== packet.qos) this.#altered += 1;
    if (this.version === 5 && publisher === 'p-5') {
      const { contentType, userProperties, messageExpiryInterval = 0 } = packet.properties ?? {};
      const right = contentType === `n${number}` && userProperties?.number === number;
      if (!right || messageExpiryInterval <= 0 || messageExpiryInterval > 80_000) this.#altered += 1;
    }
    const list = this.#got.get(publisher) ?? [];
    list.push({ number: Number(number), qos: packet.qos });
    this.#got.set(publisher, list);
  }
}
