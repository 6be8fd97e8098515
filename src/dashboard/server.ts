import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TlsOptions } from 'node:tls';
import { CodedError, isJsonObject, type JsonObject, messageOf } from '../../hal/index.js';
import type { Service } from '../lifecycle.js';
import { isLoopback } from '../loopback.js';
import type { PartStatus } from '../status.js';
import { ACTIONS, wrong } from './actions.js';
import { Assets } from './assets.js';
import type { DashboardDeps, PageTls } from './contract.js';
import { Departures } from './departures.js';
import { DashboardError } from './errors.js';
import { Feed } from './feed.js';
import { Guard, type Refused, SESSION_COOKIE } from './guard.js';
import { History, isRange, RANGES } from './history.js';
import { type Sources, snapshot } from './snapshot.js';
import { Streams } from './streams.js';
import { carsTable, telemetryTable } from './tables.js';

/** Bytes of a request's body. A shadow has at most 30720. */
const BODY_LIMIT = 40 * 1024;
const CONNECTIONS = 256;
const CSV_ROWS = 100_000;
/** Things whose telemetry a page offers. */
const HISTORY_THINGS = 200;
const HISTORY_PATH = /^\/api\/history\/things\/([a-zA-Z0-9:_-]{1,128})(\.csv)?$/;

const HEADERS = {
  // everything from here, nothing inline, in nobody's frame
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Serves the live page: its files, one stream of events for each page, and what a page may ask for. */
export class DashboardServer implements Service {
  readonly name = 'dashboard';
  readonly #deps: Sources;
  readonly #assets = new Assets();
  readonly #streams: Streams;
  readonly #feed: Feed;
  readonly #history: History;
  #guard: Guard | undefined;
  #server: Server | undefined;
  #scheme: 'http' | 'https' = 'http';
  #unrenew: (() => void) | undefined;

  constructor(deps: DashboardDeps) {
    this.#deps = { ...deps, departures: new Departures(deps.core?.broker, deps.clock) };
    this.#streams = new Streams((on) => (on ? this.#feed.start() : this.#feed.stop()));
    this.#feed = new Feed(this.#deps, (event, data) => this.#streams.broadcast(event, data));
    this.#history = new History(deps);
  }

  /** The port that it listens on; known once started. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  /** What to open in a browser. */
  get url(): string {
    const { host } = this.#deps.settings;
    const shown =
      host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
    return `${this.#scheme}://${shown}:${this.port}`;
  }

  /** @throws {DashboardError} DASHBOARD_OPEN, DASHBOARD_LISTEN */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { settings, names, log } = this.#deps;
    const { host, port, token } = settings;
    const tls = this.#tls();
    this.#scheme = tls ? 'https' : 'http';
    const own = host === '0.0.0.0' || host === '::' ? [] : [host];
    const clients = tls && settings.clients && { things: settings.clients, peer: tls.peer };
    this.#guard = new Guard({
      token,
      scheme: this.#scheme,
      names: [...own, ...names],
      ...(clients && { clients }),
    });
    this.#deps.departures.start();
    await this.#assets.load();
    const serve: RequestListener = (request, response) => void this.#serve(request, response);
    const server = tls ? this.#secure(tls, serve) : createServer(serve);
    server.maxConnections = CONNECTIONS;
    server.headersTimeout = 10_000;
    server.requestTimeout = 10_000;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new DashboardError(
            'DASHBOARD_LISTEN',
            `dashboard: ${host}:${port} cannot be listened on: ${messageOf(error)}`,
            {
              cause: error,
            },
          ),
        ),
      );
      server.listen({ host, port }, () => resolve());
    });
    server.removeAllListeners('error');
    server.on('error', (error) =>
      log.warn({ err: error }, `the page's listener failed: ${messageOf(error)}`),
    );
    log.info({ url: this.url }, `the live page is at ${this.url}`);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#unrenew?.();
    this.#deps.departures.stop();
    this.#streams.close();
    this.#feed.stop();
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** What there is has changed as a whole: every page begins anew. */
  refresh(): void {
    if (this.#streams.size === 0) return;
    snapshot(this.#deps)
      .then((state) => this.#streams.broadcast('state', JSON.stringify(state)))
      .catch((error: unknown) =>
        this.#deps.log.warn(
          { err: error },
          `the page could not be told of the new group: ${messageOf(error)}`,
        ),
      );
  }

  status(): PartStatus {
    const { size, dropped, waiting } = this.#streams;
    return {
      name: this.name,
      kind: 'listener',
      state: 'ok',
      figures: { url: this.url, pages: size, dropped, waitingBytes: waiting },
    };
  }

  /** Undefined: plain HTTP, which is for loopback alone. @throws {DashboardError} DASHBOARD_OPEN */
  #tls(): PageTls | undefined {
    const { settings, tls } = this.#deps;
    const { host, token, clients = [] } = settings;
    const beyond = !isLoopback(host);
    if (!beyond && clients.length === 0) return undefined;
    if (tls !== undefined && (token !== undefined || clients.length > 0)) return tls;
    const what = beyond ? `dashboard.host ${host} is beyond loopback, and that` : 'dashboard.clients';
    const missing =
      tls === undefined
        ? 'a certificate: run a core on this machine'
        : 'a token or client certificates: set dashboard.token, GREENLIGHT_DASHBOARD_TOKEN or dashboard.clients';
    throw new DashboardError('DASHBOARD_OPEN', `${what} needs ${missing}`);
  }

  #secure(tls: PageTls, serve: RequestListener): TlsServer {
    const options = (): TlsOptions => ({
      ...tls.credentials(),
      minVersion: 'TLSv1.2',
      // a browser asks its user for a certificate only where one opens the page; it is judged request by request
      requestCert: this.#deps.settings.clients !== undefined,
      rejectUnauthorized: false,
    });
    const server = createTlsServer(options(), serve);
    // those that are connected stay
    this.#unrenew = tls.onRenewed(() => server.setSecureContext(options()));
    return server;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const path = (request.url ?? '/').split('?', 1)[0]!;
    try {
      const guard = this.#guard!;
      const refused =
        guard.site(request) ??
        (path.startsWith('/api/') && path !== '/api/session' ? guard.visitor(request) : undefined);
      if (refused) refuse(request, response, refused);
      else if (request.method === 'POST') await this.#post(path, request, response);
      else if (request.method === 'GET' || request.method === 'HEAD')
        await this.#get(path, request, response);
      else reply(response, 405, { message: `${request.method} is not known here` });
    } catch (error) {
      this.#failed(path, error, request, response);
    }
  }

  async #get(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/api/events') return this.#stream(response);
    if (path === '/api/state') return reply(response, 200, await snapshot(this.#deps));
    if (path.startsWith('/api/history/')) return this.#past(path, request, response);
    if (path === '/api/cars.csv') {
      const { rows } = await this.#deps.cars(CSV_ROWS);
      return this.#table(carsTable(rows), 'CarStats', response);
    }
    if (!this.#assets.serve(path, request, response))
      reply(response, 404, { message: `there is no ${path.slice(0, 100)}` });
  }

  async #stream(response: ServerResponse): Promise<void> {
    if (!this.#streams.add(response)) {
      reply(response, 503, { message: 'too many pages are open' });
      return;
    }
    this.#streams.begin(response, 'state', JSON.stringify(await snapshot(this.#deps)));
  }

  /** `/api/history/cars`, `/api/history/things`, `/api/history/things/NAME` and `….csv`, with `?range=`. */
  async #past(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { telemetry, clock } = this.#deps;
    const asked = new URLSearchParams(request.url?.split('?', 2)[1]).get('range') ?? '1h';
    if (!isRange(asked)) throw wrong(`range is one of ${Object.keys(RANGES).join(', ')}`);
    if (path === '/api/history/cars') return reply(response, 200, await this.#history.cars(asked));
    if (path === '/api/history/things')
      return reply(response, 200, { things: (await telemetry.things()).slice(0, HISTORY_THINGS) });
    const [, name, csv] = HISTORY_PATH.exec(path) ?? [];
    if (name === undefined) return reply(response, 404, { message: 'there is no such history' });
    if (csv === undefined) return reply(response, 200, await this.#history.telemetry(name, asked));
    const since = clock.now() - RANGES[asked];
    await this.#table(telemetryTable(telemetry, { thing: name, since }), name, response);
  }

  async #table(table: Readable, name: string, response: ServerResponse): Promise<void> {
    response.writeHead(200, {
      'content-type': 'text/csv; charset=utf-8',
      'cache-control': 'no-store',
      'content-disposition': `attachment; filename="${name.replaceAll(':', '_')}.csv"`,
    });
    try {
      await pipeline(table, response);
    } catch (error) {
      // whoever took it went away: no fault of ours
      if ((error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE') return;
      this.#deps.log.error({ err: error }, `the table ${name} broke off: ${messageOf(error)}`);
      response.destroy();
    }
  }

  async #post(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    // a form of another site cannot send this type without being asked first (CORS)
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
      return refuse(request, response, { status: 415, message: 'the body must be application/json' });
    }
    const action = Object.hasOwn(ACTIONS, path) ? ACTIONS[path] : undefined;
    if (action === undefined && path !== '/api/session')
      return refuse(request, response, { status: 404, message: 'there is no such action' });
    const body = await readBody(request);
    if (body === undefined)
      return refuse(request, response, {
        status: 413,
        message: `the body has more than ${BODY_LIMIT} bytes`,
      });
    if (action) reply(response, 200, await action(this.#deps, body));
    else this.#session(body, response);
  }

  /** A cookie that scripts cannot read, so that the event stream can be opened with it. */
  #session({ token }: JsonObject, response: ServerResponse): void {
    if (typeof token !== 'string' || !this.#guard!.isToken(token)) {
      reply(response, 401, { message: 'this is not the token' });
      return;
    }
    const secure = this.#scheme === 'https' ? '; Secure' : '';
    response.setHeader(
      'set-cookie',
      `${SESSION_COOKIE}=${encodeURIComponent(token)}; Path=/; HttpOnly; SameSite=Strict${secure}`,
    );
    reply(response, 200, {});
  }

  #failed(path: string, error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const coded = error instanceof CodedError;
    if (!coded && !request.destroyed) {
      this.#deps.log.error({ path, err: error }, `a request of the page failed: ${messageOf(error)}`);
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const status = !coded ? 500 : error.code === 'DASHBOARD_LOCKED' ? 403 : 400;
    reply(response, status, {
      code: coded ? error.code : undefined,
      message: coded ? error.message : 'it failed; the log says why',
    });
  }
}

/** @returns undefined when it is too long */
async function readBody(request: IncomingMessage): Promise<JsonObject | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) return undefined;
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new DashboardError('DASHBOARD_REQUEST', 'the body is not JSON', { cause: error });
  }
  if (!isJsonObject(body)) throw wrong('the body must be an object');
  return body;
}

/** The rest of the request is not read: the connection ends. */
function refuse(
  _request: IncomingMessage,
  response: ServerResponse,
  refused: Refused | { status: number; message: string },
): void {
  response.setHeader('connection', 'close');
  reply(response, refused.status, { message: refused.message });
}

function reply(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
}
