import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { valueAt } from '../../src/config/path.js';
import { allSettings } from '../../src/config/settings.js';
import { check, load, problemsOf } from './support.js';

/** A file with every section, so that every variable has something to override. */
const FULL = `version: 1
group: { name: from-file }
stateDir: /from/file
log: { level: warn }
hal: { driver: onoff }
core:
  thingName: FromFile
  advertise: [file.local]
  mqtt: { host: 127.0.0.3, port: 1001 }
  discovery: { host: 127.0.0.3, port: 1002, alsoPort: 1003, mdns: false }
  shadow: { sizeLimit: 1004 }
  limits: { messageBytes: 1024, topicBytes: 100, topicSlashes: 8 }
  certificates: { deviceDays: 1005, serverDays: 1006, overlapDays: 30 }
connect:
  discovery: { host: file.local, port: 1007, ca: file.pem }
  certificates: file
cloud:
  sink:
    dynamodb:
      table: File
      region: file
      endpoint: http://127.0.0.1:1
      credentials: { roleAlias: file, endpoint: file.local, port: 1009, ca: file.ca }
  iot:
    endpoint: file.local
    port: 1010
    thingName: File
    certificate: file.crt
    privateKey: file.key
    ca: file.ca
    batchTopic: file
    every: 1m
  spool: { maxBytes: 1000000, maxAge: 1d }
dashboard: { host: 127.0.0.3, port: 1008 }
metrics: { host: 127.0.0.3, port: 1013 }
update: { publicKey: file.pub, watch: 2m }
`;

/** A core is looked for in one place: the section that a variable overrides stands instead of discovery. */
const PLACES: readonly (readonly [variables: string, section: string])[] = [
  ['GREENLIGHT_CONNECT_GREENGRASS_', 'greengrass: { region: file, endpoint: file, port: 1011, ca: file.ca }'],
  ['GREENLIGHT_CONNECT_AWS_IOT_', 'awsIot: { endpoint: file, port: 1012, ca: file.ca }'],
];

function fullFor(variable: string): string {
  const place = PLACES.find(([variables]) => variable.startsWith(variables));
  return place ? FULL.replace(/discovery: \{ host: file.local.*/, place[1]) : FULL;
}

/** Where the effective configuration has a setting whose duration it gives in milliseconds. */
const RENAMED: Readonly<Record<string, readonly string[]>> = {
  'cloud.iot.every': ['cloud', 'iot', 'everyMs'],
  'cloud.iot.sessionExpiry': ['cloud', 'iot', 'sessionExpiryMs'],
  'cloud.spool.maxAge': ['cloud', 'spool', 'maxAgeMs'],
  'update.watch': ['update', 'watchMs'],
};

const effective = (path: readonly string[]) => RENAMED[path.join('.')] ?? path;

/** For each variable: what it is set to, and what the setting then is. */
const VARIABLES: Readonly<Record<string, readonly [text: string, value: unknown]>> = {
  GREENLIGHT_GROUP_NAME: ['north', 'north'],
  GREENLIGHT_STATE: ['/from/env', '/from/env'],
  GREENLIGHT_LOG_LEVEL: ['debug', 'debug'],
  GREENLIGHT_HAL_DRIVER: ['mock', 'mock'],
  GREENLIGHT_CORE_THING_NAME: ['Core', 'Core'],
  GREENLIGHT_CORE_ADVERTISE: ['a.local, 10.0.0.1', ['a.local', '10.0.0.1']],
  GREENLIGHT_CORE_MQTT_HOST: ['0.0.0.0', '0.0.0.0'],
  GREENLIGHT_CORE_MQTT_PORT: ['2001', 2001],
  GREENLIGHT_CORE_DISCOVERY_HOST: ['::', '::'],
  GREENLIGHT_CORE_DISCOVERY_PORT: ['2002', 2002],
  GREENLIGHT_CORE_DISCOVERY_ALSO_PORT: ['443', 443],
  GREENLIGHT_CORE_DISCOVERY_MDNS: ['true', true],
  GREENLIGHT_CORE_LIMITS_MESSAGE_BYTES: ['4096', 4_096],
  GREENLIGHT_CORE_LIMITS_TOPIC_BYTES: ['512', 512],
  GREENLIGHT_CORE_LIMITS_TOPIC_SLASHES: ['31', 31],
  GREENLIGHT_CORE_SHADOW_SIZE_LIMIT: ['30720', 30_720],
  GREENLIGHT_CORE_CERTIFICATES_DEVICE_DAYS: ['30', 30],
  GREENLIGHT_CORE_CERTIFICATES_SERVER_DAYS: ['7', 7],
  GREENLIGHT_CORE_CERTIFICATES_OVERLAP_DAYS: ['0', 0],
  GREENLIGHT_CONNECT_DISCOVERY_HOST: ['core.local', 'core.local'],
  GREENLIGHT_CONNECT_DISCOVERY_PORT: ['2003', 2003],
  GREENLIGHT_CONNECT_DISCOVERY_CA: ['env.pem', '/etc/greenlight/env.pem'],
  GREENLIGHT_CONNECT_GREENGRASS_REGION: ['eu-central-1', 'eu-central-1'],
  GREENLIGHT_CONNECT_GREENGRASS_ENDPOINT: ['gg.example', 'gg.example'],
  GREENLIGHT_CONNECT_GREENGRASS_PORT: ['443', 443],
  GREENLIGHT_CONNECT_GREENGRASS_CA: ['env.ca', '/etc/greenlight/env.ca'],
  GREENLIGHT_CONNECT_AWS_IOT_ENDPOINT: ['iot.example', 'iot.example'],
  GREENLIGHT_CONNECT_AWS_IOT_PORT: ['443', 443],
  GREENLIGHT_CONNECT_AWS_IOT_CA: ['env.ca', '/etc/greenlight/env.ca'],
  GREENLIGHT_CONNECT_TRANSPORT: ['aws-sdk', 'aws-sdk'],
  GREENLIGHT_CONNECT_CERTIFICATES: ['/env', '/env'],
  GREENLIGHT_CLOUD_SINK: ['local', 'local'],
  GREENLIGHT_CLOUD_DYNAMODB_TABLE: ['Env', 'Env'],
  GREENLIGHT_CLOUD_DYNAMODB_REGION: ['eu-central-1', 'eu-central-1'],
  GREENLIGHT_CLOUD_DYNAMODB_ENDPOINT: ['http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
  GREENLIGHT_CLOUD_DYNAMODB_CREATE: ['true', true],
  GREENLIGHT_CLOUD_DYNAMODB_CREDENTIALS_ROLE_ALIAS: ['env', 'env'],
  GREENLIGHT_CLOUD_DYNAMODB_CREDENTIALS_ENDPOINT: ['env.example', 'env.example'],
  GREENLIGHT_CLOUD_DYNAMODB_CREDENTIALS_PORT: ['8443', 8443],
  GREENLIGHT_CLOUD_DYNAMODB_CREDENTIALS_CA: ['env.ca', '/etc/greenlight/env.ca'],
  GREENLIGHT_CLOUD_IOT_PORT: ['443', 443],
  GREENLIGHT_CLOUD_IOT_TRANSPORT: ['mqtt', 'mqtt'],
  GREENLIGHT_CLOUD_IOT_BATCH_TOPIC: ['stats/cars', 'stats/cars'],
  GREENLIGHT_CLOUD_IOT_EVERY: ['5m', 300_000],
  GREENLIGHT_CLOUD_IOT_SESSION_EXPIRY: ['2h', 7_200_000],
  GREENLIGHT_CLOUD_SPOOL_MAX_BYTES: ['262144', 262_144],
  GREENLIGHT_CLOUD_SPOOL_MAX_AGE: ['12h', 43_200_000],
  GREENLIGHT_CLOUD_IOT_ENDPOINT: ['iot.example', 'iot.example'],
  GREENLIGHT_CLOUD_IOT_THING_NAME: ['Env', 'Env'],
  GREENLIGHT_CLOUD_IOT_CERTIFICATE: ['env.crt', '/etc/greenlight/env.crt'],
  GREENLIGHT_CLOUD_IOT_PRIVATE_KEY: ['env.key', '/etc/greenlight/env.key'],
  GREENLIGHT_CLOUD_IOT_CA: ['env.ca', '/etc/greenlight/env.ca'],
  GREENLIGHT_DASHBOARD_HOST: ['::1', '::1'],
  GREENLIGHT_DASHBOARD_PORT: ['2004', 2004],
  GREENLIGHT_DASHBOARD_TOKEN: ['0123456789abcdef', '0123456789abcdef'],
  GREENLIGHT_DASHBOARD_UNLOCK: ['true', true],
  GREENLIGHT_METRICS_HOST: ['::1', '::1'],
  GREENLIGHT_METRICS_PORT: ['2005', 2005],
  GREENLIGHT_UPDATE_PUBLIC_KEY: ['env.pub', '/etc/greenlight/env.pub'],
  GREENLIGHT_UPDATE_WATCH: ['90s', 90_000],
};

describe('variables', () => {
  it('are all tested here', () => {
    expect(
      allSettings()
        .map(({ env }) => env)
        .sort(),
    ).toEqual(Object.keys(VARIABLES).sort());
  });

  it.each(allSettings().map((setting) => [setting.env, setting] as const))(
    '%s',
    async (variable, { path }) => {
      const [text, value] = VARIABLES[variable]!;
      const before = await load(fullFor(variable));
      const after = await load(fullFor(variable), { env: { [variable]: text } });
      expect(valueAt(after, effective(path))).toEqual(value);
      expect(valueAt(before, effective(path))).not.toEqual(value);
      // Nothing else moves.
      const others = allSettings().filter(
        (other) => !other.path.join().startsWith(path.join()) && !path.join().startsWith(other.path.join()),
      );
      for (const { path: other } of others)
        expect(valueAt(after, effective(other))).toEqual(valueAt(before, effective(other)));
    },
  );

  it('override defaults too', async () => {
    const config = await load('version: 1\ncore: {}', {
      env: { GREENLIGHT_CORE_MQTT_PORT: '0', GREENLIGHT_LOG_LEVEL: 'silent', GREENLIGHT_GROUP_NAME: '' },
    });
    expect(config.core!.mqtt).toEqual({ host: '127.0.0.1', port: 0 });
    expect(config.log.level).toBe('silent');
    expect(config.group.name).toBe('crossing');
  });

  it('supply what the file must otherwise have', async () => {
    const env = {
      GREENLIGHT_CONNECT_DISCOVERY_HOST: 'h',
      GREENLIGHT_CONNECT_DISCOVERY_CA: 'c',
      GREENLIGHT_CONNECT_CERTIFICATES: 'd',
    };
    const config = await load('version: 1\nconnect: { discovery: {} }', { env });
    expect(config.connect).toEqual({
      discovery: { host: 'h', port: 8443, ca: '/etc/greenlight/c' },
      transport: 'mqtt',
      certificates: '/etc/greenlight/d',
    });
  });

  it.each([
    ['GREENLIGHT_CORE_MQTT_PORT', '88x3', 'must be a whole number, not "88x3"'],
    ['GREENLIGHT_CORE_MQTT_PORT', '70000', '70000 is out of range; it must be at least 0 and at most 65535'],
    [
      'GREENLIGHT_LOG_LEVEL',
      'loud',
      '"loud" is not known; there are: trace, debug, info, warn, error, fatal, silent',
    ],
    ['GREENLIGHT_CORE_ADVERTISE', ',', 'needs at least 1 element'],
    ['GREENLIGHT_CORE_ADVERTISE', 'a b', '"a b" is not right; expected: host name or address, without port'],
    [
      'GREENLIGHT_DASHBOARD_PORT',
      '80',
      'has no effect, as the file has no "dashboard" to override; add it to the file or unset the variable',
    ],
    [
      'GREENLIGHT_CLOUD_DYNAMODB_TABLE',
      'T',
      'has no effect, as the file has no "cloud.sink" to override; add it to the file or unset the variable',
    ],
    [
      'GREENLIGHT_CORE_MQT_PORT',
      '1',
      'is no variable that Greenlight reads; did you mean "GREENLIGHT_CORE_MQTT_PORT"?',
    ],
  ])('%s=%s is a problem of the variable', async (variable, text, message) => {
    const found = await problemsOf('version: 1\ncore: {}', { env: { [variable]: text } });
    expect(found).toEqual([`0 ${variable}: ${message}`]);
  });

  it('of other programs are left alone', async () => {
    const env = { GREENLIGHT_LIVE: '1', CORE_MQTT_PORT: 'x', PATH: '/bin' };
    expect(await problemsOf('version: 1\ncore: {}', { env })).toEqual([]);
  });

  it('do not hide what is wrong with the file', async () => {
    const env = { GREENLIGHT_CORE_MQTT_PORT: '1', GREENLIGHT_LOG_LEVEL: 'info' };
    expect(await problemsOf('version: 1\ncore: { mqtt: 5 }\nlog: [x]', { env })).toEqual([
      '2 core.mqtt: must be a mapping (key: value), not 5',
      '3 log: must be a mapping (key: value), not ["x"]',
    ]);
  });
});

describe('the state folder', () => {
  const file = 'version: 1\nstateDir: file';

  it.each([
    [
      'the command line',
      { stateDir: 'cli', env: { GREENLIGHT_STATE: 'env', STATE_DIRECTORY: '/systemd' } },
      'cli',
    ],
    ['GREENLIGHT_STATE', { env: { GREENLIGHT_STATE: 'env', STATE_DIRECTORY: '/systemd' } }, 'env'],
    ['systemd', { env: { STATE_DIRECTORY: '/systemd' } }, '/systemd'],
    ['the first of several that systemd gives', { env: { STATE_DIRECTORY: '/one:/two' } }, '/one'],
    ['the file', { env: { GREENLIGHT_STATE: '', STATE_DIRECTORY: '' } }, 'file'],
  ])('comes from %s', async (_from, more, expected) => {
    expect((await load(file, more)).stateDir).toBe(resolve(expected));
  });

  it('is ./state when nothing says otherwise', async () => {
    expect((await load('version: 1')).stateDir).toBe(resolve('state'));
  });
});

describe('the process environment', () => {
  it('is used when no other is given', async () => {
    const { checkConfig } = await import('../../src/config/index.js');
    const { TEST_CATALOG } = await import('./catalog.js');
    const before = process.env.GREENLIGHT_LOG_LEVEL;
    process.env.GREENLIGHT_LOG_LEVEL = 'fatal';
    try {
      const { config } = await checkConfig({ file: 'x.yaml', text: 'version: 1' }, { catalog: TEST_CATALOG });
      expect(config?.log.level).toBe('fatal');
    } finally {
      if (before === undefined) delete process.env.GREENLIGHT_LOG_LEVEL;
      else process.env.GREENLIGHT_LOG_LEVEL = before;
    }
    expect((await check('version: 1')).config?.log.level).toBe('info');
  });
});
