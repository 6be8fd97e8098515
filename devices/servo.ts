import type { JsonObject, LineAddress, ServoLine } from '../hal/index.js';
import type { Role, RoleContext, RoleDefinition, RoleFault, ShadowProperty } from './contract.js';
import { failure, unknownProperty, valueFault } from './faults.js';
import { LINE } from './options.js';

export interface ServoOptions {
  readonly line: LineAddress;
  /** µs at angle 0 */
  readonly minPulse: number;
  /** µs at the full range */
  readonly maxPulse: number;
  /** degrees */
  readonly range: number;
  readonly initial?: number;
}

const PROPERTIES: readonly ShadowProperty[] = [
  {
    name: 'angle',
    side: 'desired',
    values: '0..range, degrees',
    description: 'Where the servo is held; absent until it was first asked to move.',
  },
  {
    name: 'on',
    side: 'desired',
    values: 'true | false',
    description: 'Holds its angle. false ends the pulses, and the servo goes limp; an angle turns it on.',
  },
];

const PULSE = { type: 'integer', minimum: 500, maximum: 2500 };

/** A hobby servo. */
export const servo: RoleDefinition<ServoOptions> = {
  name: 'servo',
  summary: 'A hobby servo, moved to an angle. Limp at the start (unless `initial` is set) and at the end.',
  options: {
    line: LINE,
    minPulse: { ...PULSE, title: 'Pulse at angle 0', description: 'µs', default: 1000 },
    maxPulse: { ...PULSE, title: 'Pulse at full range', description: 'µs', default: 2000 },
    range: {
      title: 'Range',
      description: 'Degrees.',
      type: 'number',
      minimum: 1,
      maximum: 360,
      default: 180,
    },
    initial: {
      title: 'Angle at the start',
      description: 'Degrees. Default: the servo is not moved.',
      type: 'number',
      minimum: 0,
      maximum: 360,
    },
  },
  required: ['line'],
  properties: PROPERTIES,
  lines: ({ line }) => [{ path: 'line', address: line, direction: 'servo' }],
  traffic: () => ({ shadow: true }),
  check: ({ minPulse, maxPulse, range, initial }) => [
    ...(minPulse === maxPulse
      ? [{ path: 'maxPulse', message: 'equals minPulse; the servo would not move' }]
      : []),
    ...(initial !== undefined && initial > range
      ? [{ path: 'initial', message: `${initial} degrees is beyond the range of ${range}` }]
      : []),
  ],
  create: (options, context) => new Servo(options, context),
};

class Servo implements Role {
  #line: ServoLine | undefined;
  #angle: number | undefined;
  #on = false;

  constructor(
    private readonly options: ServoOptions,
    private readonly context: RoleContext,
  ) {}

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { line, initial } = this.options;
    this.#line = await this.context.gpio.servo(line, this.context.thing);
    if (initial === undefined) return;
    const fault = await this.#move(initial, true);
    if (fault === undefined) return;
    this.context.fault(fault);
  }

  async stop(): Promise<void> {
    this.#on = false;
    await this.#line?.close();
  }

  state(): JsonObject {
    return { on: this.#on, ...(this.#angle === undefined ? {} : { angle: this.#angle }) };
  }

  async apply(desired: JsonObject): Promise<RoleFault | undefined> {
    let fault: RoleFault | undefined;
    let angle = this.#angle;
    let on: boolean | undefined;
    for (const [name, value] of Object.entries(desired)) {
      if (name === 'angle') {
        if (typeof value === 'number' && value >= 0 && value <= this.options.range) angle = value;
        else fault ??= valueFault(name, value, `a number of 0..${this.options.range} degrees`);
      } else if (name === 'on') {
        if (typeof value === 'boolean') on = value;
        else fault ??= valueFault(name, value, 'true or false');
      } else fault ??= unknownProperty(name, PROPERTIES);
    }
    const moved = angle !== this.#angle;
    if (!moved && on === undefined) return fault;
    return (await this.#move(angle, on ?? true)) ?? fault;
  }

  async #move(angle: number | undefined, on: boolean): Promise<RoleFault | undefined> {
    if (on && angle === undefined) return valueFault('on', true, 'true only with an angle, or after one');
    const { minPulse, maxPulse, range } = this.options;
    const width = on && angle !== undefined ? minPulse + ((maxPulse - minPulse) * angle) / range : 0;
    try {
      await this.#line?.setPulseWidth(Math.round(width));
    } catch (error) {
      return failure(error, 'angle');
    }
    this.#angle = angle;
    this.#on = on;
    return undefined;
  }
}
