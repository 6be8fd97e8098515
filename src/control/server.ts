import { chmod, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { CodedError, isJsonObject, type JsonObject, type Log, messageOf } from '../../hal/index.js';
import type { Service } from '../lifecycle.js';

export interface ControlRequest {
  /** What `:name` in the route's path stood for, and the query. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly body: JsonObject;
  /** Aborted when the caller went away. */
  readonly signal: AbortSignal;
}

/** Answers with JSON, or with a stream of JSON lines. */
export type ControlHandler = (request: ControlRequest) => Promise<unknown> | AsyncIterable<unknown>;

/** `METHOD /path/:name` → handler. */
export type ControlRoutes = Readonly<Record<string, ControlHandler>>;

/** Bytes of a request at most: a group definition with ten thousand rows fits. */
const BODY_LIMIT = 4 * 1024 * 1024;

/**
 * The running instance's ear: HTTP on a unix socket, for the owner of the process (and its group, where the folder lets
 * the group in). Nothing of it is reachable from the network.
 */
export class ControlServer implements Service {
  readonly name = 'control';
  #server: Server | undefined;

  constructor(
    private readonly socket: string,
    private readonly routes: ControlRoutes,
    private readonly log: Log,
  ) {}

  /** The caller holds the state folder's lock, so a socket file that is left over belongs to nobody. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await rm(this.socket, { force: true });
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.socket, () => resolve());
    });
    await chmod(this.socket, (await isForGroup(dirname(this.socket))) ? 0o660 : 0o600);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://control');
    const found = this.#find(request.method ?? 'GET', url.pathname);
    try {
      if (found === undefined) {
        send(response, 404, {
          code: 'CONTROL_REFUSED',
          message: `this instance has no ${request.method} ${url.pathname}; is it an older version?`,
        });
        return;
      }
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const answer = found.handler({
        parameters: { ...Object.fromEntries(url.searchParams), ...found.parameters },
        body: await readBody(request),
        signal: gone.signal,
      });
      if (Symbol.asyncIterator in answer) await this.#stream(answer, response);
      else send(response, 200, (await answer) ?? {});
    } catch (error) {
      const coded = error instanceof CodedError;
      if (!coded)
        this.log.error(
          { path: url.pathname, error: messageOf(error) },
          `control request failed: ${messageOf(error)}`,
        );
      send(response, coded ? 400 : 500, {
        code: coded ? error.code : 'CONTROL_REFUSED',
        message: messageOf(error),
      });
    }
  }

  async #stream(lines: AsyncIterable<unknown>, response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    for await (const line of lines) {
      if (response.destroyed) return;
      const room = response.write(`${JSON.stringify(line)}\n`);
      if (!room) await new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
    }
    response.end();
  }

  #find(
    method: string,
    path: string,
  ): { handler: ControlHandler; parameters: Record<string, string> } | undefined {
    for (const [route, handler] of Object.entries(this.routes)) {
      const [wanted, pattern] = route.split(' ') as [string, string];
      const parameters = wanted === method ? parametersOf(pattern, path) : undefined;
      if (parameters) return { handler, parameters };
    }
    return undefined;
  }
}

/** A folder that lets its group in and nobody else, as the unit's (0750) does, is meant for that group. */
async function isForGroup(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  return (mode & 0o050) === 0o050 && (mode & 0o007) === 0;
}

function parametersOf(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    if (part.startsWith(':')) parameters[part.slice(1)] = decodeURIComponent(given[i]!);
    else if (part !== given[i]) return undefined;
  }
  return parameters;
}

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new RangeError(`the request is longer than ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return {};
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  return isJsonObject(body) ? body : {};
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) {
    // a stream that broke off: the reader sees an end without the last line
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
