/** Records as they lie on disk: JSON text, the version first so that it survives most damage. */
import { isUtf8 } from 'node:buffer';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../hal/index.js';
import { ShadowDocument, section, Tombstone } from './document.js';

export function documentRecord(document: ShadowDocument): string {
  const { version, stateText, metadataText } = document;
  return `{"version":${version},"state":${stateText},"metadata":${metadataText}}`;
}

export function tombstoneRecord(tombstone: Tombstone): string {
  return JSON.stringify({ version: tombstone.version, deletedAt: tombstone.deletedAt });
}

/** @returns the document, or in a sentence why it is none */
export function readDocument(bytes: Uint8Array): ShadowDocument | string {
  const body = readObject(bytes);
  if (typeof body === 'string') return body;
  const { version, state, metadata } = body;
  if (!isVersion(version)) return 'its version is no positive whole number';
  if (!isJsonObject(state)) return 'it has no state';
  if (!isJsonObject(metadata)) return 'it has no metadata';
  const parts = [state.desired, state.reported, metadata.desired, metadata.reported];
  if (parts.some((part) => part !== undefined && !isJsonObject(part))) return 'a section is no object';
  const [desired, reported, desiredMetadata, reportedMetadata] = parts as (JsonObject | undefined)[];
  return new ShadowDocument(version, section(desired, desiredMetadata), section(reported, reportedMetadata));
}

/** @returns the tombstone, or in a sentence why it is none */
export function readTombstone(bytes: Uint8Array): Tombstone | string {
  const body = readObject(bytes);
  if (typeof body === 'string') return body;
  if (!isVersion(body.version)) return 'its version is no positive whole number';
  if (typeof body.deletedAt !== 'number') return 'it has no time of deletion';
  return new Tombstone(body.version, body.deletedAt);
}

/** The version of a damaged record, when at least that can be read. */
export function versionIn(bytes: Uint8Array): number | undefined {
  const found = /^\{"version":([1-9]\d{0,15}),/.exec(Buffer.from(bytes).toString('latin1', 0, 64));
  const version = Number(found?.[1]);
  return isVersion(version) ? version : undefined;
}

function readObject(bytes: Uint8Array): JsonObject | string {
  if (!isUtf8(bytes)) return 'it is not UTF-8';
  let body: JsonValue;
  try {
    body = JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonValue;
  } catch {
    // where in the text it breaks helps nobody; the record itself is kept
    return 'it is not JSON';
  }
  return isJsonObject(body) ? body : 'it is no JSON object';
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
