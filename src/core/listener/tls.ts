import { EventEmitter } from 'node:events';
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Log } from '../../../hal/log.js';
import type { Service } from '../../lifecycle.js';
import type { StreamAcceptor } from '../broker/contract.js';
import { WebSocketUpgrade } from './websocket.js';

/** Protocols offered; a client that names none is taken as speaking MQTT. */
const MQTT = ['mqtt', 'x-amzn-mqtt-ca'];
const HTTP = 'http/1.1';

export interface TlsListenerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM. Asked at start and at each {@link TlsListener.renew}. */
  readonly credentials: () => { readonly key: string; readonly cert: string; readonly ca: string };
  /** Whose connection it is, or one sentence that says why it is refused. Absent: no certificate is asked for. */
  readonly authenticate?: (
    socket: TLSSocket,
  ) =>
    | { readonly thing: string; readonly certificate?: string }
    | { readonly refused: string; readonly of?: string };
  readonly acceptor: StreamAcceptor;
  readonly log: Log;
  /** A port on which only WebSocket is spoken; 0: any free one. On the main port it is found by ALPN. */
  readonly webSocketPort?: number;
  /** ms that a handshake may take; default 10,000. */
  readonly handshakeTimeout?: number;
  /** Handshakes under way at once; further connections wait their turn. Default 256. */
  readonly maximumHandshakes?: number;
  /** Connections that wait for a handshake at most; more are refused. Default 4,096. */
  readonly maximumWaiting?: number;
}

export interface TlsListenerEvents {
  refused: [attempt: { readonly address: string; readonly cause: string }];
}

/** MQTT over TLS 1.2 and 1.3, and over WebSocket within it. */
export class TlsListener implements Service {
  readonly name = 'listener';
  readonly events = new EventEmitter<TlsListenerEvents>();
  readonly #options: TlsListenerOptions;
  #tls: Server | undefined;
  readonly #servers: NetServer[] = [];
  #upgrade: WebSocketUpgrade | undefined;
  readonly #sockets = new Set<Socket>();
  #waiting: Socket[] = [];
  #handshakes = 0;
  readonly #webSocketOnly = new WeakSet<Socket>();

  constructor(options: TlsListenerOptions) {
    this.#options = options;
  }

  /** Rejects when an address cannot be listened on, or the credentials are no certificate and key. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { host, port, webSocketPort, handshakeTimeout = 10_000 } = this.#options;
    this.#tls = createServer(this.#tlsOptions());
    this.#tls.on('secureConnection', (socket) => this.#secured(socket));
    this.#tls.on('tlsClientError', (error, socket) => {
      this.#refuse(socket, handshakeCause(error));
      const raw = rawOf(socket);
      if (raw) this.#handshakeOver(raw);
      // Node leaves a handshake that timed out open
      socket.destroy();
    });
    this.#upgrade = new WebSocketUpgrade((stream, connection) => {
      const socket = connection as TLSSocket;
      this.#accept(stream as Parameters<StreamAcceptor['accept']>[0], socket);
    }, handshakeTimeout);
    await this.#listen(host, port, false);
    if (webSocketPort !== undefined) await this.#listen(host, webSocketPort, true);
    signal.throwIfAborted();
  }

  /** Stops listening and ends what is still in a handshake. Streams handed over belong to the acceptor. */
  async stop(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const socket of waiting) socket.destroy();
    // not waited for: that would be for the last of the streams handed over
    for (const server of this.#servers) server.close();
    this.#servers.length = 0;
    for (const socket of this.#sockets) socket.destroy();
    this.#upgrade?.close();
  }

  /** Where it listens. @throws when not started */
  address(): { host: string; port: number } {
    return this.#addressOf(0);
  }

  /** The port for WebSocket alone. @throws when there is none */
  webSocketAddress(): { host: string; port: number } {
    return this.#addressOf(1);
  }

  /** Takes new credentials for the connections that follow; those that stand are not touched. */
  renew(): void {
    this.#tls?.setSecureContext(this.#tlsOptions());
  }

  #addressOf(index: number): { host: string; port: number } {
    const address = this.#servers[index]?.address() as AddressInfo | null | undefined;
    if (!address) throw new Error('the listener is not started: call start() first');
    return { host: address.address, port: address.port };
  }

  #tlsOptions(): TlsOptions {
    const { credentials, authenticate, handshakeTimeout = 10_000 } = this.#options;
    return {
      ...credentials(),
      // the certificate is judged by `authenticate`, in a sentence
      requestCert: authenticate !== undefined,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ALPNProtocols: [...MQTT, HTTP],
      handshakeTimeout,
    };
  }

  async #listen(host: string, port: number, webSocketOnly: boolean): Promise<void> {
    const server = createNetServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      if (webSocketOnly) this.#webSocketOnly.add(socket);
      this.#queue(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: 4_096 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#servers.push(server);
    server.on('error', (error) => this.#options.log.error({ error: error.message }, 'the listener failed'));
  }

  #queue(socket: Socket): void {
    const { maximumHandshakes = 256, maximumWaiting = 4_096 } = this.#options;
    if (this.#waiting.length >= maximumWaiting) {
      this.#refuse(socket, `more than ${maximumWaiting} connections wait for a handshake`);
      socket.destroy();
      return;
    }
    if (this.#handshakes < maximumHandshakes) this.#handshake(socket);
    else {
      const gone = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== socket);
      };
      socket.once('close', gone);
      socket.on('error', ignore);
      this.#waiting.push(socket);
    }
  }

  #handshake(socket: Socket): void {
    this.#handshakes += 1;
    this.#sockets.add(socket);
    // the address is cached in the socket by asking for it, and is known after it was closed
    addressOf(socket);
    socket.once('close', () => this.#handshakeOver(socket));
    this.#tls?.emit('connection', socket);
  }

  #handshakeOver(socket: Socket): void {
    if (!this.#sockets.delete(socket)) return;
    this.#handshakes -= 1;
    const next = this.#waiting.shift();
    if (next && !next.destroyed) this.#handshake(next);
  }

  #secured(socket: TLSSocket): void {
    const raw = rawOf(socket);
    if (raw) this.#handshakeOver(raw);
    const { alpnProtocol } = socket;
    if (alpnProtocol === HTTP || (raw && this.#webSocketOnly.has(raw))) this.#upgrade?.take(socket);
    else this.#accept(socket, socket);
  }

  #accept(stream: Parameters<StreamAcceptor['accept']>[0], socket: TLSSocket): void {
    const { authenticate, acceptor } = this.#options;
    const address = addressOf(socket);
    if (authenticate === undefined) {
      acceptor.accept(stream, { address });
      return;
    }
    const verdict = authenticate(socket);
    if ('refused' in verdict) {
      this.#refuse(socket, verdict.refused, verdict.of);
      stream.on('error', ignore);
      stream.destroy();
      return;
    }
    const { thing, certificate } = verdict;
    acceptor.accept(stream, { address, identity: thing, ...(certificate !== undefined && { certificate }) });
  }

  #refuse(socket: Socket, cause: string, of?: string): void {
    const address = addressOf(socket);
    this.#options.log.warn({ peer: address, ...(of && { thing: of }), cause }, 'refused a connection');
    this.events.emit('refused', { address, cause });
  }
}

/** The TCP connection under a TLS one: Node keeps it, but only under a name of its own. */
function rawOf(socket: Socket): Socket | undefined {
  return (socket as Socket & { readonly _parent?: Socket })._parent;
}

function addressOf(socket: Socket): string {
  const known = socket.remoteAddress === undefined ? (rawOf(socket) ?? socket) : socket;
  return `${known.remoteAddress ?? 'unknown'}:${known.remotePort ?? 0}`;
}

/** One sentence for what OpenSSL says in its own words. */
function handshakeCause(error: Error & { code?: string }): string {
  switch (error.code) {
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return 'the TLS handshake took too long';
    case 'ECONNRESET':
      return 'the connection was closed during the TLS handshake';
    case 'ERR_SSL_HTTP_REQUEST':
      return 'plain HTTP was spoken to a TLS port';
    case 'ERR_SSL_NO_APPLICATION_PROTOCOL':
      return 'none of the application protocols (ALPN) that the client offers is spoken here';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
      return 'the client speaks no TLS version above 1.1';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return 'what arrived is not TLS';
    default:
      return `the TLS handshake failed: ${error.message}`;
  }
}

/** A socket that is being refused may fail on its way out; nobody is interested any more. */
function ignore(): void {}
