import { documentOf, type ShadowDocument, type ShadowRecord, Tombstone } from './document.js';
import { noSuchShadow, ShadowError } from './errors.js';
import type { ShadowLimits } from './limits.js';
import { nameProblem, type ShadowId } from './names.js';
import type { ShadowOperation } from './topics.js';
import { applyUpdate } from './update.js';
import { clientTokenOf, parseUpdate, type StatePatch } from './validate.js';

/** A request as it came: for get and delete only the payload's client token matters. */
export interface ShadowRequest {
  readonly operation: ShadowOperation;
  readonly payload: Buffer;
}

/** What became of a request. `timestamp` in epoch seconds. */
export type Outcome = {
  readonly timestamp: number;
  readonly clientToken: string | undefined;
} & (
  | { readonly kind: 'got'; readonly document: ShadowDocument }
  | {
      readonly kind: 'updated';
      readonly state: StatePatch | null;
      readonly previous: ShadowDocument | undefined;
      readonly current: ShadowDocument;
    }
  | { readonly kind: 'deleted'; readonly previous: ShadowDocument }
  | { readonly kind: 'failed'; readonly error: ShadowError }
);

export interface Step {
  /** The shadow afterwards; the same object when nothing is to be stored. */
  readonly record: ShadowRecord;
  readonly outcome: Outcome;
}

/**
 * One request on one shadow, without side effects. What fails changes nothing, the version neither.
 * @param now milliseconds since the Unix epoch
 */
export function carryOut(
  id: ShadowId,
  record: ShadowRecord,
  request: ShadowRequest,
  now: number,
  limits: ShadowLimits,
): Step {
  const timestamp = Math.floor(now / 1000);
  if (request.operation === 'update') return update(id, record, request.payload, now, limits);
  const clientToken = clientTokenOf(request.payload, limits);
  const answer = { timestamp, clientToken };
  const document = documentOf(record);
  const error = nameProblem(id) ?? (document ? undefined : noSuchShadow(id.shadow));
  if (error !== undefined || document === undefined) {
    return { record, outcome: { ...answer, kind: 'failed', error: error ?? noSuchShadow(id.shadow) } };
  }
  if (request.operation === 'get') return { record, outcome: { ...answer, kind: 'got', document } };
  return {
    record: new Tombstone(document.version, now),
    outcome: { ...answer, kind: 'deleted', previous: document },
  };
}

function update(
  id: ShadowId,
  record: ShadowRecord,
  payload: Buffer,
  now: number,
  limits: ShadowLimits,
): Step {
  const timestamp = Math.floor(now / 1000);
  const parsed = parseUpdate(payload, limits);
  const { clientToken } = parsed;
  const failed = (error: ShadowError): Step => ({
    record,
    outcome: { timestamp, clientToken, kind: 'failed', error },
  });
  const problem = nameProblem(id);
  if (problem !== undefined) return failed(problem);
  if (parsed.request instanceof ShadowError) return failed(parsed.request);
  const current = applyUpdate(
    isForgotten(record, now, limits) ? undefined : record,
    parsed.request,
    timestamp,
    limits.documentBytes,
  );
  if (current instanceof ShadowError) return failed(current);
  const { state } = parsed.request;
  const previous = documentOf(record);
  return { record: current, outcome: { timestamp, clientToken, kind: 'updated', state, previous, current } };
}

/** A tombstone whose version no longer binds anybody. */
export function isForgotten(record: ShadowRecord, now: number, limits: ShadowLimits): boolean {
  return record instanceof Tombstone && record.deletedAt < now - limits.versionMemoryMs;
}
