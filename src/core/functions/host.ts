import { type JsonObject, type JsonValue, type Log, messageOf } from '../../../hal/index.js';
import type { Service } from '../../lifecycle.js';
import type { PartStatus } from '../../status.js';
import type { BrokerPort, PortMessage } from '../broker/contract.js';
import type { BuiltinFunction, FunctionContext } from './contract.js';

/** Invocations that wait for a function; beyond, new ones are dropped and counted (Greengrass: maxWorkItemCount). */
const QUEUE_LIMIT = 1_024;

/** What a function reaches of the shadow service: straight, without rows, as Greengrass functions do. */
export interface FunctionShadows {
  get(thing: string, shadow?: string): Promise<JsonObject | undefined>;
  update(thing: string, document: JsonObject, shadow: string | undefined, by: string): Promise<JsonObject>;
}

export interface BuiltinHostOptions {
  readonly name: string;
  readonly fn: BuiltinFunction;
  readonly port: BrokerPort;
  readonly shadows: FunctionShadows;
  readonly log: Log;
}

/**
 * Runs one builtin function: hands it its messages one at a time, in order. An invocation that throws is an error of
 * that invocation, counted and logged; the function goes on.
 */
export class BuiltinHost implements Service {
  readonly name: string;
  readonly #stopping = new AbortController();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #queue: PortMessage[] = [];
  #working: Promise<void> | undefined;
  #started = false;
  #failure: string | undefined;
  #invocations = 0;
  #errors = 0;
  #dropped = 0;

  constructor(private readonly options: BuiltinHostOptions) {
    this.name = options.name;
  }

  /** Messages that come while the function starts wait for it. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { fn, port } = this.options;
    const filters = new Set(fn.subjects.map(({ subject }) => subject));
    for (const filter of filters)
      this.#unsubscribe.push(port.subscribe(filter, (message) => this.#take(message)));
    await fn.start(this.#context());
    this.#started = true;
    this.#work();
  }

  /** Ends after the invocation under way. What still waits is what a stopped core would not have taken either. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#stopping.abort(new Error(`function ${this.name} is stopping`));
    await this.#working;
    await this.options.fn.stop();
  }

  status(): PartStatus {
    const figures = {
      ...this.options.fn.status(),
      invocations: this.#invocations,
      errors: this.#errors,
      dropped: this.#dropped,
      queued: this.#queue.length,
    };
    return {
      name: this.name,
      kind: 'function',
      state: this.#failure ? 'degraded' : 'ok',
      ...(this.#failure && { cause: this.#failure }),
      figures,
    };
  }

  #take(message: PortMessage): void {
    if (this.#queue.length >= QUEUE_LIMIT) {
      this.#dropped += 1;
      return;
    }
    this.#queue.push(message);
    this.#work();
  }

  #work(): void {
    if (!this.#started || this.#working !== undefined) return;
    this.#working = this.#drain().finally(() => {
      this.#working = undefined;
    });
  }

  async #drain(): Promise<void> {
    for (
      let message = this.#queue.shift();
      message && !this.#stopping.signal.aborted;
      message = this.#queue.shift()
    ) {
      await this.#invoke(message);
    }
  }

  async #invoke({ topic, payload, from }: PortMessage): Promise<void> {
    const { fn, log } = this.options;
    this.#invocations += 1;
    try {
      await fn.invoke({ topic, event: JSON.parse(payload.toString('utf8')) as JsonValue, from });
      this.#failure = undefined;
    } catch (error) {
      this.#errors += 1;
      this.#failure = `the last invocation, on ${topic}, failed: ${messageOf(error)}`;
      log.error(
        { topic, code: (error as { code?: string }).code },
        `function ${this.name}: ${this.#failure}`,
      );
    }
  }

  #context(): FunctionContext {
    const { name, port, shadows, log } = this.options;
    return {
      name,
      log,
      signal: this.#stopping.signal,
      publish: (topic, payload) =>
        port.publish({
          topic,
          payload: payload instanceof Uint8Array ? Buffer.from(payload) : JSON.stringify(payload),
        }),
      getShadow: (thing, shadow) => shadows.get(thing, shadow),
      updateShadow: (thing, document, shadow) => shadows.update(thing, document, shadow, name),
    };
  }
}
