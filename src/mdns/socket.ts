/** The doorway to `multicast-dns`. */
import { EventEmitter } from 'node:events';
import { networkInterfaces } from 'node:os';
import type { Answer, Question } from 'dns-packet';
import mdns, { type MulticastDNS, type QueryPacket, type ResponsePacket } from 'multicast-dns';

export type { Answer } from 'dns-packet';
export type { MulticastDNS, QueryPacket, ResponsePacket } from 'multicast-dns';

export interface MdnsOptions {
  /** IPv4 address of the one interface. Absent: every interface with an IPv4 address, but loopback. */
  readonly interface?: string;
  /** Default 5353, where every responder listens. */
  readonly port?: number;
}

export interface MdnsEvents {
  query: [query: QueryPacket];
  response: [response: ResponsePacket];
  /** An interface can be spoken on from now on. */
  opened: [];
  /** Of an interface or a socket; the others go on. */
  trouble: [error: Error];
}

/**
 * Multicast DNS on each interface by a socket of its own: without a default route, as on a network that is not connected to
 * another, the kernel knows no way for what is sent on none in particular. A packet may be heard once per socket.
 */
export class Mdns {
  readonly events = new EventEmitter<MdnsEvents>();
  readonly #sockets = new Map<string, MulticastDNS>();
  /** Those that are members of the group on their interface; another one would send where the default route goes. */
  readonly #opened = new Set<MulticastDNS>();
  #closed = false;

  constructor(
    private readonly options: MdnsOptions,
    private readonly addresses: () => readonly string[] = interfaceAddresses,
  ) {}

  /** Opens what there is, and leaves what there is no more. The system has no event for that: call it again later. */
  look(): void {
    if (this.#closed) return;
    const { interface: one } = this.options;
    const wanted = new Set(one === undefined ? this.addresses() : [one]);
    for (const [address, socket] of this.#sockets) {
      if (wanted.has(address)) continue;
      this.#sockets.delete(address);
      this.#opened.delete(socket);
      socket.destroy();
    }
    for (const address of wanted) if (!this.#sockets.has(address)) this.#open(address);
  }

  /** @returns whether it went out somewhere */
  query(...questions: readonly Question[]): Promise<boolean> {
    return this.#sendAll((socket, done) => socket.query({ questions: [...questions] }, done));
  }

  /** @returns whether it went out somewhere */
  respond(answers: readonly Answer[]): Promise<boolean> {
    return this.#sendAll((socket, done) => socket.respond({ answers: [...answers] }, done));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    this.#opened.clear();
    await Promise.all(
      sockets.map((socket) => new Promise<void>((resolve) => socket.destroy(() => resolve()))),
    );
  }

  #open(address: string): void {
    const { port } = this.options;
    const socket = mdns({
      interface: address,
      ...(port !== undefined && { port }),
      // a socket that is bound to the interface's address is given no multicast
      bind: '0.0.0.0',
    });
    this.#sockets.set(address, socket);
    const { events } = this;
    socket.on('query', (query) => events.emit('query', query));
    socket.on('response', (response) => events.emit('response', response));
    socket.on('networkInterface', () => {
      this.#opened.add(socket);
      events.emit('opened');
    });
    socket.on('warning', (error) => events.emit('trouble', error));
    socket.on('error', (error) => {
      events.emit('trouble', error);
      // it could not be bound: tried again at the next look
      if (this.#sockets.get(address) === socket) this.#sockets.delete(address);
      this.#opened.delete(socket);
      socket.destroy();
    });
  }

  async #sendAll(
    send: (socket: MulticastDNS, done: (error: Error | null) => void) => void,
  ): Promise<boolean> {
    const sent = await Promise.all(
      [...this.#opened].map(
        (socket) =>
          new Promise<boolean>((resolve) =>
            send(socket, (error) => {
              if (error) this.events.emit('trouble', error);
              resolve(!error);
            }),
          ),
      ),
    );
    return sent.includes(true);
  }
}

/** The first IPv4 address of each interface that leads to others. */
function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap(
    (addresses = []) =>
      addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? [],
  );
}
