import type { JsonObject, LineAddress } from '../hal/index.js';
import {
  DISTANCE_CM,
  DISTANCE_METHODS,
  type DistanceMethod,
  type DistanceReading,
  type DistanceSensor,
  openDistanceSensor,
} from '../hal/sensors/index.js';
import type { Role, RoleContext, RoleDefinition, ShadowProperty } from './contract.js';
import { DURATION, LINE, RECIPIENTS, TOPIC } from './options.js';
import { Sampler } from './sampler.js';
import { Sender } from './sender.js';

export interface DistanceOptions {
  readonly trigger: LineAddress;
  readonly echo: LineAddress;
  readonly method: DistanceMethod;
  /** ms between measurements */
  readonly sample: number;
  /** ms between messages */
  readonly every: number;
  /** cm */
  readonly step: number;
  readonly topic?: string;
  readonly to: readonly string[];
}

/** The sound of one measurement must have died away before the next. */
const SAMPLE_LEAST_MS = 100;

const PROPERTIES: readonly ShadowProperty[] = [
  {
    name: 'distanceCm',
    side: 'reported',
    values: `${DISTANCE_CM.least}..${DISTANCE_CM.most} cm`,
    description: 'Absent while nothing is within reach, or nothing was measured yet.',
  },
  {
    name: 'measuredAt',
    side: 'reported',
    values: 'ms since 1970',
    description: 'When that was measured.',
  },
];

export const distance: RoleDefinition<DistanceOptions> = {
  name: 'distance',
  summary:
    'Distance before an ultrasonic sensor (HC-SR04), reported and published at an interval and when it changes.',
  options: {
    trigger: { ...LINE, title: 'Trigger line' },
    echo: {
      ...LINE,
      title: 'Echo line',
      description:
        'Its 5 V must be divided to 3.3 V. A line name (GPIO17), a header position (J8:11), or { chip: LABEL, offset: N }.',
    },
    method: {
      title: 'Method',
      description:
        '`edges` times the echo by the driver’s timestamps; `mock` is what a hand at the bench has set; `auto` is `mock` on a simulated driver, else `edges`.',
      enum: DISTANCE_METHODS,
      default: 'auto',
    },
    sample: {
      ...DURATION,
      title: 'Sampling interval',
      description: 'Time between measurements, at least 100ms.',
      default: '1s',
    },
    every: {
      ...DURATION,
      title: 'Reporting interval',
      description: 'A measurement is reported and published at least this often.',
      default: '60s',
    },
    step: {
      title: 'Step',
      description: 'cm. A change of this much is reported at once.',
      type: 'number',
      exclusiveMinimum: 0,
      default: 2,
    },
    topic: {
      ...TOPIC,
      title: 'Topic',
      description:
        'Gets { "thing", "distanceCm", "at" }; null when nothing is within reach. Default: distance/NAME.',
    },
    to: RECIPIENTS,
  },
  required: ['trigger', 'echo'],
  properties: PROPERTIES,
  telemetry: true,
  lines: ({ trigger, echo }) => [
    { path: 'trigger', address: trigger, direction: 'output', safe: 'inactive' },
    { path: 'echo', address: echo, direction: 'input' },
  ],
  traffic: (thing, { topic, to }) => ({
    shadow: true,
    publishes: [{ subject: topic ?? distanceTopic(thing), to }],
  }),
  check: ({ sample }) =>
    sample < SAMPLE_LEAST_MS
      ? [{ path: 'sample', message: 'an echo needs time to die away; write at least 100ms' }]
      : [],
  create: (options, context) => new Distance(options, context),
};

function distanceTopic(thing: string): string {
  return `distance/${thing}`;
}

class Distance implements Role {
  readonly #sender: Sender;
  #sensor: DistanceSensor | undefined;
  #sampler: Sampler<DistanceReading> | undefined;
  #told: DistanceReading | undefined;
  #toldNs = 0n;

  constructor(
    private readonly options: DistanceOptions,
    private readonly context: RoleContext,
  ) {
    this.#sender = new Sender(context, options.topic ?? distanceTopic(context.thing));
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { trigger, echo, method, sample } = this.options;
    const { gpio, clock, thing } = this.context;
    const sensor = await openDistanceSensor({ trigger, echo, method, consumer: thing }, { gpio, clock });
    this.#sensor = sensor;
    this.#sampler = new Sampler(this.context, {
      everyMs: sample,
      measure: (ended) => sensor.measure(ended),
      taken: (reading) => {
        if (this.#worthTelling(reading)) this.#tell(reading);
      },
    });
    this.#sampler.start();
  }

  async stop(): Promise<void> {
    await this.#sampler?.stop();
    await this.#sensor?.close();
  }

  state(): JsonObject {
    if (this.#told === undefined) return {};
    const { distanceCm, at } = this.#told;
    return { ...(distanceCm !== undefined && { distanceCm: rounded(distanceCm) }), measuredAt: at };
  }

  #worthTelling({ distanceCm }: DistanceReading): boolean {
    const told = this.#told;
    if (told === undefined) return true;
    const ageMs = Number(this.context.clock.monotonicNs() - this.#toldNs) / 1e6;
    if (ageMs >= this.options.every) return true;
    if (distanceCm === undefined || told.distanceCm === undefined) return distanceCm !== told.distanceCm;
    return Math.abs(distanceCm - told.distanceCm) >= this.options.step;
  }

  #tell(reading: DistanceReading): void {
    const { thing, clock } = this.context;
    this.#told = reading;
    this.#toldNs = clock.monotonicNs();
    const { distanceCm, at } = reading;
    void this.#sender.send({ thing, distanceCm: distanceCm === undefined ? null : rounded(distanceCm), at });
    this.context.changed();
  }
}

/** A tenth of a centimetre is more than the sensor has. */
function rounded(cm: number): number {
  return Math.round(cm * 10) / 10;
}
