import type { ShadowRecord } from './document.js';
import type { ShadowId } from './names.js';

/** A record that could not be read and was put where nobody uses it. */
export interface SetAside extends ShadowId {
  readonly cause: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

export interface Page {
  /** Only what comes after it, in bytewise order. */
  readonly after?: string;
  readonly limit: number;
}

/**
 * Where shadows are kept. Callers take turns for one shadow (a load or save ends before the next begins); different
 * shadows may be loaded and saved at the same time, and their saves share a flush.
 */
export interface ShadowStore {
  /**
   * A record that cannot be read is set aside, told to `report`, and counts as deleted, or as never there when its
   * version is lost too. Rejects when the disk does.
   */
  load(id: ShadowId, report?: (record: SetAside) => void): Promise<ShadowRecord>;
  /**
   * Resolves when `next` is on disk in place of `previous`, which is what load or the last save gave. Rejects when the
   * disk refuses; `previous` stands then.
   */
  save(id: ShadowId, next: ShadowRecord, previous: ShadowRecord): Promise<void>;
  /** Names of a thing's named shadows, deleted ones not, in bytewise order. */
  names(thing: string, page: Page): Promise<string[]>;
  /** All shadows that exist, `after` being the `thing/shadow` key of the last one seen. */
  shadows(page: Page): Promise<ShadowId[]>;
  /** Deleted shadows whose version is still remembered; `deletedAt` in ms since the Unix epoch. */
  tombstones(): AsyncIterable<ShadowId & { readonly deletedAt: number }>;
  /** The records set aside so far, also before a restart; at most `limit` of them. */
  setAside(limit: number): Promise<SetAside[]>;
}
