import type { EventEmitter } from 'node:events';
import type { Clock } from '../../../hal/clock.js';
import type { Log } from '../../../hal/log.js';
import type { Connection } from './connection.js';
import type { BrokerEvents, BrokerPolicy } from './contract.js';
import type { Journal } from './journal.js';
import type { BrokerLimits } from './limits.js';
import type { Codec } from './packets/codec.js';
import type { Retained } from './retained.js';
import type { Router } from './router.js';
import type { SessionTable } from './session-table.js';

/** What the parts of one broker share. */
export interface BrokerState {
  readonly limits: BrokerLimits;
  readonly policy: BrokerPolicy;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventEmitter<BrokerEvents>;
  readonly codec: Codec;
  readonly journal: Journal;
  readonly router: Router;
  readonly retained: Retained;
  readonly sessions: SessionTable;
  readonly connections: Set<Connection>;
  readonly counters: Counters;
  /** Beats of one second since start: time for keep-alives, without asking a clock for every packet. */
  tick: number;
  /** The last message's place in the order of all. */
  sequence: number;
  /** Monotonic milliseconds. */
  monotonicMs(): number;
  /** Has the connection write what it gathered, at the end of this turn of the event loop. */
  flushLater(connection: Connection): void;
  /** A chunk was handled: writes at once when it was the first of this turn; later ones are written together. */
  flushFirst(): void;
}

export interface Counters {
  accepted: number;
  delivered: number;
  dropped: number;
  queuedMessages: number;
  queuedBytes: number;
}
