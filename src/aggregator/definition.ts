import type { BuiltinDefinition } from '../config/catalog.js';
import type { CarAggregatorOptions } from './car-aggregator.js';

/** `builtin: car-aggregator`, as configuration knows it. */
export const carAggregatorDefinition: BuiltinDefinition = {
  name: 'car-aggregator',
  summary:
    'Counts green lights and the cars that pass during them, and hands a batch to the sink on every n-th green.',
  options: {
    watch: { type: 'string', title: 'Thing', description: 'The traffic light whose greens count.' },
    batchEvery: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 3,
      title: 'Batch',
      description: 'A batch on every n-th green.',
    },
    counter: {
      type: 'string',
      title: 'Counter',
      description: 'A thing with role car-counter. Without one, cars are random.',
    },
    randomCars: {
      type: 'object',
      title: 'Random cars',
      description: 'Cars in one green when there is no counter, both ends included.',
      additionalProperties: false,
      properties: {
        min: { type: 'integer', minimum: 0, maximum: 10_000, default: 1 },
        max: { type: 'integer', minimum: 0, maximum: 10_000, default: 20 },
      },
      default: { min: 1, max: 20 },
    },
  },
  required: ['watch'],
  traffic(_, options) {
    const { watch, counter } = options as unknown as CarAggregatorOptions;
    return {
      shadow: false,
      follows: [watch],
      ...(counter !== undefined && { receives: [{ subject: `cars/${counter}`, from: counter }] }),
    };
  },
  check(options) {
    const { randomCars } = options as unknown as CarAggregatorOptions;
    if (randomCars === undefined || randomCars.min <= randomCars.max) return [];
    return [{ path: 'randomCars', message: `min ${randomCars.min} is more than max ${randomCars.max}` }];
  },
};
