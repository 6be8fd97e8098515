/** The message manager: what other parts import. */
export { Broker, type BrokerOptions } from './broker.js';
export * from './contract.js';
export { BrokerError, type BrokerErrorCode } from './errors.js';
export { AWS_IOT_LIMITS, type BrokerLimits, DEFAULT_LIMITS } from './limits.js';
export type { SessionStore } from './sessions/contract.js';
export { durableSessions } from './sessions/durable.js';
export { memorySessions } from './sessions/memory.js';
export { isTopicFilter, isTopicName } from './topics.js';
