import assert from 'node:assert/strict';

/** What a client sees of the core: it publishes, and hears everything on shadow topics. */
export interface Wire {
  readonly label: string;
  publish(topic: string, payload: string | Buffer): Promise<void>;
  /** One listener at a time; what was heard before is told to the first. */
  onMessage(listener: (topic: string, text: string) => void): void;
  close(): Promise<void>;
}

export type Body = Record<string, unknown>;

export interface Reply {
  readonly topic: string;
  /** Without the request's own topic: `accepted`, `delta`, … */
  readonly kind: string;
  readonly text: string;
  readonly body: Body;
}

/** What came back before the answer to a later request on the same shadow. */
export class Answers {
  constructor(readonly all: readonly Reply[]) {}

  get kinds(): string[] {
    return this.all.map((reply) => reply.kind);
  }

  /** The body of the one reply of this kind. */
  one(kind: string): Body {
    const found = this.all.filter((reply) => reply.kind === kind);
    assert.equal(
      found.length,
      1,
      `one ${kind} expected among [${this.kinds}]: ${this.all.map((r) => r.text).join(' ')}`,
    );
    return found[0]?.body as Body;
  }

  get accepted(): Body {
    return this.one('accepted');
  }

  /** Rejected, alone, with that code and text. */
  rejected(code: number, message: string | RegExp): Body {
    assert.deepEqual(this.kinds, ['rejected'], this.all.map((reply) => reply.text).join(' '));
    const body = this.one('rejected');
    assert.equal(body.code, code, `code of "${body.message}"`);
    if (typeof message === 'string') assert.equal(body.message, message);
    else assert.match(String(body.message), message);
    return body;
  }
}

const WAIT_MS = 10_000;

/** A thing of its own for each row, so that rows do not see each other. */
export class Exchange {
  #serial = 0;

  constructor(
    private readonly wire: Wire,
    readonly thing: string,
  ) {}

  update(body: unknown, shadow?: string): Promise<Answers> {
    const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return this.send(`${this.topic(shadow)}/update`, payload, shadow);
  }

  desire(desired: unknown, shadow?: string): Promise<Answers> {
    return this.update({ state: { desired } }, shadow);
  }

  report(reported: unknown, shadow?: string): Promise<Answers> {
    return this.update({ state: { reported } }, shadow);
  }

  get(payload: string | Buffer = '', shadow?: string): Promise<Answers> {
    return this.send(`${this.topic(shadow)}/get`, payload, shadow);
  }

  delete(payload: string | Buffer = '', shadow?: string): Promise<Answers> {
    return this.send(`${this.topic(shadow)}/delete`, payload, shadow);
  }

  /** The state that a get tells. */
  async state(shadow?: string): Promise<Body> {
    return (await this.get('', shadow)).accepted.state as Body;
  }

  async reported(): Promise<unknown> {
    return (await this.state()).reported;
  }

  async metadata(): Promise<Body> {
    return (await this.get()).accepted.metadata as Body;
  }

  async version(shadow?: string): Promise<unknown> {
    return (await this.get('', shadow)).accepted.version;
  }

  topic(shadow?: string): string {
    return shadow === undefined
      ? `$aws/things/${this.thing}/shadow`
      : `$aws/things/${this.thing}/shadow/name/${shadow}`;
  }

  /** Publishes, then a get on the shadow as a fence: answers of one shadow come in the order of its requests. */
  async send(topic: string, payload: string | Buffer, fenceShadow?: string): Promise<Answers> {
    return this.sendAll([[topic, payload]], fenceShadow);
  }

  /** For another thing's topics, where the fence would not be in the same order: the first answer there. */
  answer(topic: string, payload: string | Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${topic}`)), WAIT_MS);
      this.wire.onMessage((heard, text) => {
        if (!heard.startsWith(`${topic}/`)) return;
        clearTimeout(timer);
        resolve(reply(heard, text, [topic]));
      });
      this.wire.publish(topic, payload).catch(reject);
    });
  }

  sendAll(
    requests: readonly (readonly [topic: string, payload: string | Buffer])[],
    fenceShadow?: string,
  ): Promise<Answers> {
    const publish = async (): Promise<void> => {
      await Promise.all(requests.map(([topic, payload]) => this.wire.publish(topic, payload)));
    };
    return this.during(
      publish,
      requests.map(([topic]) => topic),
      fenceShadow,
    );
  }

  /** What is heard on this thing's topics while the action runs; `sent` are requests of one's own, heard as well. */
  async during(
    action: () => Promise<unknown>,
    sent: readonly string[] = [],
    fenceShadow?: string,
  ): Promise<Answers> {
    this.#serial += 1;
    const fence = `fence ${this.wire.label} ${this.thing.slice(0, 20)} ${this.#serial}`;
    const replies: Reply[] = [];
    const done = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to the fence behind ${sent}`)), WAIT_MS);
      this.wire.onMessage((topic, text) => {
        if (!topic.startsWith(`$aws/things/${this.thing}/`)) return;
        const isFence = text.includes(fence);
        if (sent.includes(topic) || (isFence && topic.endsWith('/get'))) return;
        if (!isFence) replies.push(reply(topic, text, sent));
        else {
          clearTimeout(timer);
          resolve();
        }
      });
    });
    await action();
    await Promise.all([
      this.wire.publish(`${this.topic(fenceShadow)}/get`, JSON.stringify({ clientToken: fence })),
      done,
    ]);
    return new Answers(replies);
  }
}

function reply(topic: string, text: string, sent: readonly string[]): Reply {
  const request = sent.find((each) => topic.startsWith(`${each}/`));
  const kind = request === undefined ? topic : topic.slice(request.length + 1);
  return { topic, kind, text, body: JSON.parse(text) as Body };
}
