import { isDeepStrictEqual } from 'node:util';
import { ROLES } from '../../devices/index.js';
import type { Clock, GpioDriver, JsonObject, Log } from '../../hal/index.js';
import type { ThingConfig } from '../config/model.js';
import { type Service, Together } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import { Thing } from '../things/thing.js';
import type { ThingLink } from './links.js';

export interface ThingSetOptions {
  readonly things: readonly ThingConfig[];
  /** Opens the driver when the first thing with a role needs it. */
  readonly gpio: () => Promise<GpioDriver>;
  readonly link: (thing: string) => ThingLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly onState: (name: string, state: JsonObject) => void;
}

interface Entry {
  readonly config: ThingConfig;
  readonly thing: Thing;
}

/** The things of the group that run on this machine: those with a role. */
export class ThingSet implements Service {
  readonly name = 'things';
  readonly #options: ThingSetOptions;
  #entries: readonly Entry[] = [];

  constructor(options: ThingSetOptions) {
    this.#options = options;
  }

  /** At once, not one by one: lines are held at their safe value as early as can be. */
  async start(signal: AbortSignal): Promise<void> {
    this.#entries = await this.#make(this.#options.things);
    await together(this.#entries).start(signal);
  }

  async stop(): Promise<void> {
    const all = this.#entries;
    this.#entries = [];
    await together(all).stop();
  }

  /**
   * Follows another group: things that are the same go on untouched, the others are stopped, safe, before new ones take
   * their lines. On failure what was made is stopped again and the error passed on.
   */
  async replace(things: readonly ThingConfig[]): Promise<void> {
    const staying = this.#entries.filter(({ config }) =>
      things.some((wanted) => isDeepStrictEqual(wanted, config)),
    );
    const leaving = this.#entries.filter((entry) => !staying.includes(entry));
    const fresh = things.filter((wanted) => !staying.some(({ config }) => config.name === wanted.name));
    this.#entries = staying;
    await together(leaving).stop();
    const made = await this.#make(fresh);
    try {
      await together(made).start(new AbortController().signal);
    } catch (error) {
      await together(made)
        .stop()
        .catch((second: unknown) => {
          this.#options.log.error(
            { err: second },
            'things that could not start could not be stopped cleanly either',
          );
        });
      throw error;
    }
    this.#entries = [...staying, ...made];
  }

  get size(): number {
    return this.#entries.length;
  }

  status(): readonly PartStatus[] {
    return this.#entries.map(({ thing }) => statusOf(thing));
  }

  connections(): readonly { readonly name: string; readonly connected: boolean }[] {
    return this.#entries.map(({ thing }) => ({ name: thing.name, connected: thing.status().link.connected }));
  }

  async #make(things: readonly ThingConfig[]): Promise<readonly Entry[]> {
    const { gpio, link, clock, log, random, onState } = this.#options;
    const entries: Entry[] = [];
    for (const config of things) {
      const { name, role, options } = config;
      const definition = role === undefined ? undefined : ROLES.get(role);
      if (definition === undefined) continue;
      const thing = new Thing({
        name,
        definition,
        options,
        gpio: await gpio(),
        clock,
        log: log.child({ part: name }),
        random,
        link: link(name),
        onState: (state) => onState(name, state),
      });
      entries.push({ config, thing });
    }
    return entries;
  }
}

function together(entries: readonly Entry[]): Together {
  return new Together(
    'things',
    entries.map(({ thing }) => thing),
  );
}

function statusOf(thing: Thing): PartStatus {
  const { name, role, state, cause, reported, link } = thing.status();
  const { core = 'none', connects, queued, dropped } = link;
  return {
    name,
    kind: role,
    state: state === 'ok' || state === 'degraded' ? state : 'failed',
    ...(cause !== undefined && { cause }),
    figures: { ...reported, core, connects, queued, dropped },
  };
}
