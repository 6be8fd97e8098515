import type { Clock, JsonObject, Log } from '../../../hal/index.js';
import type { BrokerPort } from '../broker/contract.js';
import type { ShadowDocument } from './document.js';
import type { ShadowLimits } from './limits.js';
import type { UpdateAccepted } from './messages.js';
import type { ShadowId } from './names.js';
import type { SetAside, ShadowStore } from './store.js';

/** Records set aside that a status tells of. */
export const MAX_SET_ASIDE = 100;

export interface ShadowServiceOptions {
  /** Named `GGShadowService`. Stays open; whoever opened it closes it. */
  readonly port: BrokerPort;
  readonly store: ShadowStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<ShadowLimits>;
}

/** A change that is on disk, told in order for each shadow, after its messages were handed to the broker. */
export interface ShadowChange extends ShadowId {
  /** Undefined: the shadow did not exist before. */
  readonly previous: ShadowDocument | undefined;
  /** Undefined: it was deleted. */
  readonly current: ShadowDocument | undefined;
  /** Of `current`, or of the document that was deleted. */
  readonly version: number;
  /** Client id, or the name that a caller in this process gave. */
  readonly by: string;
}

export interface ShadowEvents {
  changed: [change: ShadowChange];
}

export interface AcceptedUpdate {
  /** Body of the accepted message. */
  readonly accepted: UpdateAccepted;
  readonly current: ShadowDocument;
  /** What `desired` asks for beyond `reported` now; undefined when nothing. */
  readonly delta: JsonObject | undefined;
}

export interface ShadowStatus {
  readonly running: boolean;
  /** Requests since start: carried out; refused for what they are; refused because there were too many. */
  readonly accepted: number;
  readonly rejected: number;
  readonly throttled: number;
  /** Unanswered now, the payload bytes that they hold, and the shadows that they concern. */
  readonly pendingRequests: number;
  readonly pendingBytes: number;
  readonly busyShadows: number;
  readonly cachedDocuments: number;
  readonly cachedBytes: number;
  /** Loads and saves that the store refused since start, and what it said last. */
  readonly storeFailures: number;
  readonly lastStoreFailure: string | undefined;
  /** Answers that the broker did not take, since start. */
  readonly unpublished: number;
  /** Records that could not be read; the last ones, at most {@link MAX_SET_ASIDE}. */
  readonly setAside: readonly SetAside[];
}
