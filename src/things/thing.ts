import type { AnyRoleDefinition, Role, RoleFault } from '../../devices/contract.js';
import type { Clock, GpioDriver, JsonObject, Log } from '../../hal/index.js';
import type { Service } from '../lifecycle.js';
import { ShadowBinding } from './binding.js';
import { Link, type LinkOptions, type LinkStatus } from './link.js';
import { LinkNeighbours } from './neighbours.js';
import { ShadowClient } from './shadow-client.js';

export interface ThingOptions {
  readonly name: string;
  readonly definition: AnyRoleDefinition;
  /** The role's options, checked and complete. */
  readonly options: object;
  readonly gpio: GpioDriver;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly link: Pick<LinkOptions, 'credentials' | 'locate' | 'connect' | 'backoff'>;
  /** Told whenever the role's state may have changed, also while offline: what a terminal or page shows. */
  readonly onState?: (state: JsonObject) => void;
}

export interface ThingStatus {
  readonly name: string;
  readonly role: string;
  readonly state: 'ok' | 'degraded' | 'failed' | 'stopped';
  /** Why it is not ok, in one sentence. */
  readonly cause: string | undefined;
  readonly reported: JsonObject;
  readonly link: LinkStatus;
}

/** A wired device as a member of the group: its role, its shadow, its one connection. */
export class Thing implements Service {
  readonly name: string;
  readonly #role: Role;
  readonly #link: Link;
  readonly #shadow: ShadowClient | undefined;
  readonly #binding: ShadowBinding | undefined;
  /** What the role told of itself; also of a role that keeps no shadow. */
  #fault: RoleFault | undefined;
  #running = false;

  constructor(private readonly options: ThingOptions) {
    const { name, definition, clock, log, random, gpio } = options;
    this.name = name;
    this.#link = new Link({ ...options.link, clock, log, random });
    const tellState = (): void => options.onState?.(this.#role.state());
    const neighbours = new LinkNeighbours(this.#link, clock, name);
    this.#role = definition.create(options.options, {
      thing: name,
      gpio,
      clock,
      log,
      random,
      neighbours,
      changed: () => {
        this.#binding?.changed();
        tellState();
      },
      fault: (fault) => {
        this.#fault = fault;
        this.#binding?.fault(fault);
      },
    });
    const traffic = definition.traffic(name, options.options);
    neighbours.prepare([...(traffic.drives ?? []), ...(traffic.follows ?? [])]);
    if (traffic.shadow) {
      this.#shadow = new ShadowClient(this.#link, clock, name, name);
      this.#binding = new ShadowBinding({
        thing: name,
        role: this.#role,
        shadow: this.#shadow,
        clock,
        log,
        onApplied: tellState,
      });
      this.#shadow.open();
      this.#binding.open();
      this.#link.onOnline(() => this.#binding!.reconcile());
      this.#link.onOffline(() => this.#binding!.lost());
    }
  }

  /** The role's lines are held and safe when it resolves; the connection is made in the background. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#role.start(signal);
    this.#running = true;
    this.options.onState?.(this.#role.state());
    await this.#link.start(signal);
  }

  /** Connection first, so that nothing is asked of a role that is gone; then the role, safe. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#binding?.stop();
    try {
      await this.#link.stop();
    } finally {
      await this.#role.stop();
      this.#shadow?.close();
    }
  }

  status(): ThingStatus {
    const link = this.#link.status();
    const fault = this.#binding?.standingFault ?? this.#fault;
    const cause = fault ? `${fault.code}: ${fault.message}` : link.cause;
    return {
      name: this.name,
      role: this.options.definition.name,
      state: !this.#running ? 'stopped' : fault ? 'failed' : link.connected ? 'ok' : 'degraded',
      cause,
      reported: this.#role.state(),
      link,
    };
  }
}
