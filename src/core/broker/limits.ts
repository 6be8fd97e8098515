import type { QoS } from './contract.js';

/** What one broker takes on. Where MQTT 5 has a property for a limit it is announced in CONNACK. */
export interface BrokerLimits {
  /** Highest QoS offered. */
  readonly maximumQoS: QoS;
  /** Bytes of one packet from a client, header included; 1..268435460. */
  readonly maximumPacketSize: number;
  /** Bytes of one message's payload. */
  readonly maximumPayload: number;
  /** QoS 1 and 2 messages that a client may have unacknowledged; 1..65535. */
  readonly receiveMaximum: number;
  /** QoS 1 and 2 messages unacknowledged towards one client, if it does not ask for fewer; 1..65535. */
  readonly maximumInflight: number;
  /** Topic aliases per connection, in each direction; 0 turns them off. */
  readonly topicAliasMaximum: number;
  /** Seconds; an MQTT 5 client that asks for more (or for none) is told this one. 0: as the client wishes. */
  readonly maximumKeepAlive: number;
  /** Seconds that a session outlives its connection at most; also what a 3.1.1 client with CleanSession 0 gets. */
  readonly maximumSessionExpiry: number;
  /** Seconds from the stream's arrival to a complete CONNECT. */
  readonly connectTimeout: number;
  readonly maximumConnections: number;
  /** Sessions, connected or not. */
  readonly maximumSessions: number;
  readonly maximumClientIdBytes: number;
  readonly maximumSubscriptions: number;
  readonly maximumFiltersPerSubscribe: number;
  readonly maximumTopicBytes: number;
  /** Levels of a topic or filter: slashes + 1. */
  readonly maximumTopicLevels: number;
  readonly maximumRetained: number;
  readonly maximumRetainedBytes: number;
  /** Messages that one session keeps, sent and unsent. */
  readonly maximumQueued: number;
  /** Bytes that one session keeps, sent and unsent. */
  readonly maximumQueuedBytes: number;
  /** Bytes that all sessions keep together. */
  readonly maximumTotalQueuedBytes: number;
  /** Bytes handed to a stream that it has not passed on, before its client counts as slow. */
  readonly maximumBuffered: number;
}

const DAY = 86_400;
const MIB = 1_048_576;

export const DEFAULT_LIMITS: BrokerLimits = {
  maximumQoS: 2,
  maximumPacketSize: MIB,
  maximumPayload: MIB,
  receiveMaximum: 256,
  maximumInflight: 512,
  topicAliasMaximum: 32,
  maximumKeepAlive: 1_200,
  maximumSessionExpiry: 30 * DAY,
  connectTimeout: 10,
  maximumConnections: 10_000,
  maximumSessions: 10_000,
  maximumClientIdBytes: 1_024,
  maximumSubscriptions: 1_000,
  maximumFiltersPerSubscribe: 1_000,
  maximumTopicBytes: 65_535,
  maximumTopicLevels: 128,
  maximumRetained: 10_000,
  maximumRetainedBytes: 64 * MIB,
  maximumQueued: 10_000,
  maximumQueuedBytes: 8 * MIB,
  maximumTotalQueuedBytes: 64 * MIB,
  maximumBuffered: 65_536,
};

/** The limits of AWS IoT Core ("AWS IoT Core message broker and protocol limits and quotas"). */
export const AWS_IOT_LIMITS: Partial<BrokerLimits> = {
  maximumQoS: 1,
  maximumPacketSize: 146 * 1_024,
  maximumPayload: 128 * 1_024,
  receiveMaximum: 100,
  maximumInflight: 100,
  topicAliasMaximum: 8,
  maximumKeepAlive: 1_200,
  maximumSessionExpiry: 7 * DAY,
  maximumClientIdBytes: 128,
  maximumSubscriptions: 50,
  maximumFiltersPerSubscribe: 8,
  maximumTopicBytes: 256,
  maximumTopicLevels: 8,
};
