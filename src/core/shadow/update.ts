import type { JsonObject } from '../../../hal/index.js';
import {
  documentOf,
  type Section,
  ShadowDocument,
  type ShadowRecord,
  section,
  Tombstone,
} from './document.js';
import { badRequest, type ShadowError, tooLarge, versionConflict } from './errors.js';
import { merge } from './merge.js';
import type { UpdateRequest } from './validate.js';

/**
 * The next version of a shadow, or why there is none. Checks the version, merges, then checks the size of the result.
 * @param timestamp epoch seconds, for the metadata
 * @param maxBytes of the merged `desired` and `reported` together
 */
export function applyUpdate(
  current: ShadowRecord,
  request: UpdateRequest,
  timestamp: number,
  maxBytes: number,
): ShadowDocument | ShadowError {
  const problem = checkVersion(current, request.version);
  if (problem !== undefined) return problem;
  const document = documentOf(current);
  const { state } = request;
  const next = new ShadowDocument(
    (current?.version ?? 0) + 1,
    state === null ? undefined : apply(document?.desired, state.desired, timestamp),
    state === null ? undefined : apply(document?.reported, state.reported, timestamp),
  );
  return next.bytes > maxBytes ? tooLarge() : next;
}

/**
 * An existing shadow must be at that version. One that does not exist takes 1, as in AWS's shadow manager; one that was
 * deleted also takes the version it was deleted at, which is what its clients saw last and some of them send.
 */
function checkVersion(current: ShadowRecord, version: number | undefined): ShadowError | undefined {
  if (version === undefined) return undefined;
  if (documentOf(current)) return version === current?.version ? undefined : versionConflict();
  if (version === 1) return undefined;
  return current instanceof Tombstone && version === current.version
    ? undefined
    : badRequest('Invalid version');
}

function apply(
  current: Section | undefined,
  patch: JsonObject | null | undefined,
  timestamp: number,
): Section | undefined {
  if (patch === undefined) return current;
  if (patch === null || Object.keys(patch).length === 0) return undefined;
  const merged = merge(current, patch, timestamp);
  return section(merged.value, merged.metadata);
}
