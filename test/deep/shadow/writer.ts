import { Socket } from 'node:net';
import { connect, type MqttClient } from 'mqtt';

const UNANSWERED = 3;
const ANSWER_MS = 30_000;

interface Answer {
  readonly version: number;
  readonly state?: { readonly reported?: Readonly<Record<string, number>> } | null;
}

export interface Found {
  lost: number;
  broken: number;
  outOfOrder: number;
}

/** Writes a rising number, twice in each update, to a shadow that it may share; remembers what was accepted. */
export class Writer {
  readonly #key: string;
  #sent = 0;
  #accepted = 0;
  #version = 0;
  #count = 0;
  #backwards = 0;

  constructor(
    readonly id: number,
    readonly thing: string,
    /** Deletes its shadow now and then; then only versions are looked at. */
    readonly deletes: boolean,
  ) {
    this.#key = `w${id}`;
  }

  /** Updates accepted so far, over all rounds. */
  get count(): number {
    return this.#count;
  }

  /** Writes as fast as it is answered, until the core is gone. */
  async writeUntilGone(port: number): Promise<void> {
    const client = await this.#connect(port).catch(() => undefined);
    // killed before it could be reached
    if (client === undefined) return;
    const gone = new Promise<void>((resolve) => client.once('close', resolve));
    const topic = `$aws/things/${this.thing}/shadow`;
    client.on('message', (heard, payload) => {
      const answer = JSON.parse(payload.toString('utf8')) as Answer;
      if (heard.endsWith('/delete/accepted')) {
        // a delete tells the version that it ended
        this.#version = Math.max(this.#version, answer.version);
        return;
      }
      const value = answer.state?.reported?.[this.#key];
      if (value === undefined) return;
      this.#count += 1;
      if (answer.version <= this.#version) this.#backwards += 1;
      this.#version = answer.version;
      this.#accepted = Math.max(this.#accepted, value);
      write();
    });
    const write = (): void => {
      this.#sent += 1;
      const reported = { [this.#key]: this.#sent, [`${this.#key}b`]: this.#sent };
      client.publish(`${topic}/update`, JSON.stringify({ state: { reported } }), { qos: 0 });
      if (this.deletes && this.#sent % 5 === 0) client.publish(`${topic}/delete`, '', { qos: 0 });
    };
    client.subscribe([`${topic}/update/accepted`, `${topic}/delete/accepted`], (error) => {
      if (error) return;
      for (let count = 0; count < UNANSWERED; count += 1) write();
    });
    await gone;
    client.end(true);
  }

  /** What the core says now against what it had accepted before it was killed. */
  async inspect(port: number): Promise<Found> {
    const found = { lost: 0, broken: 0, outOfOrder: this.#backwards };
    this.#backwards = 0;
    const client = await this.#connect(port);
    const topic = `$aws/things/${this.thing}/shadow/get`;
    await client.subscribeAsync(`${topic}/+`);
    const answer = new Promise<[string, Answer]>((resolve, reject) => {
      setTimeout(() => reject(new Error(`no answer to ${topic}`)), ANSWER_MS).unref();
      client.once('message', (heard, payload) =>
        resolve([heard, JSON.parse(payload.toString('utf8')) as Answer]),
      );
    });
    await client.publishAsync(topic, '', { qos: 0 });
    const [heard, { version, state }] = await answer;
    client.end(true);
    if (heard.endsWith('/rejected')) {
      if (!this.deletes && this.#accepted > 0) found.lost += 1;
      return found;
    }
    const value = state?.reported?.[this.#key] ?? 0;
    if (value !== (state?.reported?.[`${this.#key}b`] ?? 0) || value > this.#sent) found.broken += 1;
    if (version < this.#version) found.outOfOrder += 1;
    if (!this.deletes && value < this.#accepted) found.lost += this.#accepted - value;
    return found;
  }

  async #connect(port: number): Promise<MqttClient> {
    const client = connect(`mqtt://127.0.0.1:${port}`, {
      clientId: `writer-${this.id}-${Math.random().toString(36).slice(2)}`,
      protocolVersion: this.id % 2 === 0 ? 4 : 5,
      reconnectPeriod: 0,
    });
    client.on('error', () => {});
    // connectAsync waits for ever when the core is killed between the connection and its CONNACK
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('close', () => reject(new Error('the core went away')));
    });
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    return client;
  }
}
