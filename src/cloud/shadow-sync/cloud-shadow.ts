import { randomBytes } from 'node:crypto';
import { type Clock, isJsonObject, type JsonObject, type JsonValue, type Timer } from '../../../hal/index.js';
import type { ShadowId, ShadowOperation } from '../../core/shadow/index.js';
import { parsePayload } from '../../things/connection.js';
import type { Link } from '../../things/link.js';
import { CloudError } from '../errors.js';
import { applied, type State, withoutEmpty } from './merge3.js';

export interface CloudDocument {
  readonly version: number;
  readonly state: State;
}

export type CloudLink = Pick<Link, 'listen' | 'publish'>;

/** The cloud said no; `status` is its code: 400, 403, 409, 413, 429, 500 … */
export class CloudRejection extends CloudError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super('CLOUD_SHADOW', message);
  }
}

interface Waiting {
  readonly resolve: (answer: JsonObject) => void;
  readonly reject: (error: Error) => void;
  /** Takes note of what was accepted, in the order in which the cloud tells it. */
  readonly accepted: (answer: JsonObject) => void;
  readonly timer: Timer;
}

const ANSWER_LIMIT_MS = 10_000;

/**
 * One shadow in AWS IoT over its MQTT topics. Follows what is accepted there, so that the document is mostly known without
 * asking; whatever does not fit makes it unknown again.
 */
export class CloudShadow {
  /** `none`: there is no such shadow; undefined: not known. */
  #known: CloudDocument | 'none' | undefined;
  readonly #waiting = new Map<string, Waiting>();
  readonly #token = `${randomBytes(9).toString('base64url')}-`;
  #count = 0;
  #wroteAt: number | undefined;
  #ends: (() => void)[] = [];

  constructor(
    private readonly options: {
      readonly id: ShadowId;
      readonly link: CloudLink;
      readonly clock: Clock;
      /** Someone else changed or deleted it. */
      readonly onChange: () => void;
    },
  ) {}

  /** ms since the epoch at which the cloud accepted a change of ours last; undefined: not since the start. */
  get wroteAt(): number | undefined {
    return this.#wroteAt;
  }

  open(): void {
    const { link, id } = this.options;
    const base = topicOf(id);
    for (const answer of ['accepted', 'rejected']) {
      this.#ends.push(
        link.listen(`${base}/+/${answer}`, (topic, payload) =>
          this.#heard(topic.split('/').at(-2), parsePayload(payload)),
        ),
      );
    }
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end();
    this.lost('closed');
  }

  /** The connection is gone: what happens there from now on is not heard. */
  lost(cause: string): void {
    this.#known = undefined;
    for (const [token, waiting] of [...this.#waiting]) {
      this.#take(token);
      waiting.reject(new CloudError('CLOUD_SHADOW', `no answer from the cloud: ${cause}`));
    }
  }

  forget(): void {
    this.#known = undefined;
  }

  /** Asks only when it is not known. Undefined: there is none. */
  async document(): Promise<CloudDocument | undefined> {
    if (this.#known === undefined) {
      try {
        await this.#ask('get', {}, (answer) => {
          const state = isJsonObject(answer.state) ? answer.state : {};
          this.#known = { version: Number(answer.version), state: withoutEmpty(state) };
        });
      } catch (error) {
        if (!(error instanceof CloudRejection) || error.status !== 404) throw error;
        this.#known = 'none';
      }
    }
    return this.#known === 'none' ? undefined : this.#known;
  }

  /**
   * @param expected version that the document must have; undefined: it is made, or changed whatever it is
   * @param result what the document is then
   * @returns the new version. Rejects with a CloudRejection 409 when the version is another
   */
  async update(patch: JsonValue, expected: number | undefined, result: State): Promise<number> {
    const body = { state: patch, ...(expected !== undefined && { version: expected }) };
    let changedBefore = false;
    const answer = await this.#ask('update', body, ({ version }) => {
      this.#wroteAt = this.options.clock.now();
      const before = this.#known;
      // deleted just before: the cloud takes the old version as that of the deleted one and begins a new document
      changedBefore = expected !== undefined && (typeof before !== 'object' || before.version !== expected);
      this.#known =
        !changedBefore && version === (expected ?? 0) + 1 ? { version, state: result } : undefined;
    });
    if (changedBefore)
      throw new CloudRejection(409, `${this.options.id.thing}'s shadow in the cloud changed meanwhile`);
    return Number(answer.version);
  }

  /** Also done when there is none. */
  async delete(): Promise<void> {
    try {
      await this.#ask('delete', {}, () => {
        this.#wroteAt = this.options.clock.now();
        this.#known = 'none';
      });
    } catch (error) {
      if (!(error instanceof CloudRejection) || error.status !== 404) throw error;
      this.#known = 'none';
    }
  }

  async #ask(
    operation: ShadowOperation,
    body: JsonObject,
    accepted: Waiting['accepted'],
  ): Promise<JsonObject> {
    const { link, clock, id } = this.options;
    const clientToken = this.#token + (this.#count++).toString(36);
    const answer = new Promise<JsonObject>((resolve, reject) => {
      const timer = clock.after(ANSWER_LIMIT_MS, () => {
        this.#waiting.delete(clientToken);
        this.#known = undefined;
        reject(
          new CloudError(
            'CLOUD_SHADOW',
            `${operation} of ${id.thing}'s shadow in the cloud: no answer within ${ANSWER_LIMIT_MS / 1000} s; does the certificate's policy allow it?`,
          ),
        );
      });
      this.#waiting.set(clientToken, { resolve, reject, accepted, timer });
    });
    // a rejection before it is awaited below is not unhandled
    answer.catch(() => {});
    try {
      await link.publish(`${topicOf(id)}/${operation}`, JSON.stringify({ ...body, clientToken }));
    } catch (error) {
      this.#take(clientToken);
      // it may have arrived all the same
      this.#known = undefined;
      throw error;
    }
    return answer;
  }

  #heard(operation: string | undefined, body: JsonValue): void {
    if (!isJsonObject(body)) return;
    const { clientToken } = body;
    const waiting = typeof clientToken === 'string' ? this.#take(clientToken) : undefined;
    if (waiting !== undefined) {
      if (typeof body.code === 'number') {
        if (body.code === 409) this.#known = undefined;
        waiting.reject(
          new CloudRejection(
            body.code,
            `${operation} of ${this.options.id.thing}'s shadow was rejected by the cloud: ${body.code} ${String(body.message)}`,
          ),
        );
      } else {
        waiting.accepted(body);
        waiting.resolve(body);
      }
      return;
    }
    // not accepted, or of no concern
    if (typeof body.code === 'number' || typeof body.version !== 'number') return;
    if (operation === 'delete') {
      // kept by the session, and older than what is known
      if (typeof this.#known === 'object' && body.version < this.#known.version) return;
      // it may have been made anew since: asked for
      this.#known = undefined;
      this.options.onChange();
    } else if (operation === 'update' && this.#follow(body.version, body.state ?? null)) {
      this.options.onChange();
    }
  }

  /** @returns false for what is known already */
  #follow(version: number, patch: JsonValue): boolean {
    const known = this.#known;
    if (known === undefined || known === 'none') {
      this.#known = undefined;
      return true;
    }
    if (version <= known.version) return false;
    this.#known = version === known.version + 1 ? { version, state: applied(known.state, patch) } : undefined;
    return true;
  }

  #take(token: string): Waiting | undefined {
    const waiting = this.#waiting.get(token);
    this.#waiting.delete(token);
    waiting?.timer.cancel();
    return waiting;
  }
}

function topicOf({ thing, shadow }: ShadowId): string {
  return `$aws/things/${thing}/shadow${shadow === undefined ? '' : `/name/${shadow}`}`;
}
