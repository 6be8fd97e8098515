import type { EdgeEvent, JsonObject, Timer } from '../hal/index.js';
import { Contact, type ContactOptions, checkPull, contactClaim, contactOptions } from './contact.js';
import type { Role, RoleContext, RoleDefinition, ShadowProperty } from './contract.js';
import { DURATION, RECIPIENTS, TOPIC } from './options.js';
import { Sender } from './sender.js';

export interface MotionOptions extends ContactOptions {
  /** ms */
  readonly clearAfter: number;
  readonly topic?: string;
  readonly to: readonly string[];
}

const PROPERTIES: readonly ShadowProperty[] = [
  {
    name: 'motion',
    side: 'reported',
    values: 'true | false',
    description: 'Motion now, or within `clearAfter`.',
  },
  {
    name: 'detections',
    side: 'reported',
    values: 'count',
    description: 'Times that motion began since the start.',
  },
  {
    name: 'lastMotionAt',
    side: 'reported',
    values: 'ms since 1970',
    description: 'When the detector was last active; absent before the first time.',
  },
];

/** A motion detector (PIR). */
export const motion: RoleDefinition<MotionOptions> = {
  name: 'motion',
  summary: 'A motion detector with an output line (PIR): motion, and for how long it lasts.',
  options: {
    ...contactOptions({ activeLow: false, bias: 'as-is', debounce: '50ms' }),
    clearAfter: {
      ...DURATION,
      title: 'Clear after',
      description: 'Motion is over when the detector has been quiet for this long.',
      default: '30s',
    },
    topic: {
      ...TOPIC,
      title: 'Topic',
      description: 'Gets { "motion", "thing", "at" } at each change. Default: none.',
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
  create: (options, context) => new Motion(options, context),
};

class Motion implements Role {
  readonly #contact = new Contact();
  readonly #sender: Sender | undefined;
  #motion = false;
  #detections = 0;
  #lastAt: number | undefined;
  #quiet: Timer | undefined;

  constructor(
    private readonly options: MotionOptions,
    private readonly context: RoleContext,
  ) {
    this.#sender = options.topic === undefined ? undefined : new Sender(context, options.topic);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const onEdge = ({ edge }: EdgeEvent): void => this.#onLevel(edge === 'rising');
    if ((await this.#contact.open(this.options, this.context, { onEdge })) === 'active') this.#onLevel(true);
  }

  async stop(): Promise<void> {
    this.#quiet?.cancel();
    await this.#contact.close();
  }

  state(): JsonObject {
    const last = this.#lastAt === undefined ? {} : { lastMotionAt: this.#lastAt };
    return { motion: this.#motion, detections: this.#detections, ...last };
  }

  #onLevel(active: boolean): void {
    const { clock } = this.context;
    this.#lastAt = clock.now();
    this.#quiet?.cancel();
    if (!active) this.#quiet = clock.after(this.options.clearAfter, () => this.#set(false));
    else if (!this.#motion) {
      this.#detections++;
      this.#set(true);
    }
  }

  #set(moving: boolean): void {
    this.#motion = moving;
    const { thing, clock } = this.context;
    void this.#sender?.send({ motion: moving, thing, at: clock.now() });
    this.context.changed();
  }
}
