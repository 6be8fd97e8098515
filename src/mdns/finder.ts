import type { Clock, Log, Timer } from '../../hal/index.js';
import { parseText, SERVICE } from './records.js';
import { type Answer, Mdns, type MdnsOptions, type ResponsePacket } from './socket.js';

export interface FoundCore {
  /** The core's thing name. */
  readonly core: string;
  /** Addresses and host names of its discovery, best first. */
  readonly hosts: readonly string[];
  readonly port: number;
}

export interface CoreFinderOptions {
  readonly socket: MdnsOptions;
  readonly clock: Clock;
  readonly log: Log;
}

/** Times in ms at which is asked; RFC 6762 §5.2: intervals that grow. */
const ASKED_AT = [0, 1_000, 3_000];
/** Time in ms after which nobody is expected to answer any more. */
const LIMIT_MS = 5_000;
/** Records of others that are remembered while it is looked. */
const RECORDS = 2_000;

/** Looks for cores on the local network. Those who look at the same time for the same look together. */
export class CoreFinder {
  readonly #options: CoreFinderOptions;
  readonly #looking = new Map<string, Promise<readonly FoundCore[]>>();

  constructor(options: CoreFinderOptions) {
    this.#options = options;
  }

  /**
   * Cores of the group with this CA, as soon as one has answered; none when none has within 5 s.
   * @param caFingerprint SHA-256 of the CA's certificate, lower-case hex
   */
  find(caFingerprint: string): Promise<readonly FoundCore[]> {
    const under = this.#looking.get(caFingerprint);
    if (under !== undefined) return under;
    const looking = this.#look(caFingerprint).finally(() => this.#looking.delete(caFingerprint));
    this.#looking.set(caFingerprint, looking);
    return looking;
  }

  async #look(caFingerprint: string): Promise<readonly FoundCore[]> {
    const { socket: options, clock, log } = this.#options;
    const heard = new Map<string, Answer[]>();
    const mdns = new Mdns(options);
    const timers: Timer[] = [];
    try {
      return await new Promise((resolve) => {
        // no network yet, or one of several: asked again
        mdns.events.on('trouble', (error) => log.debug({}, `multicast DNS: ${error.message}`));
        mdns.events.on('response', (response) => {
          remember(heard, response);
          const found = coresOf(heard, caFingerprint);
          if (found.length > 0) resolve(found);
        });
        const ask = (): void => void mdns.query({ name: SERVICE, type: 'PTR' });
        mdns.events.on('opened', ask);
        const askAgain = (): void => {
          mdns.look();
          ask();
        };
        for (const at of ASKED_AT) timers.push(clock.after(at, askAgain));
        timers.push(clock.after(LIMIT_MS, () => resolve([])));
      });
    } finally {
      for (const timer of timers) timer.cancel();
      await mdns.close();
    }
  }
}

/** The newest last. One with TTL 0 is no more (RFC 6762 §10.1). */
function remember(heard: Map<string, Answer[]>, { answers = [], additionals = [] }: ResponsePacket): void {
  for (const answer of [...answers, ...additionals]) {
    const key = keyOf(answer.type, answer.name);
    const ttl = 'ttl' in answer ? answer.ttl : undefined;
    const known = heard.get(key) ?? [];
    const others = known.filter((one) => 'data' in one && 'data' in answer && !same(one.data, answer.data));
    if (heard.size > RECORDS || others.length > RECORDS) continue;
    heard.set(key, ttl === 0 ? others : [...others, answer]);
  }
}

function coresOf(heard: ReadonlyMap<string, readonly Answer[]>, caFingerprint: string): FoundCore[] {
  const data = (type: string, name: string): unknown[] =>
    (heard.get(keyOf(type, name)) ?? []).map((answer) => ('data' in answer ? answer.data : undefined));
  const found: FoundCore[] = [];
  for (const instance of data('PTR', SERVICE)) {
    const text = parseText(data('TXT', String(instance)).at(-1));
    const place = data('SRV', String(instance)).at(-1) as { port: number; target: string } | undefined;
    if (place === undefined || text.get('ca') !== caFingerprint) continue;
    const hosts = [
      ...data('A', place.target),
      ...data('AAAA', place.target),
      ...(text.get('hosts')?.split(',') ?? []),
    ].map(String);
    if (hosts.length > 0) found.push({ core: text.get('core') ?? String(instance), hosts, port: place.port });
  }
  return found;
}

function keyOf(type: string, name: string): string {
  return `${type} ${name.toLowerCase()}`;
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
