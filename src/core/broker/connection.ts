import type { Duplex } from 'node:stream';
import { messageOf } from '../../../hal/errors.js';
import type { ConnectAttempt, Peer, QoS } from './contract.js';
import { BrokerError, ProtocolError } from './errors.js';
import { dispatch } from './handlers/dispatch.js';
import { encodeAcknowledgement } from './packets/acknowledge.js';
import type { AliasTable } from './packets/alias.js';
import { Framer } from './packets/framer.js';
import { encodePublish, type OutgoingPublish, publishLength } from './packets/publish.js';
import { PacketType, Reason } from './packets/reason.js';
import type { Publication } from './publication.js';
import type { Session } from './session.js';
import type { BrokerState } from './state.js';

/** Beats that a stream gets to end by itself after the last packet. */
const LINGER = 2;
/** Pieces that are joined into one write; longer payloads go as they are. */
const JOIN_LIMIT = 65_536;
/** Messages of one client that may wait for the store before its stream is no longer read. */
const MAXIMUM_WAITING = 1_024;

/** One network connection, from its first byte to its last. */
export class Connection {
  /** What the client announced in CONNECT; 3.1.1 defaults before. */
  version: 3 | 4 | 5 = 4;
  session: Session | undefined;
  attempt: ConnectAttempt | undefined;
  clean = true;
  /** Beats without a packet after which it is closed; 0: never. */
  patience: number;
  lastTick: number;
  /** Bytes of the largest packet that the client takes. */
  maximumPacketSize = Number.POSITIVE_INFINITY;
  /** QoS 1 and 2 messages that the client takes unacknowledged. */
  sendMaximum = 65_535;
  /** Problem information is wanted (3.1.2.11.7). */
  explain = true;
  aliasesIn: Map<number, string> | undefined;
  aliasesOut: AliasTable | undefined;
  /** Answers that wait for the store. */
  pending = 0;
  /** CONNACK was sent: from now on DISCONNECT may be [MQTT-3.14.0-1]. */
  welcomed = false;
  /** The will is not to be published. */
  normal = false;
  readonly #framer: Framer;
  #out: Buffer[] = [];
  #outBytes = 0;
  #flushing = false;
  #blocked = false;
  #held = 0;
  #waiting = 0;
  #closed = false;
  #closedTick = 0;

  constructor(
    private readonly state: BrokerState,
    private readonly stream: Duplex,
    readonly peer: Peer,
  ) {
    this.patience = state.limits.connectTimeout;
    this.lastTick = state.tick;
    this.#framer = new Framer(state.limits.maximumPacketSize, (buffer, at, start, end) =>
      this.#take(buffer, at, start, end),
    );
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('drain', () => this.#drained());
    stream.on('end', () => this.lost('the client closed the connection'));
    stream.on('error', (error: Error) => this.lost(`connection failed: ${error.message}`));
    stream.on('close', () => {
      this.lost('the connection was closed');
      this.state.connections.delete(this);
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The client id; empty before CONNECT. */
  get name(): string {
    return this.session?.name ?? this.attempt?.clientId ?? '';
  }

  /** The stream takes more. */
  get writable(): boolean {
    return (
      !this.#blocked &&
      this.#held === 0 &&
      !this.#closed &&
      this.#outBytes < this.state.limits.maximumBuffered
    );
  }

  /** Bytes handed over that the peer has not taken. */
  get buffered(): number {
    return this.#outBytes + this.stream.writableLength;
  }

  /** Packets that follow wait until {@link proceed}; they keep their order. May be nested. */
  hold(): void {
    this.#held += 1;
    if (this.#held === 1) this.stream.pause();
  }

  /** @param first called before the packets that waited */
  proceed(first?: () => void): void {
    this.#held -= 1;
    if (this.#held > 0 || this.#closed) return;
    this.lastTick = this.state.tick;
    if (first) first();
    else this.session?.pump();
    try {
      this.#framer.resume();
    } catch (error) {
      this.#failed(error);
    }
    if (this.#held === 0 && !this.#closed) this.stream.resume();
  }

  send(packet: Buffer): void {
    if (this.#closed) return;
    this.#push(packet);
  }

  /**
   * Sends an answer with its reason string, or without where the client wants none [MQTT-3.1.2-29] or where it would
   * be larger than the client takes ([MQTT-3.4.2-2] and its likes).
   */
  explained(text: string | undefined, encode: (text: string | undefined) => Buffer): void {
    const whole = encode(this.explain ? text : undefined);
    this.send(whole.length <= this.maximumPacketSize ? whole : encode(undefined));
  }

  /**
   * Answers in the order of the requests [MQTT-4.6.0-2], [MQTT-4.6.0-3]: after the store has settled when `pending`
   * or when an earlier answer still waits for it.
   */
  answer(pending: boolean, answer: (error: BrokerError | undefined) => void): void {
    if (!pending && this.pending === 0) {
      answer(undefined);
      return;
    }
    this.pending += 1;
    this.await((error) => {
      this.pending -= 1;
      if (!this.#closed) answer(error);
    });
  }

  /** Waits for the store; a client that sends faster than it keeps is not read for as long. */
  await(settled: (error: BrokerError | undefined) => void): void {
    this.#waiting += 1;
    const holds = this.#waiting === MAXIMUM_WAITING;
    if (holds) this.hold();
    this.state.journal.settle((error) => {
      this.#waiting -= 1;
      settled(error);
      if (holds) this.proceed();
    });
  }

  /** PUBREL. */
  release(packetId: number): void {
    this.send(encodeAcknowledgement(PacketType.pubrel, packetId, this.version));
  }

  /** @returns false when the client takes no packet of that size [MQTT-3.1.2-24], [MQTT-3.1.2-25] */
  publish(
    publication: Publication,
    qos: QoS,
    packetId: number,
    retain: boolean,
    dup: boolean,
    identifiers: readonly number[] | undefined,
  ): boolean {
    const { version } = this;
    let alias = 0;
    let aliasKnown = false;
    if (this.aliasesOut) {
      alias = this.aliasesOut.find(publication.topic);
      aliasKnown = alias > 0;
    }
    let expiry: number | undefined;
    if (publication.expiresAt !== 0) {
      // [MQTT-3.3.2-6]: what is left of it
      expiry = Math.max(0, Math.ceil((publication.expiresAt - this.state.monotonicMs()) / 1_000));
    }
    const v5 = version === 5;
    const out: OutgoingPublish = {
      version,
      qos,
      packetId,
      retain,
      dup,
      identifiers: v5 ? identifiers : undefined,
      alias,
      aliasKnown,
      expiry: v5 ? expiry : undefined,
    };
    if (this.maximumPacketSize < Number.POSITIVE_INFINITY) {
      if (publishLength(publication, out) > this.maximumPacketSize) return false;
    }
    if (this.aliasesOut && alias === 0) {
      const fresh = this.aliasesOut.add(publication.topic);
      if (fresh > 0) {
        const first = { ...out, alias: fresh };
        if (publishLength(publication, first) <= this.maximumPacketSize) {
          encodePublish(publication, first, this.#push);
          return true;
        }
        this.aliasesOut.remove(publication.topic);
      }
    }
    encodePublish(publication, out, this.#push);
    return true;
  }

  /** Writes what was gathered. Called once per turn of the event loop. */
  flush(): void {
    this.#flushing = false;
    const { stream } = this;
    const out = this.#out;
    if (out.length > 0 && !stream.destroyed) {
      const total = this.#outBytes;
      this.#out = [];
      this.#outBytes = 0;
      let accepted = true;
      if (out.length === 1) accepted = stream.write(out[0] as Buffer);
      else if (total <= JOIN_LIMIT) accepted = stream.write(Buffer.concat(out, total));
      else {
        stream.cork();
        for (const piece of out) accepted = stream.write(piece);
        stream.uncork();
      }
      this.#blocked = !accepted && stream.writableLength >= this.state.limits.maximumBuffered;
    }
    if (this.#closed) this.#end();
    else if (!this.#blocked && this.session !== undefined && this.session.queued > 0) this.session.pump();
  }

  /** Closes for what the client did, or because the server cannot go on. */
  fail(error: Error): void {
    const reason =
      error instanceof ProtocolError
        ? error.reason
        : error instanceof BrokerError
          ? Reason.serverUnavailable
          : Reason.unspecifiedError;
    if (!(error instanceof BrokerError)) {
      this.state.log.error({ clientId: this.name, error: error.stack }, 'a packet could not be handled');
    }
    this.close(reason, error.message);
  }

  /**
   * The server closes the connection [MQTT-4.13.1-1]; an MQTT 5 client is told why. Before CONNECT succeeded the
   * answer is a CONNACK, which {@link refuse} sends.
   */
  close(reason: number, cause: string): void {
    if (this.#closed) return;
    if (this.session === undefined) {
      this.refuse(reason, cause);
      return;
    }
    if (this.version === 5 && this.welcomed) {
      const told = reason === Reason.serverUnavailable ? Reason.implementationSpecificError : reason;
      this.explained(cause, (text) => this.state.codec.disconnect(told, text));
    }
    this.#leave(cause);
  }

  /** Refuses a connection that is no client yet. */
  refuse(reason: number, cause: string): void {
    if (this.#closed) return;
    const { attempt } = this;
    // 3.1.1 answers only what it has a return code for; a malformed CONNECT is closed without a word
    const answerable =
      this.version === 5 || attempt !== undefined || reason === Reason.unsupportedProtocolVersion;
    if (answerable && reason !== Reason.keepAliveTimeout) {
      this.explained(this.version === 5 ? cause : undefined, (text) =>
        this.state.codec.connack(
          this.version,
          reason,
          false,
          text === undefined ? undefined : { reasonString: text },
        ),
      );
    }
    this.state.log.warn({ clientId: this.name, peer: this.peer.address, cause }, 'refused a connection');
    this.state.events.emit('refused', { clientId: this.name, peer: this.peer, cause });
    this.#leave(cause);
  }

  /** Refuses a client whose session could not be kept. A session that was there before stays as it was. */
  refuseSession(present: boolean, cause: string): void {
    const { session } = this;
    this.session = undefined;
    if (session?.connection === this) {
      session.will = undefined;
      if (present) this.state.sessions.leave(session, true);
      else this.state.sessions.end(session);
    }
    this.refuse(Reason.serverUnavailable, cause);
  }

  /** At once, whatever is not written yet. */
  destroy(): void {
    this.stream.destroy();
  }

  /** The peer is gone, or said so. */
  lost(cause: string): void {
    if (this.#closed) return;
    if (this.session === undefined && this.attempt === undefined) {
      this.state.events.emit('refused', { clientId: '', peer: this.peer, cause });
    }
    this.#leave(cause);
  }

  /** Every second. */
  beat(tick: number): void {
    if (this.#closed) {
      if (tick - this.#closedTick > LINGER) this.stream.destroy();
      return;
    }
    if (this.patience === 0 || tick - this.lastTick <= this.patience || this.#held > 0) return;
    // [MQTT-3.1.2-22]
    if (this.session)
      this.close(Reason.keepAliveTimeout, 'no packet within one and a half times the keep-alive');
    else this.close(Reason.keepAliveTimeout, 'no CONNECT in time');
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      this.#framer.push(chunk);
    } catch (error) {
      this.#failed(error);
    }
    this.state.flushFirst();
  }

  #take(buffer: Buffer, at: number, start: number, end: number): boolean {
    if (this.#closed) return true;
    if (this.#held > 0) return false;
    this.lastTick = this.state.tick;
    dispatch(this.state, this, buffer, at, start, end);
    return true;
  }

  #failed(error: unknown): void {
    this.fail(error instanceof Error ? error : new Error(messageOf(error)));
  }

  readonly #push = (piece: Buffer): void => {
    this.#out.push(piece);
    this.#outBytes += piece.length;
    if (this.#flushing) return;
    this.#flushing = true;
    this.state.flushLater(this);
  };

  #drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.session?.pump();
  }

  #leave(cause: string): void {
    this.#closed = true;
    this.#closedTick = this.state.tick;
    const { session } = this;
    if (session?.connection === this) {
      this.state.sessions.leave(session, this.normal);
      this.state.log.info({ clientId: session.name, cause }, `${session.name} disconnected: ${cause}`);
      this.state.events.emit('disconnected', { clientId: session.name, cause });
    }
    if (!this.#flushing) {
      this.#flushing = true;
      this.state.flushLater(this);
    }
  }

  #end(): void {
    const { stream } = this;
    if (stream.destroyed) return;
    // what still comes is not read any more, but must not keep the stream from ending
    stream.resume();
    stream.end(() => stream.destroy());
  }
}
