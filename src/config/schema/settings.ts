/** The settings: everything but the lists. Each leaf says its default and the variable that overrides it, once. */
import { DRIVER_NAMES } from '../../../hal/index.js';
import { FILE_PATH, HOST, LISTEN_PORT, NAME, REMOTE_PORT, type Schema, section, term } from './terms.js';

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

const LOG = section(
  'What is logged.',
  {
    level: {
      enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      description: 'Least severe level that is written.',
      default: 'info',
      env: 'GREENLIGHT_LOG_LEVEL',
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

const CORE = section(
  'The core on this machine: message manager, certificates, discovery, shadows. Absent: this machine only carries things.',
  {
    thingName: term(NAME, {
      description: 'Name of the core. Letters, digits, ":", "_" and "-", at most 128.',
      default: 'Greenlight_Core',
      env: 'GREENLIGHT_CORE_THING_NAME',
    }),
    advertise: {
      type: 'array',
      items: HOST,
      minItems: 1,
      maxItems: 32,
      uniqueItems: true,
      description:
        'Host names and addresses in discovery and in the server certificate; `auto` stands for those that this machine has at the moment. In the variable separated by commas.',
      default: ['127.0.0.1'],
      env: 'GREENLIGHT_CORE_ADVERTISE',
    },
    mqtt: section(
      'MQTT over mutual TLS.',
      {
        host: term(HOST, {
          description: 'Address to listen on; 0.0.0.0 for every IPv4 interface.',
          default: '127.0.0.1',
          env: 'GREENLIGHT_CORE_MQTT_HOST',
        }),
        port: term(LISTEN_PORT, { default: 8883, env: 'GREENLIGHT_CORE_MQTT_PORT' }),
      },
      { default: {} },
    ),
    discovery: section(
      'Discovery over HTTPS.',
      {
        host: term(HOST, {
          description: 'Address to listen on; 0.0.0.0 for every IPv4 interface.',
          default: '127.0.0.1',
          env: 'GREENLIGHT_CORE_DISCOVERY_HOST',
        }),
        port: term(LISTEN_PORT, { default: 8443, env: 'GREENLIGHT_CORE_DISCOVERY_PORT' }),
        alsoPort: term(LISTEN_PORT, {
          description: 'A second port for clients that are fixed on another, such as 443. Absent: none.',
          env: 'GREENLIGHT_CORE_DISCOVERY_ALSO_PORT',
        }),
      },
      { default: {} },
    ),
    shadow: section(
      'Device shadows.',
      {
        sizeLimit: {
          type: 'integer',
          minimum: 1,
          maximum: 30_720,
          description: "Bytes that a shadow's state may have.",
          default: 8_192,
          env: 'GREENLIGHT_CORE_SHADOW_SIZE_LIMIT',
        },
      },
      { default: {} },
    ),
    certificates: section(
      'Certificates that the core issues.',
      {
        deviceDays: {
          type: 'integer',
          minimum: 1,
          maximum: 9_125,
          description: "Days that a thing's certificate is valid.",
          default: 3_650,
          env: 'GREENLIGHT_CORE_CERTIFICATES_DEVICE_DAYS',
        },
        serverDays: {
          type: 'integer',
          minimum: 1,
          maximum: 3_650,
          description: 'Days that the server certificate is valid; it is renewed before.',
          default: 30,
          env: 'GREENLIGHT_CORE_CERTIFICATES_SERVER_DAYS',
        },
      },
      { default: {} },
    ),
  },
);

const CONNECT = section(
  "How this machine's things reach a core elsewhere. Absent: they use the core on this machine.",
  {
    discovery: section(
      'Where the core serves discovery.',
      {
        host: term(HOST, {
          description: 'Host name or address of the core.',
          env: 'GREENLIGHT_CONNECT_DISCOVERY_HOST',
        }),
        port: term(REMOTE_PORT, { default: 8443, env: 'GREENLIGHT_CONNECT_DISCOVERY_PORT' }),
        ca: term(FILE_PATH, {
          description: "File with the group's CA (`root.ca.pem`); relative to the configuration file.",
          env: 'GREENLIGHT_CONNECT_DISCOVERY_CA',
        }),
      },
      { required: ['host', 'ca'], default: {} },
    ),
    certificates: term(FILE_PATH, {
      description:
        'Folder with NAME.cert.pem and NAME.private.key of each thing; relative to the configuration file.',
      env: 'GREENLIGHT_CONNECT_CERTIFICATES',
    }),
  },
  { required: ['certificates'] },
);

const DYNAMODB = section(
  'A DynamoDB table.',
  {
    table: {
      type: 'string',
      pattern: '^[a-zA-Z0-9_.-]{3,255}$',
      description: 'Name of the table. Letters, digits, "_", "." and "-", 3 to 255.',
      default: 'CarStats',
      env: 'GREENLIGHT_CLOUD_DYNAMODB_TABLE',
    },
    region: {
      type: 'string',
      pattern: '^[a-z0-9-]{1,64}$',
      description: 'Region of the table, such as eu-central-1.',
      env: 'GREENLIGHT_CLOUD_DYNAMODB_REGION',
    },
    endpoint: {
      type: 'string',
      pattern: '^https?://[^\\s/]+',
      description: 'Another address than the region’s own, such as http://127.0.0.1:8000.',
      env: 'GREENLIGHT_CLOUD_DYNAMODB_ENDPOINT',
    },
  },
  { required: ['region'] },
);

const CLOUD = section(
  'Everything that leaves the site.',
  {
    sink: {
      anyOf: [
        { const: 'local' },
        section('A sink in the cloud.', { dynamodb: DYNAMODB }, { required: ['dynamodb'] }),
      ],
      description:
        'Where batches of statistics go: `local` (table CarStats on this machine) or `{ dynamodb: … }`. The variable can only say `local`.',
      default: 'local',
      env: 'GREENLIGHT_CLOUD_SINK',
    },
    iot: section(
      'AWS IoT. Absent: nothing is exchanged with it.',
      {
        endpoint: term(HOST, {
          description: 'Host name of the AWS IoT data endpoint of the account.',
          env: 'GREENLIGHT_CLOUD_IOT_ENDPOINT',
        }),
        thingName: term(NAME, {
          description: 'Thing that connects. Absent: the name of the core.',
          env: 'GREENLIGHT_CLOUD_IOT_THING_NAME',
        }),
        certificate: term(FILE_PATH, {
          description: 'File with its certificate; relative to the configuration file.',
          env: 'GREENLIGHT_CLOUD_IOT_CERTIFICATE',
        }),
        privateKey: term(FILE_PATH, {
          description: 'File with its private key; relative to the configuration file.',
          env: 'GREENLIGHT_CLOUD_IOT_PRIVATE_KEY',
        }),
        ca: term(FILE_PATH, {
          description:
            'File with the CA of the endpoint; relative to the configuration file. Absent: those of Node.',
          env: 'GREENLIGHT_CLOUD_IOT_CA',
        }),
      },
      { required: ['endpoint'] },
    ),
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
});

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
