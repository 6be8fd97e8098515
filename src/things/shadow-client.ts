import { randomBytes } from 'node:crypto';
import { type Clock, isJsonObject, type JsonObject, type Timer } from '../../hal/index.js';
import { parsePayload } from './connection.js';
import { ShadowRejection, ThingError } from './errors.js';
import type { Link } from './link.js';

/** Time in ms within which the shadow service must answer. */
const ANSWER_LIMIT_MS = 10_000;

/** A shadow document as `get/accepted` brings it. */
export interface ShadowDocument {
  readonly state: {
    readonly desired?: JsonObject;
    readonly reported?: JsonObject;
    readonly delta?: JsonObject;
  };
  readonly version: number;
}

interface Pending {
  readonly resolve: (answer: JsonObject) => void;
  readonly reject: (error: Error) => void;
  readonly operation: string;
  readonly what: string;
  readonly timer: Timer;
}

/**
 * Requests on one thing's shadow, as promises. The answer topics are subscribed before the first request can go out
 * (by the link, on connect), and answers are told apart by their client token where the service echoes it.
 */
export class ShadowClient {
  readonly #pending = new Map<string, Pending>();
  readonly #prefix: string;
  readonly #unlisten: (() => void)[] = [];
  /** Begins every client token of this client: random, so that no two clients of a shadow share it. */
  readonly #token = `${randomBytes(9).toString('base64url')}-`;
  #count = 0;

  constructor(
    private readonly link: Link,
    private readonly clock: Clock,
    /** The thing that asks, for messages. */
    private readonly by: string,
    readonly thing: string,
    shadow?: string,
  ) {
    this.#prefix =
      shadow === undefined ? `$aws/things/${thing}/shadow` : `$aws/things/${thing}/shadow/name/${shadow}`;
  }

  /** Begins to listen for answers; call before the link starts. */
  open(): void {
    for (const operation of ['get', 'update']) {
      for (const answer of ['accepted', 'rejected']) {
        const topic = `${this.#prefix}/${operation}/${answer}`;
        this.#unlisten.push(this.link.listen(topic, (_, payload) => this.#answered(operation, payload)));
      }
    }
    this.link.onOffline((cause) => this.#failAll(cause));
  }

  close(): void {
    for (const unlisten of this.#unlisten.splice(0)) unlisten();
    this.#failAll('closed');
  }

  /**
   * Calls `listener` with each delta and its version, in the service's order. `own` tells a delta that an update of this
   * client caused: it says nothing new, since what is desired changed in an earlier one.
   */
  onDelta(listener: (delta: JsonObject, version: number, own: boolean) => void): () => void {
    return this.link.listen(`${this.#prefix}/update/delta`, (_, payload) => {
      const body = parsePayload(payload);
      if (!isJsonObject(body) || !isJsonObject(body.state)) return;
      const own = typeof body.clientToken === 'string' && body.clientToken.startsWith(this.#token);
      listener(body.state, Number(body.version), own);
    });
  }

  /** Calls `listener` with the document after each accepted update. */
  onDocument(listener: (document: ShadowDocument) => void): () => void {
    return this.link.listen(`${this.#prefix}/update/documents`, (_, payload) => {
      const body = parsePayload(payload);
      if (isJsonObject(body) && isJsonObject(body.current))
        listener(body.current as unknown as ShadowDocument);
    });
  }

  /** The document, or undefined when the thing has none yet. */
  async get(): Promise<ShadowDocument | undefined> {
    try {
      return (await this.#request('get', {})) as unknown as ShadowDocument;
    } catch (error) {
      if (error instanceof ShadowRejection && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Resolves with the new version. Rejects with a ShadowRejection, THING_OFFLINE or THING_TIMEOUT. */
  async update(state: { desired?: JsonObject | null; reported?: JsonObject | null }): Promise<number> {
    return Number((await this.#request('update', { state })).version);
  }

  async #request(operation: 'get' | 'update', body: JsonObject): Promise<JsonObject> {
    const clientToken = this.#token + (this.#count++).toString(36);
    const what = `${operation} of ${this.thing}'s shadow`;
    const answer = new Promise<JsonObject>((resolve, reject) => {
      const timer = this.clock.after(ANSWER_LIMIT_MS, () => {
        this.#pending.delete(clientToken);
        reject(
          new ThingError(
            'THING_TIMEOUT',
            `${what}: no answer within ${ANSWER_LIMIT_MS / 1000} s; does a subscription row let ${this.by} reach it?`,
          ),
        );
      });
      this.#pending.set(clientToken, { resolve, reject, operation, what, timer });
    });
    // a rejection before it is awaited below is not unhandled
    answer.catch(() => {});
    try {
      await this.link.publish(`${this.#prefix}/${operation}`, JSON.stringify({ ...body, clientToken }));
    } catch (error) {
      this.#take(clientToken);
      throw error;
    }
    return answer;
  }

  #answered(operation: string, payload: Buffer): void {
    const body = parsePayload(payload);
    if (!isJsonObject(body)) return;
    const { clientToken } = body;
    const token = typeof clientToken === 'string' ? clientToken : this.#oldest(operation);
    const pending = token === undefined ? undefined : this.#take(token);
    if (pending === undefined) return;
    if (typeof body.code === 'number')
      pending.reject(new ShadowRejection(body.code, String(body.message), pending.what));
    else pending.resolve(body);
  }

  /**
   * Greengrass V2's shadow manager answers a get without its token: it is the answer to the oldest, or to someone else's,
   * and then the document all the same. Who updates without a token is someone else.
   */
  #oldest(operation: string): string | undefined {
    if (operation !== 'get') return undefined;
    for (const [token, pending] of this.#pending) if (pending.operation === operation) return token;
    return undefined;
  }

  #take(clientToken: string): Pending | undefined {
    const pending = this.#pending.get(clientToken);
    this.#pending.delete(clientToken);
    pending?.timer.cancel();
    return pending;
  }

  #failAll(cause: string): void {
    for (const clientToken of [...this.#pending.keys()]) {
      const pending = this.#take(clientToken);
      pending?.reject(new ThingError('THING_OFFLINE', `${pending.what} got no answer: ${cause}`));
    }
  }
}
