/**
 * Functions written for Greenlight in TypeScript or JavaScript:
 *
 *     import type { Handler } from 'greenlight/functions';
 *     export const onMessage: Handler<{ celsius: number }> = async (event, context) => {
 *       await context.publish('room/warm', { warm: event.celsius > 21 });
 *     };
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Logical level of a GPIO line. */
export type LineValue = 'active' | 'inactive';

/** A shadow document, as AWS IoT has it. */
export interface Shadow {
  readonly state: {
    readonly desired?: JsonObject;
    readonly reported?: JsonObject;
    readonly delta?: JsonObject;
  };
  readonly metadata: JsonObject;
  readonly version: number;
  /** Epoch seconds. */
  readonly timestamp: number;
}

export interface FunctionLog {
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

/** What a function may do at any time. */
export interface Abilities {
  /** The function's name, as sources and targets call it. */
  readonly name: string;
  /** Lines in the core's log, under the function's name. */
  readonly log: FunctionLog;
  /** Aborted when the process is to end; it has about a second then. */
  readonly signal: AbortSignal;
  /**
   * To whomever the subscription table lets have it. Strings and bytes go as they are, other values as JSON. Resolves
   * when the core has the message; rejects when it is too large.
   */
  publish(topic: string, payload: Json | Uint8Array): Promise<void>;
  /** Undefined when the thing has no such shadow. Without rows: functions may use every shadow. */
  getShadow(thing: string, shadow?: string): Promise<Shadow | undefined>;
  /** Rejects with the protocol's message, and its number in `code`. */
  updateShadow(
    thing: string,
    document: {
      readonly state: { readonly desired?: JsonObject | null; readonly reported?: JsonObject | null } | null;
      readonly version?: number;
    },
    shadow?: string,
  ): Promise<JsonObject>;
  deleteShadow(thing: string, shadow?: string): Promise<JsonObject>;
  /**
   * A GPIO line of `resources.lines`, by the name that stands there; taken as an input unless it was written. Rejects when
   * it was not granted, or someone else holds it.
   */
  readLine(line: string): Promise<LineValue>;
  /** Takes the line as an output. It becomes inactive when the function ends other than idle. */
  writeLine(line: string, value: LineValue): Promise<void>;
}

/** Of one invocation. */
export interface Context extends Abilities {
  /** Undefined when another function invoked this one. */
  readonly topic: string | undefined;
  /** Member that published the message. */
  readonly from: string | undefined;
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
  readonly functionName: string;
  readonly clientContext: { readonly Custom: JsonObject };
  /** Until the function's timeout. */
  getRemainingTimeInMillis(): number;
}

/** @param event the payload parsed as JSON, or, with `encoding: binary`, a Buffer */
export type Handler<Event = Json, Result = void> = (
  event: Event,
  context: Context,
) => Promise<Result> | Result;

/** Exported as `onStart`: called once when the process has loaded the module, before the first invocation. */
export type OnStart = (abilities: Abilities) => Promise<void> | void;
