import type { EdgeEvent, JsonObject, Timer } from '../hal/index.js';
import { Contact, type ContactOptions, checkPull, contactClaim, contactOptions } from './contact.js';
import type { Role, RoleContext, RoleDefinition, ShadowProperty } from './contract.js';
import { DURATION, RECIPIENTS, TOPIC } from './options.js';
import { Sender } from './sender.js';

export interface ButtonOptions extends ContactOptions {
  /** ms */
  readonly hold: number;
  readonly topic?: string;
  readonly to: readonly string[];
}

type ButtonEvent = 'press' | 'release' | 'hold' | 'click';

const PROPERTIES: readonly ShadowProperty[] = [
  { name: 'pressed', side: 'reported', values: 'true | false', description: 'Pressed at this moment.' },
  {
    name: 'presses',
    side: 'reported',
    values: 'count',
    description: 'Presses since the start of the program.',
  },
  { name: 'releases', side: 'reported', values: 'count', description: 'Releases since the start.' },
  { name: 'clicks', side: 'reported', values: 'count', description: 'Releases before `hold` was over.' },
  { name: 'holds', side: 'reported', values: 'count', description: 'Presses that lasted for `hold`.' },
];

/** A push-button. */
export const button: RoleDefinition<ButtonOptions> = {
  name: 'button',
  summary:
    'A push-button: counts presses, releases, clicks and holds, and publishes them if a topic is given.',
  options: {
    ...contactOptions({ activeLow: true, bias: 'pull-up', debounce: '20ms' }),
    hold: {
      ...DURATION,
      title: 'Hold',
      description: 'A press that lasts this long is a hold, a shorter one a click.',
      default: '1s',
    },
    topic: {
      ...TOPIC,
      title: 'Topic',
      description:
        'Gets { "event": "press" | "release" | "hold" | "click", "thing", "count", "at" }. Default: none.',
    },
    to: RECIPIENTS,
  },
  required: ['line'],
  properties: PROPERTIES,
  lines: (options) => [contactClaim(options)],
  traffic: (_thing, { topic, to }) => ({
    shadow: true,
    ...(topic === undefined ? {} : { publishes: [{ subject: topic, to }] }),
  }),
  check: checkPull,
  create: (options, context) => new Button(options, context),
};

class Button implements Role {
  readonly #contact = new Contact();
  readonly #sender: Sender | undefined;
  readonly #counts = { press: 0, release: 0, hold: 0, click: 0 };
  #pressed = false;
  #held = false;
  #holding: Timer | undefined;

  constructor(
    private readonly options: ButtonOptions,
    private readonly context: RoleContext,
  ) {
    this.#sender = options.topic === undefined ? undefined : new Sender(context, options.topic);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const onEdge = (event: EdgeEvent): void => this.#onEdge(event);
    // Pressed before the start: known, but no press of ours.
    this.#pressed = (await this.#contact.open(this.options, this.context, { onEdge })) === 'active';
    this.#held = this.#pressed;
  }

  async stop(): Promise<void> {
    this.#holding?.cancel();
    await this.#contact.close();
  }

  state(): JsonObject {
    const { press, release, click, hold } = this.#counts;
    return { pressed: this.#pressed, presses: press, releases: release, clicks: click, holds: hold };
  }

  #onEdge({ edge }: EdgeEvent): void {
    const pressed = edge === 'rising';
    // The same edge twice: the one between was lost, and with it a click that cannot be told from a hold.
    if (pressed === this.#pressed) return;
    this.#turn(pressed);
    this.context.changed();
  }

  #turn(pressed: boolean): void {
    this.#pressed = pressed;
    this.#holding?.cancel();
    this.#tell(pressed ? 'press' : 'release');
    if (!pressed) {
      if (!this.#held) this.#tell('click');
      return;
    }
    this.#held = false;
    this.#holding = this.context.clock.after(this.options.hold, () => {
      this.#held = true;
      this.#tell('hold');
      this.context.changed();
    });
  }

  #tell(event: ButtonEvent): void {
    const count = ++this.#counts[event];
    const { thing, clock } = this.context;
    void this.#sender?.send({ event, thing, count, at: clock.now() });
  }
}
