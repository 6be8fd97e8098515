import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type Clock, type Log, messageOf } from '../../../hal/index.js';
import type { Service } from '../../lifecycle.js';
import {
  authenticate,
  type GroupCa,
  memberTlsOptions,
  type ServerCertificate,
  type ThingRegistry,
  thingNameProblem,
} from '../identity/index.js';
import { readBody } from './body.js';
import { type Connectivity, discoveryDocument } from './document.js';
import { DiscoveryError } from './errors.js';
import { LimitedLog } from './limited-log.js';
import {
  BUSY,
  FAILED,
  forbidden,
  INVALID,
  NO_GROUP,
  NO_PATH,
  type Reply,
  send,
  TOO_LARGE,
  UNAUTHORIZED,
} from './reply.js';

/** `x-amzn-http-ca` is what AWS IoT SDKs ask for; without `http/1.1` beside it other clients get a fatal alert. */
const ALPN = ['x-amzn-http-ca', 'http/1.1'];
const DISCOVER = /^\/greengrass\/discover\/thing\/([^/]+)$/;

const BODY_LIMIT = 64 * 1024;
const HEADER_LIMIT = 8 * 1024;
const CONNECTIONS = 512;
/** Requests in the hands of mounted handlers; one more is answered with 429. */
const HANDLED_TOGETHER = 128;
/** ms. */
const HANDSHAKE_LIMIT = 10_000;
const REQUEST_LIMIT = 15_000;
const IDLE_LIMIT = 10_000;

/** A request of an authenticated member of the group. */
export interface RestRequest {
  /** Whose certificate it came with. */
  readonly thing: string;
  readonly method: string;
  /** The whole path as it came, percent-encoding included. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** At most 64 KiB. */
  readonly body: Buffer;
}

export type RestHandler = (request: RestRequest) => Promise<Reply>;

export interface DiscoveryServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** A second port for clients that are fixed on another. */
  readonly alsoPort?: number;
  readonly ca: GroupCa;
  readonly certificate: ServerCertificate;
  readonly registry: ThingRegistry;
  /** `Group.isThing`. */
  readonly isMember: (thing: string) => boolean;
  /** The core's thing name. */
  readonly core: string;
  /** Where the core is reached; asked for with every discovery, because ports and addresses change. */
  readonly connectivity: () => readonly Connectivity[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Answers discovery, and REST requests that are mounted on it, over HTTPS for members of the group. */
export class DiscoveryServer implements Service {
  readonly name = 'discovery';
  readonly #options: DiscoveryServerOptions;
  readonly #mounts: { readonly prefix: string; readonly handler: RestHandler }[] = [];
  readonly #log: LimitedLog;
  /** Also those in a handshake, which `closeAllConnections` does not know. */
  readonly #sockets = new Set<Duplex>();
  #servers: Server[] = [];
  #endRenewal: (() => void) | undefined;
  #handling = 0;

  constructor(options: DiscoveryServerOptions) {
    this.#options = options;
    this.#log = new LimitedLog(options);
  }

  /** @throws {DiscoveryError} DISCOVERY_LISTEN */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { port, alsoPort } = this.#options;
    try {
      await this.#listen(port);
      if (alsoPort !== undefined) await this.#listen(alsoPort);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#endRenewal = this.#options.certificate.onRenewed((certificate) => {
      for (const server of this.#servers)
        server.setSecureContext(memberTlsOptions(this.#options.ca, certificate));
    });
  }

  async stop(): Promise<void> {
    this.#endRenewal?.();
    const servers = this.#servers;
    this.#servers = [];
    const closed = servers.map(close);
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  /** The ports listened on: the first, then the second if there is one. */
  get ports(): readonly number[] {
    return this.#servers.map((server) => (server.address() as AddressInfo).port);
  }

  /**
   * Hands requests whose path is `prefix` or below it to a handler. The caller is a member of the group; whether it may
   * do what it asks is the handler's to decide.
   * @param prefix begins with `/`, ends without; the longest that fits is taken
   */
  mount(prefix: string, handler: RestHandler): void {
    this.#mounts.push({ prefix, handler });
    this.#mounts.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  async #listen(port: number): Promise<void> {
    const { ca, certificate, host, log } = this.#options;
    const server = createServer(
      {
        ...memberTlsOptions(ca, certificate.current),
        ALPNProtocols: ALPN,
        handshakeTimeout: HANDSHAKE_LIMIT,
        maxHeaderSize: HEADER_LIMIT,
        noDelay: true,
      },
      (request, response) => void this.#serve(request, response),
    );
    server.maxConnections = CONNECTIONS;
    server.headersTimeout = REQUEST_LIMIT;
    server.requestTimeout = REQUEST_LIMIT;
    server.keepAliveTimeout = IDLE_LIMIT;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('tlsClientError', (error, socket) => {
      log.debug({ peer: socket.remoteAddress, error: error.message }, 'A TLS handshake failed');
    });
    server.on('clientError', (_error, socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(host, port, error)));
      server.listen(port, host, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', (error) => log.error({ error: messageOf(error) }, 'The discovery server failed'));
    this.#servers.push(server);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that left has no use for an answer, and its sockets' errors are no news.
    response.on('error', () => {});
    let reply: Reply;
    try {
      reply = await this.#answer(request);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      this.#options.log.error({ path: request.url, error: messageOf(error) }, 'A request failed');
      reply = FAILED;
    }
    // What was not read of the body would be taken for the next request.
    send(response, reply, !request.complete);
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const { registry, clock, isMember } = this.#options;
    const verdict = authenticate(request.socket as TLSSocket, { registry, clock });
    if ('refused' in verdict)
      return this.#refuse(request, verdict.refused, verdict.of ? forbidden() : UNAUTHORIZED);
    const { thing } = verdict;
    const url = parse(request.url ?? '');
    if (url === undefined) return INVALID;
    const discovered = DISCOVER.exec(url.pathname)?.[1];
    if (discovered !== undefined) return this.#discover(request, thing, discovered);
    const mount = this.#mounts.find(
      ({ prefix }) => url.pathname === prefix || url.pathname.startsWith(`${prefix}/`),
    );
    if (mount === undefined) return NO_PATH;
    if (!isMember(thing))
      return this.#refuse(request, `the thing ${thing} is not a member of the group`, forbidden());
    return this.#handle(mount.handler, thing, url, request);
  }

  #discover(request: IncomingMessage, thing: string, encoded: string): Reply {
    const { ca, core, connectivity, isMember } = this.#options;
    const asked = decode(encoded);
    if (request.method !== 'GET' || asked === undefined || thingNameProblem(asked) !== undefined)
      return INVALID;
    if (asked !== thing) return this.#refuse(request, `${thing} asked for the thing ${asked}`, forbidden());
    if (!isMember(thing))
      return this.#refuse(request, `the thing ${thing} is not a member of the group`, NO_GROUP);
    const body = discoveryDocument({
      groupId: ca.groupId,
      core,
      connectivity: connectivity(),
      cas: [ca.certificate],
    });
    return { status: 200, body };
  }

  async #handle(handler: RestHandler, thing: string, url: URL, request: IncomingMessage): Promise<Reply> {
    if (this.#handling >= HANDLED_TOGETHER) return BUSY;
    this.#handling++;
    try {
      const body = await readBody(request, BODY_LIMIT);
      if (body === undefined) return TOO_LARGE;
      const method = request.method ?? 'GET';
      return await handler({ thing, method, path: url.pathname, query: url.searchParams, body });
    } finally {
      this.#handling--;
    }
  }

  #refuse(request: IncomingMessage, reason: string, reply: Reply): Reply {
    const { remoteAddress, remotePort } = request.socket;
    this.#log.warn({ peer: `${remoteAddress}:${remotePort}` }, `Discovery refused: ${reason}`);
    return reply;
  }
}

function parse(target: string): URL | undefined {
  try {
    return new URL(target, 'https://core');
  } catch {
    // Anything may come as a request target; the answer says that it is none.
    return undefined;
  }
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // As above: a stray % is the client's mistake.
    return undefined;
  }
}

function listenError(host: string, port: number, error: NodeJS.ErrnoException): DiscoveryError {
  const hints: Record<string, string> = {
    EADDRINUSE: 'another program listens there; set core.discovery.port to another',
    EADDRNOTAVAIL: 'this machine has no such address; set core.discovery.host',
    EACCES: 'ports below 1024 need the right to them (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)',
  };
  const hint = hints[error.code ?? ''] ?? messageOf(error);
  return new DiscoveryError('DISCOVERY_LISTEN', `discovery cannot listen on ${host}:${port}: ${hint}`, {
    cause: error,
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
