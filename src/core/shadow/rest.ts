import { ShadowError } from './errors.js';
import { SHADOW_LIMITS } from './limits.js';
import { rejected } from './messages.js';
import type { ShadowService } from './service.js';
import { clientTokenOf } from './validate.js';

export interface ShadowRestRequest {
  /** The thing whose certificate the connection showed. */
  readonly thing: string;
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Empty where there is none. The server bounds it. */
  readonly body: Buffer;
}

export interface ShadowRestAnswer {
  readonly status: number;
  /** To be sent as JSON. */
  readonly body: object;
}

const SHADOW_PATH = /^\/things\/([^/]+)\/shadow$/;
const LIST_PATH = /^\/api\/things\/shadow\/ListNamedShadowsForThing\/([^/]+)$/;

/** Is the path one of the shadow service's, so that {@link shadowRest} should answer it? */
export function isShadowPath(path: string): boolean {
  return SHADOW_PATH.test(path) || LIST_PATH.test(path);
}

/**
 * The HTTPS side of the shadows (AWS IoT developer guide, "Device Shadow REST API"): `GET|POST|DELETE
 * /things/{thing}/shadow?name=` and `GET /api/things/shadow/ListNamedShadowsForThing/{thing}`. A thing reaches its own
 * shadows only. Errors are bodies with `code` and `message`; it never rejects.
 */
export function shadowRest(
  service: ShadowService,
): (request: ShadowRestRequest) => Promise<ShadowRestAnswer> {
  return async (request) => {
    try {
      return { status: 200, body: await answer(service, request) };
    } catch (error) {
      const known = error instanceof ShadowError ? error : undefined;
      const failure =
        known ?? new ShadowError('SHADOW_INTERNAL', 'Internal service failure', { cause: error });
      const clientToken = clientTokenOf(request.body, SHADOW_LIMITS);
      return { status: failure.protocolCode, body: rejected(failure, service.timestamp(), clientToken) };
    }
  };
}

function answer(service: ShadowService, request: ShadowRestRequest): Promise<object> {
  const listed = LIST_PATH.exec(request.path);
  if (listed !== null) {
    const thing = ownThing(listed[1], request.thing);
    if (request.method !== 'GET') throw methodNotAllowed(request.method);
    return service.list(thing, pageOf(request.query));
  }
  const found = SHADOW_PATH.exec(request.path);
  if (found === null) throw new ShadowError('SHADOW_NOT_FOUND', `No such resource: ${request.path}`);
  const thing = ownThing(found[1], request.thing);
  const shadow = request.query.get('name') ?? undefined;
  switch (request.method) {
    case 'GET':
      return service.get(thing, shadow);
    case 'POST':
      return service.update(thing, shadow, request.body, request.thing).then(({ accepted }) => accepted);
    case 'DELETE':
      return service.delete(thing, shadow, request.thing);
    default:
      throw methodNotAllowed(request.method);
  }
}

function ownThing(encoded: string | undefined, authenticated: string): string {
  if (decode(encoded ?? '') !== authenticated) throw new ShadowError('SHADOW_FORBIDDEN', 'Forbidden');
  return authenticated;
}

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // broken percent-encoding names no thing
    return undefined;
  }
}

function pageOf(query: URLSearchParams): { pageSize?: number; nextToken?: string } {
  const size = query.get('pageSize');
  const token = query.get('nextToken');
  return {
    ...(size !== null && { pageSize: /^\d{1,9}$/.test(size) ? Number(size) : Number.NaN }),
    ...(token !== null && { nextToken: token }),
  };
}

function methodNotAllowed(method: string): ShadowError {
  return new ShadowError('SHADOW_METHOD_NOT_ALLOWED', `Method not allowed: ${method}`);
}
