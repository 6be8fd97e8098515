import type { JsonObject } from '../hal/index.js';
import { Contact, type ContactOptions, checkPull, contactClaim, contactOptions } from './contact.js';
import type { Role, RoleContext, RoleDefinition, ShadowProperty } from './contract.js';
import { RECIPIENTS, THING } from './options.js';
import { Sender } from './sender.js';

export interface CarCounterOptions extends ContactOptions {
  readonly light: string;
  readonly to: readonly string[];
}

/** The topic of a counter. */
export function carsTopic(thing: string): string {
  return `cars/${thing}`;
}

const PROPERTIES: readonly ShadowProperty[] = [
  { name: 'total', side: 'reported', values: 'count', description: 'Cars during all greens since `since`.' },
  { name: 'greens', side: 'reported', values: 'count', description: 'Greens seen since `since`.' },
  { name: 'cars', side: 'reported', values: 'count', description: 'Cars during the present or last green.' },
  {
    name: 'since',
    side: 'reported',
    values: 'ms since 1970',
    description: 'When counting began: the start of the program.',
  },
];

/** Cars that pass a light while it is green. */
export const carCounter: RoleDefinition<CarCounterOptions> = {
  name: 'car-counter',
  summary:
    'Counts the pulses of a detector while a light is green, and publishes on `cars/NAME`: { "light", "total", "green", "cars", "since", "at" }.',
  options: {
    ...contactOptions({ activeLow: true, bias: 'pull-up', debounce: '20ms' }),
    light: {
      ...THING,
      title: 'Light',
      description: 'The thing whose green (`property: G`) opens the count.',
    },
    to: RECIPIENTS,
  },
  required: ['line', 'light'],
  properties: PROPERTIES,
  lines: (options) => [contactClaim(options)],
  traffic: (thing, { light, to }) => ({
    shadow: true,
    follows: [light],
    publishes: [{ subject: carsTopic(thing), to }],
  }),
  check: checkPull,
  create: (options, context) => new CarCounter(options, context),
};

/**
 * Publishes when a green begins, at each car and when the green ends. The numbers are totals, so that a message that is
 * lost or comes twice does no harm; `since` tells a count that began anew.
 */
class CarCounter implements Role {
  readonly #contact = new Contact();
  readonly #sender: Sender;
  #unfollow: (() => void) | undefined;
  #green = false;
  #since = 0;
  #total = 0;
  #greens = 0;
  #cars = 0;

  constructor(
    private readonly options: CarCounterOptions,
    private readonly context: RoleContext,
  ) {
    this.#sender = new Sender(context, carsTopic(context.thing));
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#since = this.context.clock.now();
    await this.#contact.open(this.options, this.context, { edge: 'rising', onEdge: () => this.#onCar() });
    this.#unfollow = this.context.neighbours.follow(this.options.light, (reported) =>
      this.#onLight(reported.property === 'G'),
    );
  }

  async stop(): Promise<void> {
    this.#unfollow?.();
    await this.#contact.close();
  }

  state(): JsonObject {
    return { total: this.#total, greens: this.#greens, cars: this.#cars, since: this.#since };
  }

  #onCar(): void {
    if (!this.#green) return;
    this.#total++;
    this.#cars++;
    this.#tell();
  }

  #onLight(green: boolean): void {
    if (green === this.#green) return;
    this.#green = green;
    if (green) {
      this.#greens++;
      this.#cars = 0;
    }
    this.#tell();
  }

  #tell(): void {
    void this.#sender.send({
      light: this.options.light,
      total: this.#total,
      green: this.#greens,
      cars: this.#cars,
      since: this.#since,
      at: this.context.clock.now(),
    });
    this.context.changed();
  }
}
