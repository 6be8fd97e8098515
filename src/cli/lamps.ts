import type { JsonObject } from '../../hal/index.js';
import type { Batch } from '../aggregator/batch.js';
import type { Totals } from '../aggregator/statistics.js';
import type { CliIo } from './io.js';

const ASPECTS = { R: ['red', 31], Y: ['yellow', 33], G: ['green', 32] } as const;

/** Draws traffic lights as they change, a line each: `12:00:01  GG_TrafficLight  ○○●  green`. */
export class LampView {
  readonly #shown = new Map<string, string>();

  constructor(
    private readonly io: CliIo,
    private readonly now: () => number,
  ) {}

  light(thing: string, state: JsonObject): void {
    const aspect = state.property;
    if (aspect !== 'R' && aspect !== 'Y' && aspect !== 'G') return;
    if (this.#shown.get(thing) === aspect) return;
    this.#shown.set(thing, aspect);
    const lamps = (['R', 'Y', 'G'] as const).map((lamp) =>
      this.#colour(lamp === aspect ? '●' : '○', ASPECTS[lamp][1], lamp === aspect),
    );
    this.io.out(`${this.#time()}  ${thing}  ${lamps.join('')}  ${ASPECTS[aspect][0]}\n`);
  }

  green(thing: string, totals: Totals, batch: Batch | undefined): void {
    if (batch === undefined) return;
    const { totalGreenlights, totalTraffic } = totals;
    this.io.out(
      `${this.#time()}  ${thing}  batch ${batch.window}: ${totalGreenlights} greens, ${totalTraffic} cars\n`,
    );
  }

  #time(): string {
    return new Date(this.now()).toTimeString().slice(0, 8);
  }

  #colour(text: string, code: number, lit: boolean): string {
    if (this.io.env.NO_COLOR) return text;
    return lit ? `\u001b[${code}m${text}\u001b[0m` : `\u001b[2m${text}\u001b[0m`;
  }
}
