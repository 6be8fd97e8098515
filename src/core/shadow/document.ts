import type { JsonObject } from '../../../hal/index.js';
import { delta } from './delta.js';
import { isEmpty } from './json.js';
import { deltaMetadata } from './metadata.js';

/** `desired` or `reported` of one version. Never changes, so versions share it and its text is made once. */
export class Section {
  #text: string | undefined;
  #metadataText: string | undefined;
  #bytes: number | undefined;

  constructor(
    /** Not empty. */
    readonly value: JsonObject,
    readonly metadata: JsonObject,
  ) {}

  get text(): string {
    this.#text ??= JSON.stringify(this.value);
    return this.#text;
  }

  get metadataText(): string {
    this.#metadataText ??= JSON.stringify(this.metadata);
    return this.#metadataText;
  }

  /** Of the value as compact UTF-8 JSON. */
  get bytes(): number {
    this.#bytes ??= Buffer.byteLength(this.text);
    return this.#bytes;
  }
}

/** The two sections side by side, absent ones absent: `state` or `metadata` as messages carry them. */
export interface Sections {
  readonly desired?: JsonObject;
  readonly reported?: JsonObject;
}

export interface Difference {
  readonly state: JsonObject;
  readonly metadata: JsonObject;
  readonly stateText: string;
  readonly metadataText: string;
}

/** One version of a shadow. Never changes. */
export class ShadowDocument {
  #stateText: string | undefined;
  #metadataText: string | undefined;
  #difference: Difference | undefined | 'unknown' = 'unknown';

  constructor(
    readonly version: number,
    readonly desired: Section | undefined,
    readonly reported: Section | undefined,
  ) {}

  get state(): Sections {
    return sections(this.desired?.value, this.reported?.value);
  }

  get metadata(): Sections {
    return sections(filled(this.desired?.metadata), filled(this.reported?.metadata));
  }

  get stateText(): string {
    this.#stateText ??= sectionsText(this.desired?.text, this.reported?.text);
    return this.#stateText;
  }

  get metadataText(): string {
    this.#metadataText ??= sectionsText(metadataTextOf(this.desired), metadataTextOf(this.reported));
    return this.#metadataText;
  }

  /** What the size limit counts. */
  get bytes(): number {
    return (this.desired?.bytes ?? 0) + (this.reported?.bytes ?? 0);
  }

  /** What `desired` asks for beyond `reported`; undefined when nothing. */
  get difference(): Difference | undefined {
    if (this.#difference === 'unknown') this.#difference = this.#compare();
    return this.#difference;
  }

  #compare(): Difference | undefined {
    const state = delta(this.desired?.value, this.reported?.value);
    if (state === undefined) return undefined;
    const metadata = deltaMetadata(state, this.desired?.metadata);
    return { state, metadata, stateText: JSON.stringify(state), metadataText: JSON.stringify(metadata) };
  }
}

/** What remains of a deleted shadow, so that versions go on rising when it is made anew. */
export class Tombstone {
  constructor(
    /** Of the document that was deleted. */
    readonly version: number,
    /** Milliseconds since the Unix epoch. */
    readonly deletedAt: number,
  ) {}
}

/** What there is of a shadow; undefined: it never was, or was forgotten. */
export type ShadowRecord = ShadowDocument | Tombstone | undefined;

export function documentOf(record: ShadowRecord): ShadowDocument | undefined {
  return record instanceof ShadowDocument ? record : undefined;
}

/** A section that holds nothing is no section. */
export function section(
  value: JsonObject | undefined,
  metadata: JsonObject | undefined,
): Section | undefined {
  return value === undefined || isEmpty(value) ? undefined : new Section(value, metadata ?? {});
}

function sections(desired: JsonObject | undefined, reported: JsonObject | undefined): Sections {
  return { ...(desired && { desired }), ...(reported && { reported }) };
}

function filled(object: JsonObject | undefined): JsonObject | undefined {
  return object === undefined || isEmpty(object) ? undefined : object;
}

function metadataTextOf(part: Section | undefined): string | undefined {
  return filled(part?.metadata) && part?.metadataText;
}

function sectionsText(desired: string | undefined, reported: string | undefined): string {
  if (desired === undefined) return reported === undefined ? '{}' : `{"reported":${reported}}`;
  return reported === undefined ? `{"desired":${desired}}` : `{"desired":${desired},"reported":${reported}}`;
}
