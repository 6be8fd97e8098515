/**
 * Which part of the project may import which. Imports point down:
 * cli, main → app → dashboard, cloud, aggregator, things, core, config → devices' contract → hal's contract.
 */

/** Parts of the project by path; the first that fits counts. */
const PARTS: readonly (readonly [part: string, path: RegExp])[] = [
  ['hal contract', /^hal\/((address|clock|contract|errors|index|json|log|over)\.ts$|sensors\/contract\.ts$)/],
  // A driver is a folder; the files beside are what several drivers share.
  ['drivers', /^hal\/drivers\/[^/]+\//],
  // Climate sensors are opened by a role; how one is read is chosen behind this.
  ['sensors', /^hal\/sensors\/(index|open)\.ts$/],
  ['hal', /^hal\//],
  ['devices contract', /^devices\/contract\.ts$/],
  ['devices', /^devices\//],
  ['cli', /^src\/(cli\/|main\.ts$)/],
  // Small things that every part of src may use.
  [
    'shared',
    /^src\/(store|control|log|mdns)\/|^src\/(lifecycle|loopback|status|package|backoff|topic-filter)\.ts$/,
  ],
  ['config', /^src\/config\//],
  ['core', /^src\/core\//],
  ['things', /^src\/things\//],
  ['aggregator', /^src\/aggregator\//],
  ['cloud', /^src\/cloud\//],
  ['telemetry', /^src\/telemetry\//],
  ['packaging', /^src\/packaging\//],
  ['dashboard', /^src\/dashboard\//],
  ['metrics', /^src\/metrics\//],
  ['notify', /^src\/notify\//],
  ['doctor', /^src\/doctor\//],
  ['update', /^src\/update\//],
  ['app', /^src\/(app\/|[\w-]+\.ts$)/],
];

interface Allowed {
  /** May be used at run time. A part may always use itself. */
  readonly use: readonly string[];
  /** Only their types may be named. */
  readonly types?: readonly string[];
}

const CONTRACTS = ['hal contract', 'devices contract'];
const SRC_PARTS = [
  'config',
  'core',
  'things',
  'aggregator',
  'cloud',
  'telemetry',
  'packaging',
  'dashboard',
  'metrics',
];

export const ALLOWED: Readonly<Record<string, Allowed>> = {
  'hal contract': { use: [] },
  // Drivers are reached through `import()` in hal/registry.ts; see the test.
  hal: { use: ['hal contract'], types: ['drivers', 'sensors'] },
  sensors: { use: ['hal contract', 'hal'] },
  drivers: { use: ['hal contract', 'hal'] },
  'devices contract': { use: ['hal contract'] },
  devices: { use: [...CONTRACTS, 'sensors'] },
  shared: { use: ['hal contract'], types: ['config'] },
  config: { use: [...CONTRACTS, 'shared'] },
  // Knows no hardware and no role.
  core: { use: ['hal contract', 'shared'], types: ['config'] },
  things: { use: [...CONTRACTS, 'shared'], types: ['config'] },
  aggregator: { use: ['hal contract', 'shared'], types: ['config', 'core', 'devices contract'] },
  // The sinks of the aggregator's batches are here.
  cloud: { use: ['hal contract', 'shared', 'aggregator', 'things'], types: ['config', 'core'] },
  telemetry: { use: ['hal contract', 'shared'], types: ['core'] },
  packaging: { use: ['hal contract', 'shared'], types: ['config'] },
  dashboard: {
    use: ['hal contract', 'shared'],
    types: ['config', 'core', 'aggregator', 'cloud', 'devices contract'],
  },
  // Shows what the parts tell of themselves.
  metrics: { use: ['hal contract', 'shared'], types: ['config'] },
  // Speaks to the service manager through the C library.
  notify: { use: ['hal contract', 'hal', 'shared'] },
  // Looks at the machine and at the configuration, and starts nothing.
  doctor: { use: [...CONTRACTS, 'hal', 'devices', 'shared', 'config'] },
  // Another release of the application; knows the machine, and nothing of what runs on it but its status.
  update: { use: ['hal contract', 'shared'] },
  app: {
    use: ['hal contract', 'hal', 'devices contract', 'devices', 'shared', ...SRC_PARTS, 'update'],
    types: ['drivers'],
  },
  cli: {
    use: [
      'hal contract',
      'hal',
      'devices contract',
      'devices',
      'shared',
      ...SRC_PARTS,
      'app',
      'notify',
      'doctor',
      'update',
    ],
    types: ['drivers'],
  },
};

/** The part that a file belongs to. @throws {Error} for a file of no part: say in PARTS where it belongs */
export function partOf(file: string): string {
  for (const [part, path] of PARTS) if (path.test(file)) return part;
  throw new Error(`${file} belongs to no part; say in test/docs/layers.ts where it belongs`);
}
