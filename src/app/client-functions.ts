import {
  type Clock,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Log,
  messageOf,
} from '../../hal/index.js';
import type { BuiltinFunction, FunctionContext, FunctionDefinition } from '../core/functions/index.js';
import { type Service, Together } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import { parsePayload } from '../things/connection.js';
import { Link } from '../things/link.js';
import { ShadowClient } from '../things/shadow-client.js';
import type { ThingLink } from './links.js';

export interface ClientFunctionsOptions {
  /** Builtin ones; a machine without a core runs no others. */
  readonly definitions: readonly FunctionDefinition[];
  /** Its certificate is found under the function's name, as a thing's is. */
  readonly link: (name: string) => ThingLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** The functions of a machine without a core: each is a client of the core elsewhere, under its own name. */
export class ClientFunctions implements Service {
  readonly name = 'functions';
  readonly #functions: readonly ClientFunction[];

  constructor({ definitions, ...options }: ClientFunctionsOptions) {
    this.#functions = definitions.flatMap(({ name, runs }) =>
      runs.kind === 'builtin' ? [new ClientFunction(name, runs.make, options)] : [],
    );
  }

  start(signal: AbortSignal): Promise<void> {
    return new Together(this.name, this.#functions).start(signal);
  }

  stop(): Promise<void> {
    return new Together(this.name, this.#functions).stop();
  }

  status(): readonly PartStatus[] {
    return this.#functions.map((fn) => fn.status());
  }
}

/** Messages that wait for the function; what comes beyond is dropped and counted. */
const QUEUE_LIMIT = 1_000;
const SHADOW_OF = /^\$aws\/things\/([^/+#]+)\/shadow\//;

class ClientFunction implements Service {
  readonly #fn: BuiltinFunction;
  readonly #link: Link;
  readonly #shadows = new Map<string, ShadowClient>();
  readonly #stopping = new AbortController();
  readonly #context: FunctionContext;
  /** One invocation after the other. */
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** The first start is under way or over: what comes from now on is not in the document that it reads. */
  #beginning = false;
  #begun = false;
  #failed = 0;
  #dropped = 0;
  #cause: string | undefined;

  constructor(
    readonly name: string,
    make: () => BuiltinFunction,
    options: Omit<ClientFunctionsOptions, 'definitions'>,
  ) {
    const { clock, random, link } = options;
    const log = options.log.child({ part: name });
    this.#fn = make();
    this.#link = new Link({ ...link(name), clock, log, random });
    for (const { subject } of this.#fn.subjects) {
      const thing = SHADOW_OF.exec(subject)?.[1];
      if (thing !== undefined && !this.#shadows.has(thing)) {
        const shadow = new ShadowClient(this.#link, clock, name, thing);
        shadow.open();
        this.#shadows.set(thing, shadow);
      }
      this.#link.listen(subject, (topic, payload) => this.#received(topic, parsePayload(payload)));
    }
    this.#context = {
      name,
      log,
      signal: this.#stopping.signal,
      publish: (topic, payload) =>
        this.#link.publish(
          topic,
          payload instanceof Uint8Array ? Buffer.from(payload) : JSON.stringify(payload),
        ),
      getShadow: async (thing) => (await this.#shadow(thing).get()) as JsonObject | undefined,
      updateShadow: async (thing, { state }) => ({
        version: await this.#shadow(thing).update(isJsonObject(state) ? state : {}),
      }),
    };
    // what happened while there was no connection is in the documents, which the function reads when it starts
    this.#link.onOnline(() => this.#begin());
  }

  /** The connection is made in the background. */
  start(signal: AbortSignal): Promise<void> {
    return this.#link.start(signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'));
    await this.#link.stop();
    for (const shadow of this.#shadows.values()) shadow.close();
    await this.#turn;
    await this.#fn.stop();
  }

  status(): PartStatus {
    const { connected, cause, core = 'none', connects } = this.#link.status();
    const why = connected ? this.#cause : (cause ?? 'not connected');
    return {
      name: this.name,
      kind: 'function',
      state: why === undefined ? 'ok' : 'degraded',
      ...(why !== undefined && { cause: why }),
      figures: {
        ...this.#fn.status(),
        core,
        connects,
        queued: this.#waiting,
        failed: this.#failed,
        dropped: this.#dropped,
      },
    };
  }

  /** Rejects when the function cannot start: the link tries again. */
  #begin(): Promise<void> {
    this.#beginning = true;
    const begin = this.#turn.then(() => this.#fn.start(this.#context));
    this.#turn = begin.then(
      () => {
        this.#begun = true;
      },
      () => {
        // told by the link, which closes the connection for it
      },
    );
    return begin;
  }

  #received(topic: string, event: JsonValue): void {
    if (!this.#beginning) return;
    if (this.#waiting >= QUEUE_LIMIT) {
      this.#dropped += 1;
      return;
    }
    this.#waiting += 1;
    this.#turn = this.#turn.then(() => this.#invoke(topic, event));
  }

  async #invoke(topic: string, event: JsonValue): Promise<void> {
    this.#waiting -= 1;
    // it knows nothing of what it counted
    if (!this.#begun) return;
    try {
      await this.#fn.invoke({ topic, event, from: 'core' });
      this.#cause = undefined;
    } catch (error) {
      this.#failed += 1;
      this.#cause = messageOf(error);
      this.#context.log.error({ topic, code: (error as { code?: string }).code }, this.#cause);
    }
  }

  #shadow(thing: string): ShadowClient {
    const shadow = this.#shadows.get(thing);
    if (shadow === undefined) throw new RangeError(`${this.name} is not told of the shadow of ${thing}`);
    return shadow;
  }
}
