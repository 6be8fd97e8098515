/**
 * The one durable store: keys and values as bytes or text, sections apart from each other. Everything that must
 * survive kill −9 goes through {@link Store.write}: it resolves only when the operations are on disk, all or none of
 * them, and concurrent callers share one flush.
 */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array | string }
  | { readonly type: 'del'; readonly key: string };

export interface StoreRange {
  /** Inclusive. */
  readonly gte?: string;
  /** Exclusive. */
  readonly gt?: string;
  /** Exclusive. */
  readonly lt?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
}

export interface Store {
  /**
   * Applies the operations atomically and durably. Later calls are applied after earlier ones.
   * Rejects with STORE_WRITE when the disk refuses; nothing of the call was applied then.
   */
  write(operations: readonly StoreOperation[]): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Entries in key order (bytewise), from a snapshot taken at the first step. */
  entries(range?: StoreRange): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** A part of the store with keys of its own; name: [a-z0-9-]+. Its writes share the flush with all others. */
  section(name: string): Store;
}

/** A store that was opened and must be closed by whoever opened it. */
export interface OpenStore extends Store {
  /** Ends after the writes under way. Idempotent. */
  close(): Promise<void>;
}
