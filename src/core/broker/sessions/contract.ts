/** What the broker asks to be remembered: sessions that outlive their connection, what they are owed, retained messages. */
import type { QoS } from '../contract.js';

/** Seconds that stand for "never expires" (3.1.2.11.2). */
export const NEVER_EXPIRES = 0xffff_ffff;

export interface StoredMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Wire form. */
  readonly properties: Buffer;
  /** Wall clock, ms since the epoch; undefined: never. */
  readonly expiresAt: number | undefined;
  readonly from: string;
}

export interface StoredWill extends StoredMessage {
  /** Seconds. */
  readonly delay: number;
  /** Seconds of its expiry, counted from when it is sent; undefined: none. */
  readonly expiry: number | undefined;
}

export interface SessionRecord {
  readonly clientId: string;
  /** Seconds; {@link NEVER_EXPIRES} or fewer, not 0. */
  readonly expiryInterval: number;
  /** Wall clock, ms; undefined while connected. */
  readonly disconnectedAt: number | undefined;
  /** Deliveries up to this sequence may have been sent, later ones not; undefined while connected: all may. */
  readonly sentThrough: number | undefined;
  /** Not sent yet; set while connected, and while its delay runs. */
  readonly will: StoredWill | undefined;
}

export interface StoredSubscription {
  /** As the client wrote it, `$share/…` included. */
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: number;
  readonly identifier: number | undefined;
}

export interface StoredDelivery {
  /** Rises with the order in which messages came; what a session is owed goes out in this order. */
  readonly sequence: number;
  readonly packetId: number;
  /** 1 or 2. */
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: readonly number[] | undefined;
  /** The receiver has it (PUBREC); only PUBREL and PUBCOMP are left. */
  readonly released: boolean;
  /** Undefined once released. */
  readonly message: StoredMessage | undefined;
}

export interface StoredSession {
  readonly record: SessionRecord;
  readonly subscriptions: readonly StoredSubscription[];
  /** In order of sequence. */
  readonly deliveries: readonly StoredDelivery[];
  /** Packet identifiers of QoS 2 messages received and not yet released by the client. */
  readonly received: readonly number[];
}

export interface StoredState {
  readonly sessions: readonly StoredSession[];
  readonly retained: readonly StoredMessage[];
  /** The highest sequence in use; 0 when none is. */
  readonly sequence: number;
}

export type SessionChange =
  | { readonly type: 'session'; readonly record: SessionRecord }
  /** Removes the session with all that belongs to it. */
  | { readonly type: 'session-end'; readonly clientId: string }
  | { readonly type: 'subscribe'; readonly clientId: string; readonly subscription: StoredSubscription }
  | { readonly type: 'unsubscribe'; readonly clientId: string; readonly filter: string }
  /** One message that these sessions are owed. */
  | {
      readonly type: 'message';
      readonly sequence: number;
      readonly message: StoredMessage;
      readonly receivers: readonly {
        readonly clientId: string;
        readonly packetId: number;
        readonly qos: QoS;
        readonly retain: boolean;
        readonly identifiers: readonly number[] | undefined;
      }[];
    }
  /** PUBREC came: the message is not needed any more, its packet identifier is. */
  | {
      readonly type: 'released';
      readonly clientId: string;
      readonly sequence: number;
      readonly packetId: number;
    }
  | { readonly type: 'done'; readonly clientId: string; readonly sequence: number; readonly packetId: number }
  | { readonly type: 'received'; readonly clientId: string; readonly packetId: number }
  | { readonly type: 'completed'; readonly clientId: string; readonly packetId: number }
  | { readonly type: 'retain'; readonly message: StoredMessage }
  | { readonly type: 'unretain'; readonly topic: string };

export interface SessionStore {
  /** All that was committed. Called once, before the first commit. */
  load(): Promise<StoredState>;
  /**
   * Applies the changes in order, all or none; resolves when they are safe. Later calls are applied after earlier
   * ones. Rejects when they could not be kept; nothing of the call was applied then. Changes to what does not exist
   * (any more) have no effect.
   */
  commit(changes: readonly SessionChange[]): Promise<void>;
}
