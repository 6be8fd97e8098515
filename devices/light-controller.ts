import { type LineAddress, messageOf, type Timer } from '../hal/index.js';
import { Contact, type ContactOptions, checkPull, contactClaim, contactOptions } from './contact.js';
import type { Role, RoleContext, RoleDefinition } from './contract.js';
import { failure } from './faults.js';
import { DURATION, LINE, THING } from './options.js';

export interface LightControllerOptions extends Omit<ContactOptions, 'line'> {
  readonly controls: string;
  readonly sequence: readonly string[];
  /** ms. Absent with a `line`: only the button steps. Absent without: {@link DEFAULT_EVERY_MS}. */
  readonly every?: number;
  readonly line?: LineAddress;
}

export const DEFAULT_EVERY_MS = 20_000;

/** Sets another thing's aspect, step by step. */
export const lightController: RoleDefinition<LightControllerOptions> = {
  name: 'light-controller',
  summary: "Drives another thing's traffic light through a sequence, on a clock or by a button.",
  options: {
    controls: { ...THING, title: 'Light', description: 'The thing whose `property` it sets.' },
    sequence: {
      title: 'Sequence',
      description: 'The aspects in order; after the last comes the first.',
      type: 'array',
      items: { enum: ['R', 'Y', 'G'] },
      minItems: 2,
      maxItems: 64,
      default: ['G', 'Y', 'R'],
    },
    every: {
      ...DURATION,
      title: 'Time per aspect',
      description: 'How long each aspect stays. Default: 20s; with a `line`, only the button steps.',
    },
    ...contactOptions({ activeLow: true, bias: 'pull-up', debounce: '20ms' }),
    line: {
      ...LINE,
      title: 'Line of a button',
      description: 'Each press goes one step on. Default: no button.',
    },
  },
  required: ['controls'],
  properties: [],
  lines: ({ line, activeLow }) => (line === undefined ? [] : [contactClaim({ line, activeLow })]),
  traffic: (_thing, { controls }) => ({ shadow: false, drives: [controls], follows: [controls] }),
  check: ({ sequence, line, bias, activeLow }) => [
    ...sequence.flatMap((aspect, index) =>
      aspect === sequence[(index + 1) % sequence.length]
        ? [
            {
              path: `sequence[${index}]`,
              message: `${aspect} is followed by ${aspect}; the light would not change`,
            },
          ]
        : [],
    ),
    ...(line === undefined ? [] : checkPull({ bias, activeLow })),
  ],
  create: (options, context) => new LightController(options, context),
};

class LightController implements Role {
  readonly #button = new Contact();
  #beat: Timer | undefined;
  #unfollow: (() => void) | undefined;
  /** The aspect the light reports; undefined until it is known. */
  #reported: string | undefined;
  /** Index in the sequence of what was asked last, or of what the light was found at. */
  #position = -1;
  #asking = false;
  #failing: string | undefined;
  #stopped = false;

  constructor(
    private readonly options: LightControllerOptions,
    private readonly context: RoleContext,
  ) {}

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { line, controls } = this.options;
    const { neighbours } = this.context;
    if (line !== undefined) {
      const button = { ...this.options, line };
      await this.#button.open(button, this.context, { edge: 'rising', onEdge: () => this.#press() });
    }
    this.#unfollow = neighbours.follow(controls, (reported) => {
      const aspect = reported.property;
      this.#reported = typeof aspect === 'string' ? aspect : undefined;
    });
    this.#startBeat();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#beat?.cancel();
    this.#unfollow?.();
    await this.#button.close();
  }

  state(): { readonly asked: string | null } {
    return { asked: this.options.sequence[this.#position] ?? null };
  }

  #startBeat(): void {
    const { every = this.options.line === undefined ? DEFAULT_EVERY_MS : undefined } = this.options;
    this.#beat?.cancel();
    if (every !== undefined) this.#beat = this.context.clock.every(every, () => void this.#step());
  }

  /** A press gives the new aspect its full time. */
  #press(): void {
    this.#startBeat();
    void this.#step();
  }

  /** One step on from what the light shows. While a request is under way the step is left out. */
  async #step(): Promise<void> {
    if (this.#asking || this.#stopped) return;
    this.#asking = true;
    const { sequence, controls } = this.options;
    const next = this.#next();
    try {
      await this.context.neighbours.desire(controls, { property: sequence[next] ?? null });
      this.#position = next;
      this.#recovered();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#asking = false;
    }
  }

  /** Goes by the light's own report: a light that refused a step is asked the same again. */
  #next(): number {
    const { sequence } = this.options;
    const after = (index: number): number => (index + 1) % sequence.length;
    if (this.#reported === undefined) return after(this.#position);
    if (sequence[this.#position] === this.#reported) return after(this.#position);
    // It still shows what came before the last request, or stands elsewhere in the sequence, or outside of it.
    const before = (this.#position - 1 + sequence.length) % sequence.length;
    if (this.#position >= 0 && sequence[before] === this.#reported) return this.#position;
    return after(sequence.indexOf(this.#reported));
  }

  /** One line and one fault per outage, not one per beat. */
  #failed(error: unknown): void {
    if (this.#stopped) return;
    const fault = failure(error);
    if (this.#failing === fault.code) return;
    this.#failing = fault.code;
    const { controls } = this.options;
    this.context.log.warn(
      { thing: this.context.thing, light: controls, code: fault.code },
      `${controls} was not asked for the next aspect: ${messageOf(error)}; the next step tries again`,
    );
    this.context.fault(fault);
  }

  #recovered(): void {
    if (this.#failing === undefined) return;
    this.#failing = undefined;
    this.context.log.info(
      { thing: this.context.thing, light: this.options.controls },
      'the light can be asked again',
    );
    this.context.fault(undefined);
  }
}
