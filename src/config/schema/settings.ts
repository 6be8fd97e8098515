/** The settings: everything but the lists. Each leaf says its default and the variable that overrides it, once. */
import { DRIVER_NAMES } from '../../../hal/index.js';
import {
  FILE_PATH,
  HOST,
  LISTEN_PORT,
  NAME,
  REGION,
  REMOTE_PORT,
  type Schema,
  section,
  term,
} from './terms.js';

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
        mdns: {
          type: 'boolean',
          description:
            'Announce the core on the local network by multicast DNS, on the interface of `host`, with the addresses of `core.advertise`.',
          default: false,
          env: 'GREENLIGHT_CORE_DISCOVERY_MDNS',
        },
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
    limits: section(
      'What a message may be at most; the defaults are those of AWS IoT Greengrass.',
      {
        messageBytes: {
          type: 'integer',
          minimum: 1_024,
          maximum: 1_048_576,
          description: 'Bytes of its payload. Requests to the shadow service keep to 131072.',
          default: 131_072,
          env: 'GREENLIGHT_CORE_LIMITS_MESSAGE_BYTES',
        },
        topicBytes: {
          type: 'integer',
          minimum: 16,
          maximum: 65_535,
          description: 'Bytes of its topic, and of the subject of a subscription.',
          default: 256,
          env: 'GREENLIGHT_CORE_LIMITS_TOPIC_BYTES',
        },
        topicSlashes: {
          type: 'integer',
          minimum: 1,
          maximum: 127,
          description: 'Slashes in its topic; those of `$aws/rules/NAME/` do not count.',
          default: 7,
          env: 'GREENLIGHT_CORE_LIMITS_TOPIC_SLASHES',
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
        overlapDays: {
          type: 'integer',
          minimum: 0,
          maximum: 365,
          description:
            'Days that a certificate is good after `thing renew`, while the new one has not been shown; 0: it ends at once.',
          default: 30,
          env: 'GREENLIGHT_CORE_CERTIFICATES_OVERLAP_DAYS',
        },
      },
      { default: {} },
    ),
  },
);

/** Which client speaks MQTT. */
const TRANSPORT: Schema = {
  enum: ['mqtt', 'aws-sdk'],
  description:
    'MQTT client: `mqtt` runs everywhere; `aws-sdk` is aws-iot-device-sdk-v2, an optional package without a build for 32-bit Arm.',
};

const AMAZON_CA =
  'relative to the configuration file. Absent: the roots that Node knows, Amazon’s among them.';

const CONNECT = section(
  "How this machine's things reach a core elsewhere: one of `discovery`, `greengrass` and `awsIot`. Absent: they use the core on this machine.",
  {
    discovery: section(
      'By the discovery of a core of this kind.',
      {
        host: term(HOST, {
          description:
            'Host name or address of the core; `mdns`: a core of the group that announces itself on the local network, found by `ca`.',
          env: 'GREENLIGHT_CONNECT_DISCOVERY_HOST',
        }),
        port: term(REMOTE_PORT, { default: 8443, env: 'GREENLIGHT_CONNECT_DISCOVERY_PORT' }),
        ca: term(FILE_PATH, {
          description: "File with the group's CA (`root.ca.pem`); relative to the configuration file.",
          env: 'GREENLIGHT_CONNECT_DISCOVERY_CA',
        }),
      },
      { required: ['host', 'ca'] },
    ),
    greengrass: section(
      'By the discovery of AWS IoT Greengrass: `region` or `endpoint` says where it is asked.',
      {
        region: term(REGION, {
          description: 'Region of the account, such as eu-central-1.',
          env: 'GREENLIGHT_CONNECT_GREENGRASS_REGION',
        }),
        endpoint: term(HOST, {
          description: 'Host name of the discovery server; counts before the region.',
          env: 'GREENLIGHT_CONNECT_GREENGRASS_ENDPOINT',
        }),
        port: term(REMOTE_PORT, { default: 8443, env: 'GREENLIGHT_CONNECT_GREENGRASS_PORT' }),
        ca: term(FILE_PATH, {
          description: `File with the CA of the discovery server; ${AMAZON_CA}`,
          env: 'GREENLIGHT_CONNECT_GREENGRASS_CA',
        }),
      },
    ),
    awsIot: section(
      'AWS IoT Core itself, without a core.',
      {
        endpoint: term(HOST, {
          description: 'Host name of the AWS IoT data endpoint of the account.',
          env: 'GREENLIGHT_CONNECT_AWS_IOT_ENDPOINT',
        }),
        port: term(REMOTE_PORT, { default: 8883, env: 'GREENLIGHT_CONNECT_AWS_IOT_PORT' }),
        ca: term(FILE_PATH, {
          description: `File with the CA of the endpoint; ${AMAZON_CA}`,
          env: 'GREENLIGHT_CONNECT_AWS_IOT_CA',
        }),
      },
      { required: ['endpoint'] },
    ),
    transport: term(TRANSPORT, { default: 'mqtt', env: 'GREENLIGHT_CONNECT_TRANSPORT' }),
    certificates: term(FILE_PATH, {
      description:
        'Folder with NAME.cert.pem and NAME.private.key of each thing; relative to the configuration file.',
      env: 'GREENLIGHT_CONNECT_CERTIFICATES',
    }),
  },
  { required: ['certificates'] },
);

const ROLE_ALIAS = section(
  'Credentials by an AWS IoT role alias, with the certificate of `cloud.iot`. Absent: the chain of the AWS SDK (environment, ~/.aws, container, instance).',
  {
    roleAlias: {
      type: 'string',
      pattern: '^[\\w=,@-]{1,128}$',
      description: 'Name of the role alias.',
      env: 'GREENLIGHT_CLOUD_DYNAMODB_CREDENTIALS_ROLE_ALIAS',
    },
    endpoint: term(HOST, {
      description: "Host name of the account's credentials provider.",
      env: 'GREENLIGHT_CLOUD_DYNAMODB_CREDENTIALS_ENDPOINT',
    }),
    port: term(REMOTE_PORT, { default: 443, env: 'GREENLIGHT_CLOUD_DYNAMODB_CREDENTIALS_PORT' }),
    ca: term(FILE_PATH, {
      description: `File with the CA of the provider; ${AMAZON_CA}`,
      env: 'GREENLIGHT_CLOUD_DYNAMODB_CREDENTIALS_CA',
    }),
  },
  { required: ['roleAlias', 'endpoint'] },
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
    region: term(REGION, {
      description: 'Region of the table, such as eu-central-1.',
      env: 'GREENLIGHT_CLOUD_DYNAMODB_REGION',
    }),
    endpoint: {
      type: 'string',
      pattern: '^https?://[^\\s/]+',
      description: 'Another address than the region’s own, such as http://127.0.0.1:8000.',
      env: 'GREENLIGHT_CLOUD_DYNAMODB_ENDPOINT',
    },
    create: {
      type: 'boolean',
      description: 'Creates the table, billed on demand, when it is missing.',
      default: false,
      env: 'GREENLIGHT_CLOUD_DYNAMODB_CREATE',
    },
    credentials: ROLE_ALIAS,
  },
  { required: ['region'] },
);

const SYNCED_SHADOWS: Schema = {
  type: 'array',
  // AWS IoT Core allows 50 subscriptions for a connection; a shadow takes two, and rows take theirs
  maxItems: 24,
  items: section(
    'One shadow.',
    {
      thing: term(NAME, {
        description: 'Its thing, here and in AWS IoT. Letters, digits, ":", "_" and "-", at most 128.',
      }),
      shadow: {
        type: 'string',
        pattern: '^[a-zA-Z0-9:_-]{1,64}$',
        description: 'Name of a named shadow. Absent: the classic one.',
      },
      direction: {
        enum: ['both', 'up', 'down'],
        description:
          'Absent: `both`. With `up` the cloud gets what the site has, with `down` the other way round.',
      },
    },
    { required: ['thing'] },
  ),
  description: 'Shadows that are kept in step with AWS IoT.',
};

const IOT = section(
  'AWS IoT: rows with `cloud`, batches on a topic, shadows in step. Absent: nothing is exchanged with it.',
  {
    endpoint: term(HOST, {
      description: 'Host name of the AWS IoT data endpoint of the account.',
      env: 'GREENLIGHT_CLOUD_IOT_ENDPOINT',
    }),
    port: term(REMOTE_PORT, {
      description: 'Port to connect to; 443 where a firewall lets nothing else out.',
      default: 8883,
      env: 'GREENLIGHT_CLOUD_IOT_PORT',
    }),
    thingName: term(NAME, {
      description: 'Thing that connects. Absent: the name of the core.',
      env: 'GREENLIGHT_CLOUD_IOT_THING_NAME',
    }),
    certificate: term(FILE_PATH, {
      description:
        'File with its certificate; relative to the configuration file. Absent: one that this core issues, whose CA the account must know.',
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
    transport: term(TRANSPORT, { default: 'aws-sdk', env: 'GREENLIGHT_CLOUD_IOT_TRANSPORT' }),
    batchTopic: {
      type: 'string',
      pattern: '^[^$+#\\s][^+#\\s]{0,255}$',
      description: 'Topic that gets each batch of statistics too. Absent: none.',
      env: 'GREENLIGHT_CLOUD_IOT_BATCH_TOPIC',
    },
    shadows: SYNCED_SHADOWS,
    every: {
      type: 'string',
      format: 'duration',
      description: 'Time between two looks at the shadows. Absent: changes are carried as they happen.',
      env: 'GREENLIGHT_CLOUD_IOT_EVERY',
    },
    sessionExpiry: {
      type: 'string',
      format: 'duration',
      description:
        'For this long after the connection is lost, AWS IoT keeps messages of QoS 1 for the site; 7d at most.',
      default: '1h',
      env: 'GREENLIGHT_CLOUD_IOT_SESSION_EXPIRY',
    },
  },
  { required: ['endpoint'] },
);

const SPOOL = section(
  'The durable queue in front of each destination.',
  {
    maxBytes: {
      type: 'integer',
      minimum: 262_144,
      maximum: 2 ** 40,
      description: 'Bytes kept for each destination at most; the oldest go first.',
      default: 64 * 1024 * 1024,
      env: 'GREENLIGHT_CLOUD_SPOOL_MAX_BYTES',
    },
    maxAge: {
      type: 'string',
      format: 'duration',
      description: 'After this long an entry is given up.',
      default: '30d',
      env: 'GREENLIGHT_CLOUD_SPOOL_MAX_AGE',
    },
  },
  { default: {} },
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
    iot: IOT,
    spool: SPOOL,
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
