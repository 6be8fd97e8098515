/** The port through which a thing speaks MQTT. Its implementations: mqtt.ts, aws-sdk.ts. */
import type { JsonValue } from '../../hal/index.js';

/** Where a core listens, and whom to trust there. */
export interface CoreAddress {
  readonly host: string;
  readonly port: number;
  /** PEM of the group CA. */
  readonly ca: string;
  /** It is AWS IoT Core itself, whose limits for a connection are to be kept. */
  readonly awsIot?: boolean;
}

/** Who the thing is. The client id is the thing's name. */
export interface Credentials {
  readonly thing: string;
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * Handles a message. A promise (which does not reject) puts off the acknowledgement until it resolves: should the process
 * end before, a session brings the message again.
 */
export type OnMessage = (topic: string, payload: Buffer) => unknown;

/** What the server is to keep of the client when its connection is gone [MQTT5 3.1.2.11.2]. */
export interface SessionRequest {
  /** Whole seconds, 1 or more; the server may keep it for less. */
  readonly expirySeconds: number;
  /** Begins a new one, whatever is kept. */
  readonly clean: boolean;
}

export interface ConnectRequest {
  readonly address: CoreAddress;
  readonly credentials: Credentials;
  /** Absent: a clean session, which ends with the connection. */
  readonly session?: SessionRequest;
  /** Every message that arrives, in order; of a session that goes on, also before the connection is returned. */
  readonly onMessage: OnMessage;
  /** Called once when the connection is gone, whoever ended it. */
  readonly onClose: (cause: string) => void;
  /** Aborting ends the attempt, not a connection that was made. */
  readonly signal: AbortSignal;
}

/** One live connection. After `onClose` every call rejects with THING_OFFLINE. */
export interface Connection {
  /** The server goes on with the session of an earlier connection: its subscriptions are there, and what came meanwhile. */
  readonly sessionPresent: boolean;
  /** Resolves when all filters are acknowledged; rejects with THING_REJECTED when one was refused. */
  subscribe(filters: readonly string[]): Promise<void>;
  unsubscribe(filters: readonly string[]): Promise<void>;
  /** QoS 1: resolves when acknowledged. */
  publish(topic: string, payload: string | Buffer): Promise<void>;
  /** Says good-bye and ends. Idempotent. */
  close(): Promise<void>;
}

/** Opens a connection. Rejects with THING_CONNECT. */
export type Connector = (request: ConnectRequest) => Promise<Connection>;

/** Reads a payload; what is not JSON comes as text. */
export function parsePayload(payload: Buffer): JsonValue {
  const text = payload.toString('utf8');
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // not JSON: ordinary for topics of other people's devices
    return text;
  }
}
