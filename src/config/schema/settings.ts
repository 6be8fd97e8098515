/** The settings: everything but the lists. Each leaf says its default and the variable that overrides it, once. */
import { DRIVER_NAMES } from '../../../hal/index.js';
import { CLOUD } from './cloud.js';
import { CONNECT } from './connect.js';
import { CORE } from './core.js';
import { FILE_PATH, HOST, LISTEN_PORT, NAME, type Schema, section, term } from './terms.js';

/** Where the core's thing name and the default of `--state` come from when nothing says otherwise. */
const DEFAULT_STATE_DIR = './state';

const GROUP = section(
  'The Greengrass group: one core and its members.',
  {
    name: term(NAME, {
      description: 'Name of the group, as in discovery. Letters, digits, ":", "_" and "-", at most 128.',
      default: 'crossing',
      env: 'GREENLIGHT_GROUP_NAME',
    }),
  },
  { default: {} },
);

const LOG_LEVEL: Schema = {
  enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
  description: 'Least severe level that is written.',
};

const LOG = section(
  'What is logged.',
  {
    level: {
      ...LOG_LEVEL,
      default: 'info',
      env: 'GREENLIGHT_LOG_LEVEL',
    },
    parts: {
      type: 'object',
      maxProperties: 1_000,
      additionalProperties: LOG_LEVEL,
      description:
        'Levels of single parts, such as `{ broker: debug }`: a thing by its name, or one of those that `greenlight log` shows.',
    },
  },
  { default: {} },
);

const HAL = section(
  'How GPIO lines are reached.',
  {
    driver: {
      enum: ['auto', ...DRIVER_NAMES],
      description: 'Driver; `auto` takes the first that can run here and logs why others were passed over.',
      default: 'auto',
      env: 'GREENLIGHT_HAL_DRIVER',
    },
    mock: section('Only for the mock driver.', {
      wires: {
        type: 'array',
        maxItems: 64,
        description:
          'Wires between lines of the mock board: the input at one end sees the output at the other.',
        items: {
          type: 'object',
          properties: { from: lineAddress('One end.'), to: lineAddress('The other end.') },
          required: ['from', 'to'],
          additionalProperties: false,
        },
      },
    }),
  },
  { default: {} },
);

const DASHBOARD = section('The live page. Absent: none is served.', {
  host: term(HOST, {
    description: 'Address to listen on.',
    default: '127.0.0.1',
    env: 'GREENLIGHT_DASHBOARD_HOST',
  }),
  port: term(LISTEN_PORT, { default: 8080, env: 'GREENLIGHT_DASHBOARD_PORT' }),
  token: {
    type: 'string',
    minLength: 16,
    maxLength: 256,
    pattern: '^[\\x21-\\x7e]+$',
    description:
      'Secret that a page must show. Needed, or else `clients`, when `host` is beyond loopback, where the page is served over TLS only.',
    env: 'GREENLIGHT_DASHBOARD_TOKEN',
  },
  clients: {
    type: 'array',
    items: { type: 'string', pattern: '^[a-zA-Z0-9:_-]{1,128}$' },
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
    description:
      'Things whose client certificate opens the page, with or instead of the token. With any, the page is served over TLS on loopback too. Make one for a person with `greenlight thing add NAME`.',
  },
  unlock: {
    type: 'boolean',
    description: 'Pages may change things though the hardware is real. With the mock driver they always may.',
    default: false,
    env: 'GREENLIGHT_DASHBOARD_UNLOCK',
  },
});

const METRICS = section(
  'Figures for Prometheus at `/metrics` and health at `/healthz`, over plain HTTP for programs of this machine. Absent: neither is served.',
  {
    host: term(HOST, {
      description: 'Address of this machine’s loopback to listen on.',
      default: '127.0.0.1',
      env: 'GREENLIGHT_METRICS_HOST',
    }),
    port: term(LISTEN_PORT, { default: 9464, env: 'GREENLIGHT_METRICS_PORT' }),
  },
);

const UPDATE = section(
  'Updates of this application with `greenlight update` or a deployment.',
  {
    publicKey: term(FILE_PATH, {
      description:
        'File with the public key of `greenlight update keygen`; relative to the configuration file. Only root may be able to change it.',
      default: '/etc/greenlight/update.pub',
      env: 'GREENLIGHT_UPDATE_PUBLIC_KEY',
    }),
    watch: {
      type: 'string',
      format: 'duration',
      description:
        'Time that a new version is watched; when it is not healthy for all of it, the former one is taken again.',
      default: '60s',
      env: 'GREENLIGHT_UPDATE_WATCH',
    },
  },
  { default: {} },
);

const APPLICATION = section(
  'Only for `greenlight deploy`: a version of this application that goes with the group. Both come, or neither does.',
  {
    file: term(FILE_PATH, {
      description:
        'Archive of `npm run bundle`, with its signature in FILE.sig; relative to the configuration file.',
    }),
  },
  { required: ['file'] },
);

/** In the order in which a file has them. */
export const SETTINGS: Readonly<Record<string, Schema>> = {
  group: GROUP,
  stateDir: term(FILE_PATH, {
    description:
      'Folder for certificates, shadows and totals; relative to the working directory. Taken from the first of: `--state`, the variable, `$STATE_DIRECTORY` (systemd), this key.',
    default: DEFAULT_STATE_DIR,
    env: 'GREENLIGHT_STATE',
  }),
  log: LOG,
  hal: HAL,
  core: CORE,
  connect: CONNECT,
  cloud: CLOUD,
  dashboard: DASHBOARD,
  metrics: METRICS,
  update: UPDATE,
  application: APPLICATION,
};

function lineAddress(what: string): Schema {
  return {
    anyOf: [
      { type: 'string', minLength: 1, maxLength: 32 },
      {
        type: 'object',
        properties: {
          chip: { type: 'string', minLength: 1, description: "The chip's label." },
          offset: { type: 'integer', minimum: 0, description: 'Index of the line on its chip.' },
        },
        required: ['chip', 'offset'],
        additionalProperties: false,
      },
    ],
    description: `${what} A line name (GPIO17), a header position (J8:11) or { chip: LABEL, offset: N }.`,
  };
}
