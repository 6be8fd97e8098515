/**
 * The message manager's edges: a policy that decides, a store that remembers, streams that come in. The broker knows
 * topics, clients and sessions; it knows nothing of things, shadows, certificates or files.
 */
import type { Duplex } from 'node:stream';

export type QoS = 0 | 1 | 2;

/** MQTT 5 properties that travel with a message from publisher to subscriber, unchanged. */
export interface MessageProperties {
  readonly payloadFormatIndicator?: boolean;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  readonly userProperties?: Readonly<Record<string, string | readonly string[]>>;
}

export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties?: MessageProperties;
  /** Seconds until the message expires; counted from its arrival. */
  readonly expiryInterval?: number;
}

/** Who is at the other end of a stream, as the listener found out (a certificate's thing name); opaque to the broker. */
export interface Peer {
  /** For log lines: `127.0.0.1:51312`. */
  readonly address: string;
  /** The authenticated identity, for the policy; undefined when the listener asks for none. */
  readonly identity?: string;
  /** By which credential it was authenticated, for the policy: a fingerprint. */
  readonly certificate?: string;
}

export interface ConnectAttempt {
  readonly peer: Peer;
  /** Empty where the client left the choice to the server. */
  readonly clientId: string;
  readonly protocolVersion: 3 | 4 | 5;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
}

/** Yes, or no with a sentence for the log and the reason string. */
export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export const ALLOWED: Decision = { allowed: true };

/**
 * Who may connect, and what may pass from whom to whom. Asked for every packet, so answers are immediate; what needs
 * I/O is looked up beforehand. A client is named by its client id, an in-process port by its port name.
 */
export interface BrokerPolicy {
  connect(attempt: ConnectAttempt): Decision;
  /**
   * May this client publish here at all? `false` drops the message, acknowledged as the protocol wants it (MQTT 5:
   * reason code 0x87 Not authorized; 3.1.1: plain PUBACK); the client stays connected.
   */
  publish(from: string, topic: string): Decision;
  /** May this client hold this filter? What it then receives is still decided message by message. */
  subscribe(client: string, filter: string): Decision;
  /** May this message from `from` reach `to`? Asked once per publisher, topic and receiver, so it must be quick. */
  pass(from: string, topic: string, to: string): boolean;
}

/** A part of the same process that takes part in the traffic under a name of its own, by the same policy. */
export interface BrokerPort {
  readonly name: string;
  /** Resolves when the message is as safe as its QoS demands (for every persistent session that is owed it). */
  publish(message: {
    topic: string;
    payload: Buffer | string;
    qos?: QoS;
    retain?: boolean;
    properties?: MessageProperties;
  }): Promise<void>;
  /** Delivers matching messages in order. @returns a function that ends it; idempotent */
  subscribe(filter: string, listener: (message: PortMessage) => void): () => void;
  close(): void;
}

export interface PortMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
  /** Client id or port name of the publisher. */
  readonly from: string;
  /** A last will: the broker published it in the name of a client that is gone. */
  readonly will?: true;
}

/** What the broker tells about itself and its clients as it happens. */
export interface BrokerEvents {
  connected: [
    client: {
      readonly clientId: string;
      readonly peer: Peer;
      readonly protocolVersion: number;
      readonly clean: boolean;
    },
  ];
  disconnected: [client: { readonly clientId: string; readonly cause: string }];
  /** A connection that never became a client, or was closed for what it did; `cause` is one sentence. */
  refused: [attempt: { readonly clientId: string; readonly peer: Peer; readonly cause: string }];
  /** A message that found no receiver allowed to have it, or that the policy denied. */
  dropped: [drop: { readonly from: string; readonly topic: string; readonly cause: string }];
  /** Every message accepted; only emitted while there are listeners. */
  message: [
    message: {
      readonly from: string;
      readonly topic: string;
      readonly payload: Buffer;
      readonly qos: QoS;
      readonly receivers: number;
    },
  ];
}

export interface BrokerStatus {
  readonly clients: number;
  readonly sessions: number;
  readonly subscriptions: number;
  readonly retained: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** Messages accepted, delivered and dropped since start. */
  readonly accepted: number;
  readonly delivered: number;
  readonly dropped: number;
}

/** One session, connected or not. */
export interface ClientStatus {
  readonly clientId: string;
  readonly connected: boolean;
  /** Of its connection. */
  readonly address?: string;
  readonly protocolVersion?: number;
  /** Seconds that the session outlives its connection; 0: it ends with it. */
  readonly expiryInterval: number;
  readonly subscriptions: number;
  /** Messages that wait to be sent. */
  readonly queued: number;
  /** Messages sent and not acknowledged. */
  readonly inflight: number;
  /** Bytes of both, and of what its stream has not passed on. */
  readonly queuedBytes: number;
  /** Messages dropped because its queue was full. */
  readonly dropped: number;
}

/** What a listener needs of the broker. */
export interface StreamAcceptor {
  /** Takes over the stream; it ends when the client leaves or breaks the protocol. */
  accept(stream: Duplex, peer: Peer): void;
}
