import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.js';
import type { Outside } from './outside.js';

export type Lamp = 'red' | 'yellow' | 'green';
export type Lamps = Readonly<Record<Lamp, number>>;
export type Aspect = 'R' | 'Y' | 'G';

/** Node, TLS and the store start slowly under software emulation, more so on a busy machine. */
export const START_LIMIT_MS = 240_000;
const CHANGE_LIMIT_MS = 60_000;
const THING = 'GG_TrafficLight';

export interface LightSettings {
  readonly machine: Machine;
  readonly outside: Outside;
  /** Offsets of the lamps' lines. */
  readonly lamps: Lamps;
  /** How the guest calls `greenlight`. */
  readonly command: string;
  /** What the guest has to say when the light does not do what was expected. */
  readonly explain: () => Promise<string>;
}

export interface ShadowState {
  readonly version: number;
  readonly desired: string;
  readonly reported: string;
}

/** What was lit, from `at` ms after the beginning. */
export interface Seen {
  readonly at: number;
  readonly lit: string;
}

/** The traffic light of a guest: asked through its shadow from inside, seen from outside. */
export class Light {
  constructor(private readonly settings: LightSettings) {}

  /** The lamps that are lit at this moment, `+` between them; '' when the lines are not driven. */
  async lit(): Promise<string> {
    const { outside, lamps } = this.settings;
    const lit = await outside.lit();
    return (['red', 'yellow', 'green'] as const).filter((lamp) => lit & (1 << lamps[lamp])).join('+');
  }

  /** Electrical levels of red, yellow and green, driven or not. */
  async levels(): Promise<readonly number[]> {
    const { outside, lamps } = this.settings;
    const levels: number[] = [];
    for (const lamp of ['red', 'yellow', 'green'] as const) levels.push(await outside.level(lamps[lamp]));
    return levels;
  }

  /** Waits until exactly this lamp is lit. @returns ms that it took */
  async waitFor(lamp: Lamp, limitMs = CHANGE_LIMIT_MS): Promise<number> {
    const began = Date.now();
    let seen = '';
    while (Date.now() - began < limitMs) {
      seen = await this.lit();
      if (seen === lamp) return Date.now() - began;
      await sleep(20);
    }
    throw new Error(
      `lit: ${seen || 'nothing'}, expected ${lamp} within ${limitMs} ms; the guest says:\n${await this.settings.explain()}`,
    );
  }

  /** Looks at the lamps, as often as they can be read, while something happens. @returns each change */
  async watch(work: () => Promise<void>): Promise<readonly Seen[]> {
    const began = Date.now();
    const seen: Seen[] = [];
    let over = false;
    const looking = (async () => {
      while (!over) {
        const lit = await this.lit();
        if (lit !== seen.at(-1)?.lit) seen.push({ at: Date.now() - began, lit });
        await sleep(2);
      }
    })();
    try {
      await work();
    } finally {
      over = true;
      await looking;
    }
    return seen;
  }

  /** Asks for an aspect through the shadow, as a person would; waits for the answer of the service only. */
  async desire(aspect: Aspect): Promise<void> {
    await this.settings.machine.run(`${this.settings.command} shadow set ${THING} property=${aspect}`);
  }

  async shadow(): Promise<ShadowState> {
    const text = await this.settings.machine.run(`${this.settings.command} shadow get ${THING} --json`);
    const { version, state } = JSON.parse(text.slice(text.indexOf('{'))) as {
      version: number;
      state?: { desired?: { property?: string }; reported?: { property?: string } };
    };
    return {
      version,
      desired: state?.desired?.property ?? '',
      reported: state?.reported?.property ?? '',
    };
  }

  async reported(): Promise<string> {
    return (await this.shadow()).reported;
  }

  /** Waits for the shadow: at the start the lamp comes on before the network does. */
  async waitUntilReported(aspect: string): Promise<void> {
    const began = Date.now();
    for (;;) {
      try {
        if ((await this.reported()) === aspect) return;
      } catch (error) {
        // Not up yet: the control socket or the shadow is missing.
        if (Date.now() - began > START_LIMIT_MS) throw error;
      }
      if (Date.now() - began > START_LIMIT_MS) {
        throw new Error(`the light does not report ${aspect}:\n${await this.settings.explain()}`);
      }
      await sleep(500);
    }
  }
}
