import type { JsonObject, LineAddress, Timer } from '../hal/index.js';
import {
  CLIMATE_METHODS,
  type ClimateMethod,
  type ClimateModel,
  type ClimateReading,
  type ClimateSensor,
  openClimateSensor,
} from '../hal/sensors/index.js';
import type { Role, RoleContext, RoleDefinition, ShadowProperty } from './contract.js';
import { DURATION, LINE, RECIPIENTS, TOPIC } from './options.js';
import { Sampler } from './sampler.js';
import { Sender } from './sender.js';

export interface ClimateOptions {
  readonly model: ClimateModel;
  readonly method: ClimateMethod;
  readonly line?: LineAddress;
  /** ms between measurements */
  readonly sample: number;
  /** ms between messages */
  readonly every: number;
  /** °C */
  readonly temperatureStep: number;
  /** % */
  readonly humidityStep: number;
  /** ms */
  readonly staleAfter: number;
  readonly topic?: string;
  readonly to: readonly string[];
}

/** Methods that reach the sensor without a line of the GPIO driver. */
const LINELESS: readonly ClimateMethod[] = ['iio', 'mock'];

const PROPERTIES: readonly ShadowProperty[] = [
  {
    name: 'temperatureC',
    side: 'reported',
    values: '°C',
    description: 'Absent when no measurement succeeded within `staleAfter`.',
  },
  {
    name: 'humidityPercent',
    side: 'reported',
    values: '0..100 %',
    description: 'Relative humidity; absent likewise.',
  },
  {
    name: 'measuredAt',
    side: 'reported',
    values: 'ms since 1970',
    description: 'When these values were measured.',
  },
  {
    name: 'quality',
    side: 'reported',
    values: '"good" | "retried" | "stale"',
    description: 'The first try succeeded; a later one did; no recent measurement.',
  },
];

/** @param open opens the sensor; by default as configured */
export function climateRole(
  open: typeof openClimateSensor = openClimateSensor,
): RoleDefinition<ClimateOptions> {
  return {
    name: 'climate',
    summary:
      'Temperature and humidity of a DHT11 or DHT22, reported and published at an interval and when they change.',
    options: {
      model: { title: 'Model', enum: ['dht11', 'dht22'], default: 'dht22' },
      method: {
        title: 'Method',
        description: 'How the sensor is read; `auto` takes the first that works here.',
        enum: CLIMATE_METHODS,
        default: 'auto',
      },
      line: { ...LINE, title: 'Data line', description: 'Needed unless the method is `iio` or `mock`.' },
      sample: {
        ...DURATION,
        title: 'Sampling interval',
        description: 'Time between measurements, at least 2s.',
        default: '10s',
      },
      every: {
        ...DURATION,
        title: 'Reporting interval',
        description: 'A new measurement is reported and published at least this often.',
        default: '60s',
      },
      temperatureStep: {
        title: 'Temperature step',
        description: '°C. A change of this much is reported at once.',
        type: 'number',
        exclusiveMinimum: 0,
        default: 0.5,
      },
      humidityStep: {
        title: 'Humidity step',
        description: '%. A change of this much is reported at once.',
        type: 'number',
        exclusiveMinimum: 0,
        default: 3,
      },
      staleAfter: {
        ...DURATION,
        title: 'Stale after',
        description: 'Without a measurement for this long the values are null.',
        default: '2m',
      },
      topic: {
        ...TOPIC,
        title: 'Topic',
        description:
          'Gets { "thing", "temperatureC", "humidityPercent", "at", "quality" }; nulls with quality "stale". Default: climate/NAME.',
      },
      to: RECIPIENTS,
    },
    required: [],
    properties: PROPERTIES,
    telemetry: true,
    lines: ({ line, method }) =>
      line === undefined || LINELESS.includes(method)
        ? []
        : [{ path: 'line', address: line, direction: 'pulse' }],
    traffic: (thing, { topic, to }) => ({
      shadow: true,
      publishes: [{ subject: topic ?? climateTopic(thing), to }],
    }),
    check: ({ line, method, sample, staleAfter }) => [
      ...(line === undefined && !LINELESS.includes(method)
        ? [{ path: 'line', message: `method ${method} needs the data line: line: GPIO4` }]
        : []),
      ...(sample < 2_000 ? [{ path: 'sample', message: 'a DHT measures at most every 2s' }] : []),
      ...(staleAfter <= sample
        ? [{ path: 'staleAfter', message: 'must be more than sample, or every value is stale at once' }]
        : []),
    ],
    create: (options, context) => new Climate(options, context, open),
  };
}

export const climate = climateRole();

function climateTopic(thing: string): string {
  return `climate/${thing}`;
}

class Climate implements Role {
  readonly #sender: Sender;
  #sensor: ClimateSensor | undefined;
  #sampler: Sampler<ClimateReading> | undefined;
  #stale: Timer | undefined;
  /** What was last told; undefined before the first and when it is stale. */
  #told: ClimateReading | undefined;
  #toldNs = 0n;

  constructor(
    private readonly options: ClimateOptions,
    private readonly context: RoleContext,
    private readonly open: typeof openClimateSensor,
  ) {
    this.#sender = new Sender(context, options.topic ?? climateTopic(context.thing));
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { model, method, line, sample } = this.options;
    const { gpio, clock, log, random, thing } = this.context;
    const settings = { model, method, consumer: thing, ...(line === undefined ? {} : { line }) };
    const sensor = await this.open(settings, { gpio, clock, log, random });
    this.#sensor = sensor;
    this.#watchAge();
    this.#sampler = new Sampler(this.context, {
      everyMs: sample,
      measure: (ended) => sensor.measure(ended),
      taken: (reading) => {
        this.#watchAge();
        if (this.#worthTelling(reading)) this.#tell(reading);
      },
    });
    this.#sampler.start();
  }

  async stop(): Promise<void> {
    this.#stale?.cancel();
    // a measurement ends when its sensor is closed, or when it is told to
    await Promise.all([this.#sampler?.stop(), this.#sensor?.close()]);
  }

  state(): JsonObject {
    if (this.#told === undefined) return { quality: 'stale' };
    const { temperatureC, humidityPercent, at, quality } = this.#told;
    return { temperatureC, humidityPercent, measuredAt: at, quality };
  }

  #worthTelling(reading: ClimateReading): boolean {
    const { every, sample, temperatureStep, humidityStep } = this.options;
    const told = this.#told;
    if (told === undefined) return true;
    const ageMs = Number(this.context.clock.monotonicNs() - this.#toldNs) / 1e6;
    // Due now rather than one sample late, when the two intervals only just do not meet.
    if (ageMs >= every - sample / 2) return true;
    return (
      Math.abs(reading.temperatureC - told.temperatureC) >= temperatureStep ||
      Math.abs(reading.humidityPercent - told.humidityPercent) >= humidityStep
    );
  }

  #tell(reading: ClimateReading | undefined): void {
    const { thing, clock } = this.context;
    this.#told = reading;
    this.#toldNs = clock.monotonicNs();
    const {
      temperatureC = null,
      humidityPercent = null,
      at = clock.now(),
      quality = 'stale',
    } = reading ?? {};
    void this.#sender.send({ thing, temperatureC, humidityPercent, at, quality });
    this.context.changed();
  }

  /** From now on, values are null unless a new measurement comes in time. */
  #watchAge(): void {
    this.#stale?.cancel();
    this.#stale = this.context.clock.after(this.options.staleAfter, () => this.#tell(undefined));
  }
}
