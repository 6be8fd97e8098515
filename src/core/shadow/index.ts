/**
 * The local shadow service of the core: AWS IoT device shadows, kept on disk.
 *
 * Engine, without side effects: names, topics, validate, merge, delta, metadata, document, update, messages, engine.
 * Storage: store (contract), memory-store, durable-store, record. Service: admission, lanes, slices, cache, publisher,
 * service (contract: its types); rest is its HTTPS side, list its list of names, follow waits for `reported`.
 */
export type {
  AcceptedUpdate,
  ShadowChange,
  ShadowEvents,
  ShadowServiceOptions,
  ShadowStatus,
} from './contract.js';
export { type Difference, Section, type Sections, ShadowDocument, Tombstone } from './document.js';
export { durableShadows } from './durable-store.js';
export { type ProtocolCode, ShadowError, type ShadowErrorCode } from './errors.js';
export { untilReported } from './follow.js';
export { SHADOW_LIMITS, type ShadowLimits } from './limits.js';
export type { ListedNames, ListPage } from './list.js';
export { memoryShadows } from './memory-store.js';
export type { DeleteAccepted, GetAccepted, Rejected, UpdateAccepted } from './messages.js';
export { type ShadowId, shadowId } from './names.js';
export { isShadowPath, type ShadowRestAnswer, type ShadowRestRequest, shadowRest } from './rest.js';
export { ShadowService } from './service.js';
export type { Page, SetAside, ShadowStore } from './store.js';
export {
  answerTopic,
  parseRequestTopic,
  requestTopic,
  SHADOW_TOPICS,
  type ShadowAnswer,
  type ShadowOperation,
  shadowTopic,
} from './topics.js';
