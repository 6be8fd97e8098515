import { ShadowDocument, type Tombstone } from './document.js';

/** What a tombstone counts for. */
const TOMBSTONE_BYTES = 64;

/** The records used last, parsed; bounded by number and by the JSON text that they stand for. */
export class RecordCache {
  readonly #records = new Map<string, { record: ShadowDocument | Tombstone; bytes: number }>();
  #bytes = 0;

  constructor(
    private readonly maxRecords: number,
    private readonly maxBytes: number,
  ) {}

  get size(): number {
    return this.#records.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): ShadowDocument | Tombstone | undefined {
    return this.#records.get(key)?.record;
  }

  /** The record becomes the one used last; undefined forgets the key. */
  set(key: string, record: ShadowDocument | Tombstone | undefined): void {
    this.#drop(key);
    if (record === undefined) return;
    const bytes = sizeOf(record);
    this.#records.set(key, { record, bytes });
    this.#bytes += bytes;
    for (const [oldest] of this.#records) {
      if (this.#records.size <= this.maxRecords && this.#bytes <= this.maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const entry = this.#records.get(key);
    if (entry === undefined) return;
    this.#records.delete(key);
    this.#bytes -= entry.bytes;
  }
}

function sizeOf(record: ShadowDocument | Tombstone): number {
  return record instanceof ShadowDocument
    ? TOMBSTONE_BYTES + record.stateText.length + record.metadataText.length
    : TOMBSTONE_BYTES;
}
