/** Small roles and a builtin: the rules of configuration are tested apart from what the product's roles happen to be. */
import type { AnyRoleDefinition, RoleDefinition } from '../../devices/contract.js';
import type { LineAddress } from '../../hal/index.js';
import type { BuiltinDefinition, Catalog } from '../../src/config/index.js';

const LINE = {
  anyOf: [
    { type: 'string', minLength: 1 },
    {
      type: 'object',
      properties: { chip: { type: 'string' }, offset: { type: 'integer', minimum: 0 } },
      required: ['chip', 'offset'],
      additionalProperties: false,
    },
  ],
  description: 'A line name (GPIO17), a header position (J8:11) or { chip: LABEL, offset: N }.',
};

const none = () => [];
const create = () => {
  throw new Error('configuration never creates a role');
};

const lamp: RoleDefinition<{ line: LineAddress; brightness: number; every?: number; color: string }> = {
  name: 'lamp',
  summary: 'One lamp.',
  options: {
    line: LINE,
    brightness: { type: 'integer', minimum: 0, maximum: 100, default: 100, description: 'Percent.' },
    every: { type: 'string', format: 'duration', description: 'Time between blinks.' },
    color: { enum: ['red', 'green', 'blue'], default: 'red', description: 'For the picture.' },
  },
  required: ['line'],
  properties: [],
  lines: ({ line }) => [{ path: 'line', address: line, direction: 'output' }],
  traffic: () => ({ shadow: true }),
  check: ({ brightness, every }) =>
    brightness === 0 && every !== undefined
      ? [{ path: 'brightness', message: 'a lamp that blinks is brighter than 0; give 1 to 100' }]
      : [],
  create,
};

type Colors = { lines: { red: LineAddress; green: LineAddress } };
const crossing: RoleDefinition<Colors & { durations: Record<string, number> }> = {
  name: 'crossing',
  summary: 'Two lamps.',
  options: {
    lines: {
      type: 'object',
      properties: { red: LINE, green: LINE },
      required: ['red', 'green'],
      additionalProperties: false,
    },
    durations: {
      type: 'object',
      additionalProperties: { type: 'string', format: 'duration' },
      default: { red: '2s' },
      description: 'Longest time of each.',
    },
  },
  required: ['lines'],
  properties: [],
  lines: ({ lines }) => [
    { path: 'lines.red', address: lines.red, direction: 'output' },
    { path: 'lines.green', address: lines.green, direction: 'output' },
  ],
  traffic: () => ({ shadow: true }),
  create,
};

const driver: RoleDefinition<{ controls: string; every: number; steps: (number | string)[] }> = {
  name: 'driver',
  summary: 'Drives another thing.',
  options: {
    controls: { type: 'string', description: 'The thing that it drives.' },
    every: { type: 'string', format: 'duration', default: '20s', description: 'Time of one step.' },
    steps: {
      type: 'array',
      items: { anyOf: [{ type: 'string', format: 'duration' }, { const: 'off' }] },
      default: [],
    },
  },
  required: ['controls'],
  properties: [],
  lines: none,
  traffic: (_thing, { controls }) => ({ shadow: false, drives: [controls] }),
  create,
};

const talker: RoleDefinition<{ topic: string; to: readonly string[]; from?: string }> = {
  name: 'talker',
  summary: 'Sends and receives.',
  options: {
    topic: { type: 'string' },
    to: { type: 'array', items: { type: 'string' }, default: [] },
    from: { type: 'string' },
  },
  required: ['topic'],
  properties: [],
  lines: none,
  traffic: (_thing, { topic, to, from }) => ({
    shadow: false,
    publishes: [{ subject: topic, to }],
    receives: from === undefined ? [] : [{ subject: topic, from }],
  }),
  create,
};

const counter: BuiltinDefinition = {
  name: 'counter',
  summary: 'Counts.',
  options: {
    watch: { type: 'string', description: 'The thing that it watches.' },
    window: { type: 'string', format: 'duration', default: '1m', description: 'Time of one window.' },
  },
  required: ['watch'],
  traffic: (_name, { watch }) => ({ shadow: false, follows: [String(watch)] }),
  check: ({ window }) =>
    Number(window) < 1_000 ? [{ path: 'window', message: 'is shorter than 1s; give more' }] : [],
};

export const TEST_CATALOG: Catalog = {
  roles: new Map<string, AnyRoleDefinition>(
    [lamp, crossing, driver, talker].map((role) => [role.name, role]),
  ),
  builtins: new Map([[counter.name, counter]]),
};
