import type { JsonObject, LineAddress, OutputLine, Timer } from '../hal/index.js';
import type { LineClaim, Role, RoleContext, RoleDefinition, RoleFault, ShadowProperty } from './contract.js';
import { failure, ruleFault, unknownProperty, valueFault } from './faults.js';
import { HeldLines } from './held.js';
import { ACTIVE_LOW, LINE, MAX_ON } from './options.js';
import { type Aspect, checkNever, checkTransitions, type Lamp, type Transitions } from './safety.js';
import { Serial } from './serial.js';

export interface TrafficLightOptions {
  readonly lines: Readonly<Record<Lamp, LineAddress>>;
  readonly activeLow: boolean;
  /** Pairs of lamps that must never be lit together, checked on the lines after every change. */
  readonly never: readonly (readonly Lamp[])[];
  /** Absent: any aspect may follow any other. */
  readonly transitions?: Transitions;
  /** ms */
  readonly maxOn?: number;
}

const LAMP: Readonly<Record<Aspect, Lamp>> = { R: 'red', Y: 'yellow', G: 'green' };
/** Red last: it is the one that is lit from the start. */
const TAKING_ORDER: readonly Aspect[] = ['G', 'Y', 'R'];
const SAFE: Aspect = 'R';
/** Time in ms after which a safe state that could not be reached is tried again. */
const SAFE_RETRY_MS = 1_000;

const PROPERTIES: readonly ShadowProperty[] = [
  {
    name: 'property',
    side: 'desired',
    values: '"R" | "Y" | "G"',
    description:
      'The one aspect that is lit: red, yellow or green. Absent while a failure keeps all lamps dark.',
  },
];

const LAMP_NAME = { enum: ['red', 'yellow', 'green'] };
const ASPECTS = { type: 'array', items: { enum: ['R', 'Y', 'G'] }, minItems: 1, uniqueItems: true };

/** Three lamps, of which one is lit. */
export const trafficLight: RoleDefinition<TrafficLightOptions> = {
  name: 'traffic-light',
  summary: 'A red, a yellow and a green lamp, of which exactly one is lit; red at the start and at the end.',
  options: {
    lines: {
      title: 'Lines of the lamps',
      type: 'object',
      properties: {
        red: { ...LINE, title: 'Line of the red lamp' },
        yellow: { ...LINE, title: 'Line of the yellow lamp' },
        green: { ...LINE, title: 'Line of the green lamp' },
      },
      required: ['red', 'yellow', 'green'],
      additionalProperties: false,
    },
    activeLow: ACTIVE_LOW,
    never: {
      title: 'Never together',
      description:
        'Pairs of lamps that must not be lit together. The lines are read back after every change; when a pair is lit nevertheless (a short, another program), the light goes to red and reports it.',
      type: 'array',
      items: { type: 'array', items: LAMP_NAME, minItems: 2, maxItems: 2 },
      default: [
        ['green', 'red'],
        ['green', 'yellow'],
        ['yellow', 'red'],
      ],
    },
    transitions: {
      title: 'Allowed transitions',
      description:
        'Which aspects may follow each: { R: [G], G: [Y], Y: [R] }. A request for another puts the light to red and is reported. Default: all.',
      type: 'object',
      properties: { R: ASPECTS, Y: ASPECTS, G: ASPECTS },
      additionalProperties: false,
    },
    maxOn: {
      ...MAX_ON,
      title: 'Longest green or yellow',
      description: 'After this time the light goes to red and reports it. Default: no limit.',
    },
  },
  required: ['lines'],
  properties: PROPERTIES,
  lines: ({ lines, activeLow }) =>
    TAKING_ORDER.map(
      (aspect): LineClaim => ({
        path: `lines.${LAMP[aspect]}`,
        address: lines[LAMP[aspect]],
        direction: 'output',
        safe: aspect === SAFE ? 'active' : 'inactive',
        activeLow,
      }),
    ),
  traffic: () => ({ shadow: true }),
  check: ({ never, transitions }) => [
    ...checkNever(never),
    ...(transitions === undefined ? [] : checkTransitions(transitions, SAFE)),
  ],
  create: (options, context) => new TrafficLight(options, context),
};

class TrafficLight implements Role {
  readonly #held = new HeldLines();
  readonly #serial = new Serial();
  readonly #lamps = new Map<Aspect, OutputLine>();
  /** The one lamp that is lit; undefined when all are dark. */
  #lit: Aspect | undefined;
  /** Lamps that were told to light and not yet, for certain, to go dark. */
  readonly #maybeLit = new Set<Aspect>([SAFE]);
  #maxOn: Timer | undefined;
  /** A fault that no request caused is told to the context. */
  #alarmed = false;
  /** Runs while the safe state is owed. */
  #owed: Timer | undefined;

  constructor(
    private readonly options: TrafficLightOptions,
    private readonly context: RoleContext,
  ) {}

  async start(signal: AbortSignal): Promise<void> {
    try {
      for (const aspect of TAKING_ORDER) {
        signal.throwIfAborted();
        const value = aspect === SAFE ? 'active' : 'inactive';
        const address = this.options.lines[LAMP[aspect]];
        const { activeLow } = this.options;
        const request = this.context.gpio.output(address, this.context.thing, {
          initial: value,
          safe: value,
          activeLow,
        });
        this.#lamps.set(aspect, await this.#held.take(request));
      }
    } catch (error) {
      // The reason of the failed start counts more than a line that does not close after it.
      await this.#held.close().catch(() => {});
      throw error;
    }
    this.#lit = SAFE;
  }

  stop(): Promise<void> {
    return this.#serial.run(async () => {
      this.#maxOn?.cancel();
      this.#forgetOwed();
      await this.#held.close();
      if (this.#lit !== undefined) this.#lit = SAFE;
    });
  }

  state(): JsonObject {
    return { property: this.#lit ?? null };
  }

  apply(desired: JsonObject): Promise<RoleFault | undefined> {
    return this.#serial.run(async () => {
      let fault: RoleFault | undefined;
      for (const [name, value] of Object.entries(desired)) {
        if (name !== 'property') fault ??= unknownProperty(name, PROPERTIES);
        else if (value === 'R' || value === 'Y' || value === 'G')
          fault = (await this.#request(value)) ?? fault;
        else fault ??= valueFault(name, value, '"R", "Y" or "G"');
      }
      return fault;
    });
  }

  async #request(aspect: Aspect): Promise<RoleFault | undefined> {
    if (aspect === this.#lit) return undefined;
    const forbidden = this.#forbidden(aspect);
    if (forbidden !== undefined) return this.#makeSafe(ruleFault(forbidden, 'property'));
    try {
      await this.#show(aspect);
      const broken = await this.#verify(aspect);
      if (broken !== undefined) return await this.#makeSafe(broken);
      this.#forgetOwed();
    } catch (error) {
      return this.#makeSafe(failure(error, 'property'));
    }
    this.#watchMaxOn();
    if (this.#alarmed) this.context.fault(undefined);
    this.#alarmed = false;
    return undefined;
  }

  #forbidden(aspect: Aspect): string | undefined {
    const { transitions } = this.options;
    if (transitions === undefined) return undefined;
    const from = this.#lit;
    const allowed: readonly Aspect[] = from === undefined ? [SAFE] : (transitions[from] ?? []);
    if (allowed.includes(aspect)) return undefined;
    const may = allowed.length === 0 ? 'nothing may follow it' : `${allowed.join(' or ')} may follow`;
    return `the transition from ${from ?? 'dark'} to ${aspect} is not allowed (${may}); the light goes to ${SAFE}`;
  }

  /** Break before make: the old lamp is dark before the new one is lit. */
  async #show(aspect: Aspect): Promise<void> {
    for (const other of [...this.#maybeLit]) if (other !== aspect) await this.#darken(other);
    await this.#light(aspect);
  }

  async #light(aspect: Aspect): Promise<void> {
    this.#maybeLit.add(aspect);
    await this.#lamp(aspect).write('active');
    this.#lit = aspect;
  }

  async #darken(aspect: Aspect): Promise<void> {
    await this.#lamp(aspect).write('inactive');
    this.#maybeLit.delete(aspect);
    if (this.#lit === aspect) this.#lit = undefined;
  }

  /** Reads the lamps back. @returns what is wrong with what they show */
  async #verify(aspect: Aspect): Promise<RoleFault | undefined> {
    const lit = new Set<Lamp>();
    for (const [each, line] of this.#lamps) if ((await line.read()) === 'active') lit.add(LAMP[each]);
    const pair = this.options.never.find((lamps) => lamps.every((lamp) => lit.has(lamp)));
    if (pair !== undefined) {
      return ruleFault(
        `${pair.join(' and ')} are lit together, which \`never\` forbids; the light goes to ${SAFE}`,
      );
    }
    if (lit.has(LAMP[aspect])) return undefined;
    return {
      code: 'HAL_IO',
      message: `the ${LAMP[aspect]} lamp reads inactive after it was lit; look for a short on its line`,
      property: 'property',
    };
  }

  /** Red and nothing else, as far as the lines allow: with another lamp stuck, red stays dark. */
  async #makeSafe(reason: RoleFault): Promise<RoleFault> {
    this.#maxOn?.cancel();
    this.#forgetOwed();
    this.context.log.warn({ thing: this.context.thing, code: reason.code }, reason.message);
    try {
      await this.#show(SAFE);
      return reason;
    } catch (error) {
      this.#oweSafe();
      return {
        ...reason,
        message: `${reason.message}; the safe state failed too and is tried again: ${failure(error).message}`,
      };
    }
  }

  #oweSafe(): void {
    const timer = this.context.clock.after(SAFE_RETRY_MS, () => {
      void this.#serial.run(async () => {
        // A request that came first may have paid it.
        if (this.#owed !== timer) return;
        try {
          await this.#show(SAFE);
        } catch {
          // Said when it failed first; the state tells that it lasts.
          this.#oweSafe();
          return;
        }
        this.#owed = undefined;
        this.context.log.info({ thing: this.context.thing }, `the light is at ${SAFE} again`);
        this.context.changed();
      });
    });
    this.#owed = timer;
  }

  #forgetOwed(): void {
    this.#owed?.cancel();
    this.#owed = undefined;
  }

  #watchMaxOn(): void {
    this.#maxOn?.cancel();
    const { maxOn } = this.options;
    const aspect = this.#lit;
    if (maxOn === undefined || aspect === undefined || aspect === SAFE) return;
    this.#maxOn = this.context.clock.after(maxOn, () => {
      void this.#serial.run(async () => {
        if (this.#lit !== aspect) return;
        const rule = ruleFault(`${LAMP[aspect]} was lit for ${maxOn} ms, the longest that \`maxOn\` allows`);
        this.context.fault(await this.#makeSafe(rule));
        this.#alarmed = true;
        this.context.changed();
      });
    });
  }

  #lamp(aspect: Aspect): OutputLine {
    const line = this.#lamps.get(aspect);
    if (line === undefined) throw new Error(`the ${LAMP[aspect]} lamp was used before start`);
    return line;
  }
}
