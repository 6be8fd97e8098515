/**
 * What a function is to the core: something that is handed messages by the subscription table and may publish, under a
 * name of its own, by the same table. Where it runs (in this process, in one of its own) is not the caller's matter.
 */
import type { JsonObject, JsonValue, Log } from '../../../hal/index.js';

/** One message handed to a function. */
export interface Invocation {
  readonly topic: string;
  /** The payload parsed as JSON; a payload that is not JSON rejects the invocation before the handler sees it. */
  readonly event: JsonValue;
  /** Member that published it. */
  readonly from: string;
}

/** What a function may do, beside returning. */
export interface FunctionContext {
  /** The function's name, as sources and targets call it. */
  readonly name: string;
  readonly log: Log;
  /** Aborted when the function is to end. */
  readonly signal: AbortSignal;
  publish(topic: string, payload: JsonValue | Uint8Array): Promise<void>;
  /** The shadow document of a thing (`state`, `metadata`, `version`), or undefined when it has none. */
  getShadow(thing: string, shadow?: string): Promise<JsonObject | undefined>;
  updateShadow(thing: string, document: JsonObject, shadow?: string): Promise<JsonObject>;
}

/** A function that comes with the product and runs in the core's process. Invocations come one at a time. */
export interface BuiltinFunction {
  /** Filters on which it is invoked; rows for them are implied. */
  readonly subjects: readonly { readonly source: string; readonly subject: string }[];
  start(context: FunctionContext): Promise<void>;
  invoke(invocation: Invocation): Promise<void>;
  stop(): Promise<void>;
  /** For `status`. */
  status(): JsonObject;
}
