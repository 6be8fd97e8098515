import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** What a handler answers. */
export interface Reply {
  readonly status: number;
  /** Sent as JSON; a Buffer as it is; undefined: an empty body. */
  readonly body: unknown;
}

/** The bodies are those of AWS IoT Greengrass, so that its SDKs raise the errors that they have for them. */
export const INVALID: Reply = {
  status: 400,
  body: { errorMessage: 'Invalid input detected for this request' },
};
export const UNAUTHORIZED: Reply = { status: 401, body: { errorMessage: 'Unauthorized request' } };
export const NO_GROUP: Reply = {
  status: 404,
  body: { errorMessage: 'The thing provided for discovery was not found' },
};
export const NO_PATH: Reply = { status: 404, body: { errorMessage: 'There is nothing at this path' } };
export const TOO_LARGE: Reply = { status: 413, body: { errorMessage: 'The request is too large' } };
export const BUSY: Reply = { status: 429, body: { errorMessage: 'Too many requests' } };
export const FAILED: Reply = { status: 500, body: { errorMessage: 'Internal error' } };

export function forbidden(): Reply {
  return { status: 403, body: { message: null, traceId: randomUUID() } };
}

/**
 * The Python SDK reads the answer with a regular expression: the header is `content-length: N` in lower case, and the
 * body is not chunked. Header names are therefore written here, not left to Node.
 */
export function send(response: ServerResponse, reply: Reply, close: boolean): void {
  const { status, body } = reply;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body));
  response.writeHead(status, [
    'content-type',
    Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json',
    'content-length',
    String(bytes.length),
    'x-amzn-RequestId',
    randomUUID(),
    ...(close ? ['connection', 'close'] : []),
  ]);
  response.end(bytes);
}
