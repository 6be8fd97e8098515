import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, withoutSecrets } from '../../src/config/index.js';
import { TEST_CATALOG } from './catalog.js';
import { load } from './support.js';

describe('the effective configuration', () => {
  it('of a minimal file has every default and no optional section', async () => {
    expect(await load('version: 1', { file: '/etc/greenlight/site.yaml' })).toEqual({
      file: '/etc/greenlight/site.yaml',
      version: 1,
      group: { name: 'crossing' },
      stateDir: resolve('state'),
      log: { level: 'info' },
      hal: { driver: 'auto' },
      things: [],
      functions: [],
      subscriptions: [],
      cloud: { sink: 'local', spool: { maxBytes: 67_108_864, maxAgeMs: 2_592_000_000 } },
      update: { publicKey: '/etc/greenlight/update.pub', watchMs: 60_000 },
    });
  });

  it('names the archive that goes with a group beside the file', async () => {
    const { application } = await load('version: 1\napplication: { file: out/new.tgz }', {
      file: '/srv/site.yaml',
    });
    expect(application).toEqual({ file: '/srv/out/new.tgz' });
  });

  it('has every default of the sections that the file opens', async () => {
    const config = await load('version: 1\ncore: {}\ndashboard: {}');
    expect(config.core).toEqual({
      thingName: 'Greenlight_Core',
      advertise: ['127.0.0.1'],
      mqtt: { host: '127.0.0.1', port: 8883 },
      discovery: { host: '127.0.0.1', port: 8443, mdns: false },
      shadow: { sizeLimit: 8192 },
      limits: { messageBytes: 131_072, topicBytes: 256, topicSlashes: 7 },
      certificates: { deviceDays: 3650, serverDays: 30, overlapDays: 30 },
    });
    expect(config.dashboard).toEqual({ host: '127.0.0.1', port: 8080, unlock: false });
  });

  it('has options with defaults filled in and durations in ms, at any depth', async () => {
    const config = await load(`version: 1
core: {}
things:
  - { name: A, role: crossing, lines: { red: GPIO1, green: { chip: x, offset: 2 } } }
  - { name: B, role: crossing, lines: { red: GPIO3, green: GPIO4 }, durations: { red: 1m, green: 250ms } }
  - { name: C, role: driver, controls: A, steps: [5s, off] }
  - { name: D }
functions:
  - { name: F, builtin: counter, watch: A }
`);
    expect(config.things).toEqual([
      {
        name: 'A',
        role: 'crossing',
        options: { lines: { red: 'GPIO1', green: { chip: 'x', offset: 2 } }, durations: { red: 2_000 } },
      },
      {
        name: 'B',
        role: 'crossing',
        options: { lines: { red: 'GPIO3', green: 'GPIO4' }, durations: { red: 60_000, green: 250 } },
      },
      { name: 'C', role: 'driver', options: { controls: 'A', every: 20_000, steps: [5_000, 'off'] } },
      { name: 'D', options: {} },
    ]);
    expect(config.functions).toMatchObject([
      {
        name: 'F',
        builtin: 'counter',
        options: { watch: 'A', window: 60_000 },
        pinned: true,
        environment: {},
      },
    ]);
  });

  it('has functions of your own with limits in ms and the handler beside the file', async () => {
    const config = await load(`version: 1
core: {}
functions:
  - { name: F, handler: functions/hello.main, runtime: python3 }
  - { name: G, handler: /opt/g.main, runtime: nodejs, pinned: true, memoryMb: 16, timeoutSeconds: 0.25, encoding: binary, environment: { TOKEN: abc, __proto__: x } }
`);
    expect(config.functions).toEqual([
      {
        name: 'F',
        options: {},
        handler: '/etc/greenlight/functions/hello.main',
        runtime: 'python3',
        pinned: false,
        memoryMb: 64,
        timeoutMs: 3_000,
        encoding: 'json',
        environment: {},
      },
      {
        name: 'G',
        options: {},
        handler: '/opt/g.main',
        runtime: 'nodejs',
        pinned: true,
        memoryMb: 16,
        timeoutMs: 250,
        encoding: 'binary',
        environment: Object.fromEntries([
          ['TOKEN', 'abc'],
          ['__proto__', 'x'],
        ]),
      },
    ]);
    expect(Object.getPrototypeOf(config.functions[1]!.environment)).toBe(Object.prototype);
    expect(JSON.stringify(withoutSecrets(config))).not.toContain('abc');
    expect(withoutSecrets(config).functions[1]!.environment.TOKEN).toBe('(hidden)');
  });

  it('has the rows of the file, patterns included', async () => {
    const config = await load(`version: 1
core: {}
things:
  - { name: A, role: lamp, line: GPIO1 }
  - { name: B }
subscriptions:
  - { source: { role: lamp }, subject: 'x/\${thing}/y', target: cloud }
  - { source: GGShadowService, subject: z/#, target: { role: lamp } }
`);
    expect(config.subscriptions).toEqual([
      { source: { role: 'lamp' }, subject: `x/\${thing}/y`, target: 'cloud' },
      { source: 'GGShadowService', subject: 'z/#', target: { role: 'lamp' } },
    ]);
  });

  it('has the cloud in every form', async () => {
    const cloud = async (text: string) => (await load(`version: 1\ncore: {}\ncloud: ${text}`)).cloud;
    const spool = { maxBytes: 67_108_864, maxAgeMs: 2_592_000_000 };
    expect(await cloud('{ sink: local }')).toEqual({ sink: 'local', spool });
    expect(await cloud('{ sink: { dynamodb: { region: eu-central-1 } } }')).toEqual({
      sink: { dynamodb: { table: 'CarStats', region: 'eu-central-1', create: false } },
      spool,
    });
    expect(
      await cloud(
        '{ sink: { dynamodb: { region: x, create: true, credentials: { roleAlias: r, endpoint: e, ca: ca } } } }',
      ),
    ).toMatchObject({
      sink: {
        dynamodb: {
          create: true,
          credentials: { roleAlias: 'r', endpoint: 'e', port: 443, ca: '/etc/greenlight/ca' },
        },
      },
    });
    expect(await cloud('{ iot: { endpoint: x.example, certificate: a, privateKey: /b } }')).toEqual({
      sink: 'local',
      iot: {
        endpoint: 'x.example',
        port: 8883,
        certificate: '/etc/greenlight/a',
        privateKey: '/b',
        transport: 'aws-sdk',
        shadows: [],
        sessionExpiryMs: 3_600_000,
      },
      spool,
    });
    expect(
      await cloud(
        '{ iot: { endpoint: x, transport: mqtt, batchTopic: a/b, every: 5m, sessionExpiry: 1d, shadows: [{ thing: T }, { thing: T, shadow: n, direction: up }] }, spool: { maxBytes: 262144, maxAge: 1h } }',
      ),
    ).toEqual({
      sink: 'local',
      iot: {
        endpoint: 'x',
        port: 8883,
        transport: 'mqtt',
        sessionExpiryMs: 86_400_000,
        batchTopic: 'a/b',
        everyMs: 300_000,
        shadows: [
          { thing: 'T', direction: 'both' },
          { thing: 'T', shadow: 'n', direction: 'up' },
        ],
      },
      spool: { maxBytes: 262_144, maxAgeMs: 3_600_000 },
    });
  });

  it('has one place of a core elsewhere', async () => {
    const connect = async (text: string) =>
      (await load(`version: 1\nconnect: { ${text}, certificates: certs }`)).connect;
    const certificates = '/etc/greenlight/certs';
    expect(await connect('greengrass: { region: eu-central-1 }')).toEqual({
      greengrass: { region: 'eu-central-1', port: 8443 },
      transport: 'mqtt',
      certificates,
    });
    expect(await connect('awsIot: { endpoint: x.example, ca: ca.pem }, transport: aws-sdk')).toEqual({
      awsIot: { endpoint: 'x.example', port: 8883, ca: '/etc/greenlight/ca.pem' },
      transport: 'aws-sdk',
      certificates,
    });
  });
});

describe('loadConfig', () => {
  it('reads a file; its paths are relative to its folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenlight-config-'));
    try {
      const file = join(folder, 'thing.yaml');
      await writeFile(
        file,
        'version: 1\nconnect: { discovery: { host: h, ca: certs/root.ca.pem }, certificates: certs }\n',
      );
      const config = await loadConfig(file, {
        catalog: TEST_CATALOG,
        env: {},
        overrides: { stateDir: folder },
      });
      expect(config).toMatchObject({
        file,
        stateDir: folder,
        connect: {
          discovery: { host: 'h', port: 8443, ca: join(folder, 'certs/root.ca.pem') },
          certificates: join(folder, 'certs'),
        },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses a file beyond any sensible size', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenlight-config-'));
    try {
      const file = join(folder, 'big.yaml');
      await writeFile(file, `version: 1\n${'#'.repeat(5 * 1024 * 1024)}`);
      await expect(loadConfig(file, { catalog: TEST_CATALOG, env: {} })).rejects.toMatchObject({
        problems: [{ message: expect.stringMatching(/at most 4194304 are read/) }],
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
