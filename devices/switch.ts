import type { EdgeEvent, JsonObject } from '../hal/index.js';
import { Contact, type ContactOptions, checkPull, contactClaim, contactOptions } from './contact.js';
import type { Role, RoleContext, RoleDefinition, ShadowProperty } from './contract.js';

export interface SwitchOptions extends ContactOptions {
  readonly momentary: boolean;
}

const PROPERTIES: readonly ShadowProperty[] = [
  { name: 'on', side: 'reported', values: 'true | false', description: 'The position of the switch.' },
  {
    name: 'changes',
    side: 'reported',
    values: 'count',
    description: 'Changes since the start of the program.',
  },
];

/** A switch that stays where it is put; a push-button that acts like one with `momentary`. */
export const latchingSwitch: RoleDefinition<SwitchOptions> = {
  name: 'switch',
  summary:
    'A latching switch: reports its position. With `momentary`, each press of a push-button turns it over.',
  options: {
    ...contactOptions({ activeLow: true, bias: 'pull-up', debounce: '20ms' }),
    momentary: {
      title: 'Momentary',
      description: 'The contact is a push-button: each press turns on to off or off to on; off at the start.',
      type: 'boolean',
      default: false,
    },
  },
  required: ['line'],
  properties: PROPERTIES,
  lines: (options) => [contactClaim(options)],
  traffic: () => ({ shadow: true }),
  check: checkPull,
  create: (options, context) => new LatchingSwitch(options, context),
};

class LatchingSwitch implements Role {
  readonly #contact = new Contact();
  #on = false;
  #changes = 0;

  constructor(
    private readonly options: SwitchOptions,
    private readonly context: RoleContext,
  ) {}

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { momentary } = this.options;
    const value = await this.#contact.open(this.options, this.context, {
      edge: momentary ? 'rising' : 'both',
      onEdge: (event: EdgeEvent) => this.#set(momentary ? !this.#on : event.edge === 'rising'),
    });
    this.#on = !momentary && value === 'active';
  }

  stop(): Promise<void> {
    return this.#contact.close();
  }

  state(): JsonObject {
    return { on: this.#on, changes: this.#changes };
  }

  #set(on: boolean): void {
    if (on === this.#on) return;
    this.#on = on;
    this.#changes++;
    this.context.changed();
  }
}
