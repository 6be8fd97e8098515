/** Settings of what leaves the site. */
import {
  AMAZON_CA,
  FILE_PATH,
  HOST,
  NAME,
  REGION,
  REMOTE_PORT,
  type Schema,
  section,
  TRANSPORT,
  term,
} from './terms.js';

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

export const CLOUD = section(
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
