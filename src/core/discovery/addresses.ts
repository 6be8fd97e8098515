import type { NetworkInterfaceInfo } from 'node:os';
import { networkInterfaces } from 'node:os';
import type { Clock, Log, Timer } from '../../../hal/index.js';
import type { Service } from '../../lifecycle.js';

/** Stands in `core.advertise` for the addresses that this machine has at the moment. */
export const AUTO_ADDRESSES = 'auto';

/** The system has no event for a changed address that Node could hear; reading the list takes microseconds. */
const LOOK_MS = 10_000;

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

export interface AdvertisedAddressesOptions {
  /** Host names and addresses; {@link AUTO_ADDRESSES} is replaced, where it stands, by the machine's own. */
  readonly configured: readonly string[];
  readonly interfaces?: () => Interfaces;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The addresses that discovery names, kept up to date. Whoever hears of a change puts it into the server certificate
 * (`ServerCertificate.setNames`), since clients compare the two.
 */
export class AdvertisedAddresses implements Service {
  readonly name = 'addresses';
  readonly #options: AdvertisedAddressesOptions;
  readonly #listeners = new Set<(addresses: readonly string[]) => void>();
  #current: readonly string[] = [];
  #timer: Timer | undefined;

  constructor(options: AdvertisedAddressesOptions) {
    this.#options = options;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#current = this.#look();
    if (this.#options.configured.includes(AUTO_ADDRESSES)) {
      this.#timer = this.#options.clock.every(LOOK_MS, () => this.#check());
    }
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** In the order in which clients are to try them; empty before start. */
  get current(): readonly string[] {
    return this.#current;
  }

  /** @returns a function that ends it */
  onChanged(listener: (addresses: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #check(): void {
    const now = this.#look();
    if (now.join() === this.#current.join()) return;
    this.#options.log.info({ before: this.#current, now }, 'The addresses of this machine changed');
    this.#current = now;
    for (const listener of this.#listeners) listener(now);
  }

  #look(): readonly string[] {
    const { configured, interfaces = networkInterfaces } = this.#options;
    const all = configured.flatMap((name) =>
      name === AUTO_ADDRESSES ? siteAddresses(interfaces()) : [name],
    );
    return [...new Set(all)];
  }
}

/**
 * The addresses by which other machines reach this one, IPv4 first. A machine without a network has `127.0.0.1`.
 * Link-local addresses are left out: they need an interface's name beside them, which discovery cannot say.
 */
export function siteAddresses(interfaces: Interfaces): readonly string[] {
  const usable = Object.values(interfaces)
    .flatMap((infos) => infos ?? [])
    .filter(({ internal, address }) => !internal && !/^(169\.254\.|fe[89ab].:)/i.test(address))
    .sort((a, b) => (a.family === b.family ? 0 : a.family === 'IPv4' ? -1 : 1))
    .map(({ address }) => address);
  return usable.length > 0 ? usable : ['127.0.0.1'];
}
