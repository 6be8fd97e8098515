/** The little of HTTP that the functions' API needs. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonValue } from '../../../../hal/index.js';

/** An answer that is no success; the body says why. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** @throws {Refused} 413 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new Refused(413, `the body has more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** @throws {Refused} 400 */
export function readJson(body: Buffer): JsonValue {
  try {
    return JSON.parse(body.toString('utf8')) as JsonValue;
  } catch {
    // whoever sent it is told
    throw new Refused(400, 'the body, or the client context, is not JSON');
  }
}

/** The first value of a header, or the empty text. */
export function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

export function answer(
  response: ServerResponse,
  status: number,
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = {},
): void {
  // whoever asked may have left meanwhile
  if (response.destroyed || response.headersSent) return;
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': length, ...headers });
  response.end(body);
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  answer(response, status, JSON.stringify(body));
}
