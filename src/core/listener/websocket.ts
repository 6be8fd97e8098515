/** Doorway of `ws`: MQTT over WebSocket (MQTT 5.0, chapter 6). */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';

/** Sub-protocol that a client must offer [MQTT-6.0.0-3]; the second is what MQTT 3.1 clients say. */
const PROTOCOLS = ['mqtt', 'mqttv3.1'];
/** Bytes of one frame. A packet may span frames [MQTT-6.0.0-2], so this bounds no packet. */
const MAXIMUM_FRAME = 4 * 1_048_576;

/** Upgrades HTTP connections to streams of MQTT packets. */
export class WebSocketUpgrade {
  readonly #http: Server;
  readonly #sockets: WebSocketServer;

  /**
   * @param accept called with the stream of packets and the connection under it
   * @param requestTimeout ms in which the upgrade must be asked for
   */
  constructor(
    private readonly accept: (stream: Duplex, connection: Duplex) => void,
    requestTimeout: number,
  ) {
    this.#http = createServer({ requestTimeout, headersTimeout: requestTimeout }, (_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' });
      response.end('MQTT over WebSocket only\n');
    });
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAXIMUM_FRAME,
      perMessageDeflate: false,
      handleProtocols: (offered) => PROTOCOLS.find((name) => offered.has(name)) ?? false,
    });
    this.#http.on('upgrade', (request, connection, head) => this.#upgrade(request, connection, head));
  }

  /** Takes a connection on which HTTP is spoken. */
  take(connection: Duplex): void {
    this.#http.emit('connection', connection);
  }

  close(): void {
    this.#sockets.close();
    this.#http.close();
    this.#http.closeAllConnections();
  }

  #upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!PROTOCOLS.some((name) => offered.includes(name))) {
      connection.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, connection, head, (socket) => this.#open(socket, connection));
  }

  #open(socket: WebSocket, connection: Duplex): void {
    // [MQTT-6.0.0-1]: binary frames only
    socket.on('message', (_data, isBinary) => {
      if (!isBinary) socket.close(1003, 'binary frames only');
    });
    const stream = createWebSocketStream(socket);
    this.accept(stream, connection);
  }
}
