import { isUtf8 } from 'node:buffer';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../hal/index.js';
import { badRequest, notUtf8, ShadowError, tooLarge } from './errors.js';
import type { ShadowLimits } from './limits.js';

/** `null`: the section, or with `state` both, is to go. */
export interface StatePatch {
  readonly desired?: JsonObject | null;
  readonly reported?: JsonObject | null;
}

export interface UpdateRequest {
  readonly state: StatePatch | null;
  /** The version that the sender believes current; undefined: it does not mind. */
  readonly version: number | undefined;
}

export interface ParsedUpdate {
  /** As far as the request has one; echoed whatever becomes of it. */
  readonly clientToken: string | undefined;
  readonly request: UpdateRequest | ShadowError;
}

/** Bytes of UTF-8. AWS IoT developer guide, "Device Shadow error messages", Invalid clientToken. */
const CLIENT_TOKEN_MAX = 64;

type RequestLimits = Pick<ShadowLimits, 'payloadBytes' | 'depth'>;

/** Reads an update as AWS IoT does; the texts are those of its error table. Unknown top-level members are ignored. */
export function parseUpdate(payload: Buffer, limits: RequestLimits): ParsedUpdate {
  const body = parseBody(payload, limits.payloadBytes);
  if (body instanceof ShadowError) return { clientToken: undefined, request: body };
  const clientToken = tokenIn(body);
  return { clientToken, request: checkUpdate(body, clientToken, limits.depth) };
}

/**
 * The token of a request whose payload is otherwise ignored (get, delete) or not looked at (too many requests);
 * undefined when there is none that may be echoed.
 */
export function clientTokenOf(
  payload: Buffer,
  limits: Pick<ShadowLimits, 'payloadBytes'>,
): string | undefined {
  if (payload.length === 0) return undefined;
  const body = parseBody(payload, limits.payloadBytes);
  return body instanceof ShadowError ? undefined : tokenIn(body);
}

function parseBody(payload: Buffer, maxBytes: number): JsonValue | ShadowError {
  if (payload.length === 0) return badRequest('Missing update payload');
  if (payload.length > maxBytes) return tooLarge();
  if (!isUtf8(payload)) return notUtf8();
  try {
    return JSON.parse(payload.toString('utf8')) as JsonValue;
  } catch {
    // the parser's words differ between engines; the protocol has its own
    return badRequest('Invalid JSON');
  }
}

function tokenIn(body: JsonValue): string | undefined {
  if (!isJsonObject(body) || typeof body.clientToken !== 'string') return undefined;
  return isTooLong(body.clientToken) ? undefined : body.clientToken;
}

function isTooLong(token: string): boolean {
  return token.length > CLIENT_TOKEN_MAX || Buffer.byteLength(token) > CLIENT_TOKEN_MAX;
}

function checkUpdate(
  body: JsonValue,
  clientToken: string | undefined,
  maxDepth: number,
): UpdateRequest | ShadowError {
  if (!isJsonObject(body)) return badRequest('Invalid JSON');
  const { state, version } = body;
  if (state === undefined) return badRequest('Missing required node: state');
  if (body.clientToken !== undefined && clientToken === undefined) return badRequest('Invalid clientToken');
  if (version !== undefined && !(Number.isSafeInteger(version) && (version as number) >= 0)) {
    return badRequest('Invalid version');
  }
  const patch = checkState(state, maxDepth);
  return patch instanceof ShadowError ? patch : { state: patch, version: version as number | undefined };
}

function checkState(state: JsonValue, maxDepth: number): StatePatch | null | ShadowError {
  if (state === null) return null;
  if (!isJsonObject(state)) return badRequest('State node must be an object');
  for (const key of Object.keys(state)) {
    // `delta` comes from clients that send back what a get gave them
    if (key !== 'desired' && key !== 'reported' && key !== 'delta') {
      return badRequest('State contains an invalid node');
    }
  }
  const desired = checkSection(state.desired, 'Desired node must be an object', maxDepth);
  if (desired instanceof ShadowError) return desired;
  const reported = checkSection(state.reported, 'Reported node must be an object', maxDepth);
  if (reported instanceof ShadowError) return reported;
  return { ...(desired !== undefined && { desired }), ...(reported !== undefined && { reported }) };
}

function checkSection(
  section: JsonValue | undefined,
  problem: string,
  maxDepth: number,
): JsonObject | null | undefined | ShadowError {
  if (section === undefined || section === null) return section;
  if (!isJsonObject(section)) return badRequest(problem);
  return checkNode(section, 0, maxDepth) ?? section;
}

/**
 * Depth, arrays without `null`, numbers that JSON can give back. A container that holds something is a level, the
 * section itself the first; empty ones and scalars are none.
 */
function checkNode(node: JsonValue, level: number, maxDepth: number): ShadowError | undefined {
  if (typeof node === 'number') {
    // 1e999 reads as Infinity, which would be stored as null
    return Number.isFinite(node) ? undefined : badRequest('Invalid JSON');
  }
  if (typeof node !== 'object' || node === null) return undefined;
  const children: readonly JsonValue[] = Array.isArray(node) ? node : Object.values(node as JsonObject);
  if (children.length === 0) return undefined;
  if (level + 1 > maxDepth) {
    return badRequest(`JSON contains too many levels of nesting; maximum is ${maxDepth}`);
  }
  for (const child of children) {
    if (child === null) {
      // "Arrays can't have null values" (AWS IoT developer guide, "Device Shadow service documents")
      if (Array.isArray(node)) return badRequest('State contains an invalid node');
      continue;
    }
    const problem = checkNode(child, level + 1, maxDepth);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
