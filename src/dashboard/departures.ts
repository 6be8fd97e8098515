import type { Clock } from '../../hal/index.js';
import type { Broker } from '../core/broker/index.js';

/** Clients whose last disconnection is remembered. */
const KEPT = 200;

export interface Departure {
  /** In one sentence. */
  readonly cause: string;
  /** ms since the epoch. */
  readonly at: number;
}

/** Why those that are not connected are not: a thing that runs elsewhere cannot tell by itself. */
export class Departures {
  readonly #gone = new Map<string, Departure>();
  #end: (() => void) | undefined;

  constructor(
    private readonly broker: Pick<Broker, 'events'> | undefined,
    private readonly clock: Clock,
  ) {}

  start(): void {
    const { broker } = this;
    if (broker === undefined) return;
    const onConnected = ({ clientId }: { clientId: string }): void => {
      this.#gone.delete(clientId);
    };
    const onDisconnected = ({ clientId, cause }: { clientId: string; cause: string }): void => {
      this.#gone.delete(clientId);
      this.#gone.set(clientId, { cause, at: this.clock.now() });
      if (this.#gone.size > KEPT) this.#gone.delete(this.#gone.keys().next().value!);
    };
    broker.events.on('connected', onConnected);
    broker.events.on('disconnected', onDisconnected);
    this.#end = () => {
      broker.events.off('connected', onConnected);
      broker.events.off('disconnected', onDisconnected);
    };
  }

  stop(): void {
    this.#end?.();
    this.#gone.clear();
  }

  /** By client; none of those that are connected. */
  list(): Readonly<Record<string, Departure>> {
    return Object.fromEntries(this.#gone);
  }
}
