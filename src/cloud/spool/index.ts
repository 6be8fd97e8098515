/** A durable queue in front of everything that leaves the site. entry: its form in the store; queue: the entries; spool: sending them. */
export type { Outgoing, SpoolEntry } from './entry.js';
export type { Reservation } from './queue.js';
export { SPOOL_LIMITS, Spool, type SpoolLimits, type SpoolOptions, type SpoolStatus } from './spool.js';
