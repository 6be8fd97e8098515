import { type Clock, type Log, messageOf, type Timer } from '../../hal/index.js';
import type { Service } from '../lifecycle.js';
import { isLoopback } from '../loopback.js';
import type { PartStatus } from '../status.js';
import { ALL_SERVICES, type CoreAnnouncement, names, recordsOf, SERVICE } from './records.js';
import { Mdns, type MdnsOptions, type QueryPacket } from './socket.js';

export interface CoreAnnouncerOptions {
  /** As it is now. */
  readonly announcement: () => CoreAnnouncement;
  readonly socket: MdnsOptions;
  readonly clock: Clock;
  readonly log: Log;
}

/** RFC 6762 §8.3: an announcement is repeated after a second. */
const REPEAT_MS = 1_000;
/** RFC 6762 §6: an answer waits for others to be joined with, and none is multicast twice within a second. */
const ANSWER_MS = 50;
const AGAIN_NS = 1_000_000_000n;
const NO_NETWORK = 'not announced on the local network: there is none yet';
const NO_ADDRESS = 'not announced on the local network: core.advertise has no address that others can reach';
/** Time in ms between two looks at which interfaces there are. */
const LOOK_MS = 10_000;
/** Time in ms for the goodbye. */
const GOODBYE_MS = 500;

/**
 * Announces the core on the local network and answers who asks for one. A network that is not there is no failure: it is
 * announced anew when one comes.
 */
export class CoreAnnouncer implements Service {
  readonly name = 'mdns';
  readonly #options: CoreAnnouncerOptions;
  #mdns: Mdns | undefined;
  #looking: Timer | undefined;
  #last: bigint | undefined;
  #answer: Timer | undefined;
  #repeat: Timer | undefined;
  /** What keeps it from being announced; told once in the log. */
  #trouble: string | undefined = NO_NETWORK;

  constructor(options: CoreAnnouncerOptions) {
    this.#options = options;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { socket, clock } = this.#options;
    const mdns = new Mdns(socket);
    this.#mdns = mdns;
    mdns.events.on('trouble', (error) => this.#troubled(error));
    mdns.events.on('query', (query) => this.#onQuery(query));
    // also when one comes later: an address was given, a cable plugged in
    mdns.events.on('opened', () => this.announce());
    mdns.look();
    this.#looking = clock.every(LOOK_MS, () => mdns.look());
  }

  status(): PartStatus {
    const { addresses } = this.#announcement();
    const cause = addresses.length > 0 ? this.#trouble : NO_ADDRESS;
    return {
      name: this.name,
      kind: 'listener',
      state: cause === undefined ? 'ok' : 'degraded',
      ...(cause !== undefined && { cause }),
      figures: { addresses: addresses.join(', ') },
    };
  }

  /** Says what is so now, twice. */
  announce(): void {
    const { clock, log } = this.#options;
    if (this.#mdns === undefined) return;
    const { port, addresses } = this.#announcement();
    log.info(
      { addresses, port },
      addresses.length > 0
        ? `announced on the local network: ${addresses.join(', ')}, discovery on port ${port}`
        : NO_ADDRESS,
    );
    this.#send();
    this.#repeat?.cancel();
    this.#repeat = clock.after(REPEAT_MS, () => this.#send());
  }

  async stop(): Promise<void> {
    const mdns = this.#mdns;
    if (mdns === undefined) return;
    this.#looking?.cancel();
    this.#answer?.cancel();
    this.#repeat?.cancel();
    const announcement = this.#announcement();
    if (announcement.addresses.length > 0) {
      await new Promise<void>((resolve) => {
        const late = this.#options.clock.after(GOODBYE_MS, resolve);
        void mdns.respond(recordsOf(announcement, true)).then(() => {
          late.cancel();
          resolve();
        });
      });
    }
    this.#mdns = undefined;
    await mdns.close();
  }

  /** An address of this machine alone leads others to themselves. */
  #announcement(): CoreAnnouncement {
    const { announcement, socket } = this.#options;
    const all = announcement();
    if (socket.interface !== undefined && isLoopback(socket.interface)) return all;
    return { ...all, addresses: all.addresses.filter((address) => !isLoopback(address)) };
  }

  #onQuery({ questions = [] }: QueryPacket): void {
    if (this.#answer !== undefined) return;
    const { instance, host } = names(this.#options.announcement());
    const ours = new Set([SERVICE, ALL_SERVICES, instance, host].map((name) => name.toLowerCase()));
    if (!questions.some(({ name }) => ours.has(name.toLowerCase()))) return;
    const { clock } = this.#options;
    const since = this.#last === undefined ? AGAIN_NS : clock.monotonicNs() - this.#last;
    const wait = since >= AGAIN_NS ? 0 : Number((AGAIN_NS - since) / 1_000_000n);
    this.#answer = clock.after(wait + ANSWER_MS, () => {
      this.#answer = undefined;
      this.#send();
    });
  }

  #send(): void {
    const announcement = this.#announcement();
    if (announcement.addresses.length === 0) return;
    this.#last = this.#options.clock.monotonicNs();
    const services = { type: 'PTR', name: ALL_SERVICES, ttl: 4_500, data: SERVICE } as const;
    void this.#mdns?.respond([...recordsOf(announcement), services]).then((sent) => {
      this.#trouble = sent ? undefined : (this.#trouble ?? NO_NETWORK);
    });
  }

  #troubled(error: Error): void {
    const trouble = `not announced on the local network: ${messageOf(error)}`;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.log.warn({}, trouble);
  }
}
