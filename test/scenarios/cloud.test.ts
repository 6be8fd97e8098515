import { mkdir, writeFile } from 'node:fs/promises';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import dynalite from 'dynalite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, SystemClock } from '../../hal/index.js';
import { memoryShadows, ShadowService } from '../../src/core/shadow/index.js';
import { eventually, FAST_CROSSING, type RunningApp, runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { type FarBroker, farBroker } from '../support/far-broker.js';
import { temporaryFolder } from '../support/folder.js';
import { pki } from '../support/pki.js';
import { until } from '../support/until.js';

const never = new AbortController().signal;

const part = (app: RunningApp, name: string) =>
  app.app.status().parts.find((candidate) => candidate.name === name);

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return (server.address() as AddressInfo).port;
}

describe('the DynamoDB sink', () => {
  async function database(): Promise<string> {
    const server = dynalite({ createTableMs: 5 });
    return `http://127.0.0.1:${await listening(server)}`;
  }

  /** For the SDK's chain, which would otherwise ask the network. */
  function testKeys(): void {
    for (const key of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
      const before = process.env[key];
      process.env[key] = 'test';
      onTestFinished(() => {
        if (before === undefined) delete process.env[key];
        else process.env[key] = before;
      });
    }
  }

  it('gets every third green of the crossing once, as the configuration says', async () => {
    testKeys();
    const endpoint = await database();
    const app = await runApp(
      `${FAST_CROSSING}cloud: { sink: { dynamodb: { table: CarStats, region: us-east-1, endpoint: "${endpoint}", create: true } } }\n`,
    );
    await eventually(app.app, 'green', ({ totals }) => totals.totalGreenlights >= 6);
    const client = new DynamoDBClient({ region: 'us-east-1', endpoint });
    onTestFinished(() => client.destroy());
    const rows = async () =>
      ((await client.send(new ScanCommand({ TableName: 'CarStats' })).catch(() => undefined))?.Items ?? [])
        .map((item) => unmarshall(item))
        .sort((a, b) => a.Window - b.Window);
    await until(async () => (await rows()).length >= 2, 10_000);
    expect((await rows()).slice(0, 2)).toMatchObject([
      { Thing: 'GG_TrafficLight', Window: 1, TotalGreenlights: 3 },
      { Thing: 'GG_TrafficLight', Window: 2, TotalGreenlights: 6 },
    ]);
    expect(part(app, 'dynamodb')).toMatchObject({ kind: 'spool', figures: { droppedForSize: 0 } });
    // kept on this machine as well
    expect((await cli(['stats', '--state', app.stateDir])).out).toContain('GG_TrafficLight');
  });

  it('is written to with the credentials of the role alias, had with the device certificate', async () => {
    const { ca, server: certificate, thing } = await pki();
    const asked: string[] = [];
    const provider = createHttps(
      { ca, cert: certificate.certificate, key: certificate.privateKey, requestCert: true },
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate();
        asked.push(`${subject.CN} ${request.url}`);
        const expiration = new Date(Date.now() + 3_600_000).toISOString();
        const credentials = { accessKeyId: 'temporary', secretAccessKey: 's', sessionToken: 't', expiration };
        response.end(JSON.stringify({ credentials }));
      },
    );
    const signed: string[] = [];
    const table = createHttp((request, response) => {
      signed.push(`${request.headers.authorization} ${request.headers['x-amz-security-token']}`);
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end('{}');
    });
    const [providerPort, tablePort] = [await listening(provider), await listening(table)];
    const device = await thing('Site');
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'ca.pem'), ca);
    await writeFile(join(folder, 'cert.pem'), device.certificate);
    await writeFile(join(folder, 'key.pem'), device.privateKey, { mode: 0o600 });
    const app = await runApp(`${FAST_CROSSING}
cloud:
  sink:
    dynamodb:
      region: us-east-1
      endpoint: http://127.0.0.1:${tablePort}
      credentials: { roleAlias: greenlight, endpoint: 127.0.0.1, port: ${providerPort}, ca: ${folder}/ca.pem }
  iot:
    endpoint: 127.0.0.1
    port: 1
    transport: mqtt
    thingName: Site
    certificate: ${folder}/cert.pem
    privateKey: ${folder}/key.pem
`);
    await until(() => signed.length > 0, 10_000);
    expect(asked).toEqual(['Site /role-aliases/greenlight/credentials']);
    expect(signed[0]).toMatch(/Credential=temporary\/.* t$/);
    await until(() => (part(app, 'dynamodb')?.figures?.delivered as number) > 0);
  });

  it('tells in status what waits while there is no database', async () => {
    testKeys();
    const app = await runApp(
      `${FAST_CROSSING}cloud: { sink: { dynamodb: { region: us-east-1, endpoint: "http://127.0.0.1:1" } } }\n`,
    );
    await eventually(app.app, 'green', ({ totals }) => totals.totalGreenlights >= 3);
    await until(() => part(app, 'dynamodb')?.state === 'degraded', 10_000);
    const figures = part(app, 'dynamodb')!.figures as { bytes: number };
    expect(figures.bytes).toBeGreaterThan(0);
    const { out } = await cli(['status', '--state', app.stateDir]);
    expect(out).toMatch(/dynamodb .*degraded/);
    expect(out).toMatch(/dynamodb .*bytes [1-9]/);
  });
});

/** AWS IoT as it is to us: a broker with mutual TLS and a shadow service. */
async function awsIot(): Promise<{ far: FarBroker; shadows: ShadowService }> {
  const far = await farBroker();
  const shadows = new ShadowService({
    port: far.broker.port('GGShadowService'),
    store: memoryShadows(),
    clock: new SystemClock(),
    log: SILENT,
  });
  await shadows.start(never);
  onTestFinished(async () => {
    await shadows.stop();
    await far.stop();
  });
  return { far, shadows };
}

/** Certificates of things as files, with the CA of the far side. */
async function certificates(far: FarBroker, ...names: string[]): Promise<string> {
  const folder = join(await temporaryFolder(), 'certs');
  await mkdir(folder);
  await writeFile(join(folder, 'root.ca.pem'), far.address.ca);
  for (const name of names) {
    const { certificate, privateKey } = await far.thing(name);
    await writeFile(join(folder, `${name}.cert.pem`), certificate);
    await writeFile(join(folder, `${name}.private.key`), privateKey, { mode: 0o600 });
  }
  return folder;
}

describe.each(['mqtt', 'aws-sdk'])('AWS IoT over %s', (transport) => {
  it('hears and says what the rows carry, and keeps shadows in step, also after a cut', async () => {
    const { far, shadows } = await awsIot();
    const certs = await certificates(far, 'Greenlight_Core');
    const site = `
version: 1
hal: { driver: mock }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
  - { name: Publisher, role: publisher, topic: hello/world, to: [cloud], every: 50ms }
  - { name: Listener, role: subscriber, topic: from/cloud, from: cloud }
cloud:
  iot:
    endpoint: 127.0.0.1
    port: ${far.address.port}
    ca: ${certs}/root.ca.pem
    certificate: ${certs}/Greenlight_Core.cert.pem
    privateKey: ${certs}/Greenlight_Core.private.key
    transport: ${transport}
    shadows: [{ thing: GG_TrafficLight }]
`;
    const heard: string[] = [];
    far.broker.port('ear').subscribe('hello/world', ({ topic }) => void heard.push(topic));
    const app = await runApp(site);
    await until(() => heard.length > 0, 10_000);
    await until(
      async () => (await shadows.read('GG_TrafficLight'))?.state.reported?.property === 'R',
      10_000,
    );
    expect(part(app, 'aws-iot')).toMatchObject({ state: 'ok', figures: { connected: true } });

    await far.broker.port('console').publish({ topic: 'from/cloud', payload: '{"hello":"site"}' });
    await until(() => JSON.stringify(part(app, 'Listener')?.figures).includes('"received":1'), 10_000);

    far.cut();
    await until(() => part(app, 'aws-iot')?.state === 'degraded', 10_000);
    const { out } = await cli(['status', '--state', app.stateDir]);
    expect(out).toMatch(/aws-iot .*degraded/);
    expect(out).toMatch(/bridge /);
    await shadows.update('GG_TrafficLight', undefined, { state: { desired: { property: 'G' } } }, 'console');
    far.mend();
    await until(
      async () => (await shadows.read('GG_TrafficLight'))?.state.reported?.property === 'G',
      15_000,
    );
    expect(app.board.line('GPIO22').level).toBe('high');
  }, 40_000);

  it('is the core of a thing that connects to it directly', async () => {
    const { far, shadows } = await awsIot();
    const certs = await certificates(far, 'GG_TrafficLight');
    const app = await runApp(`
version: 1
hal: { driver: mock }
connect:
  awsIot: { endpoint: 127.0.0.1, port: ${far.address.port}, ca: ${certs}/root.ca.pem }
  transport: ${transport}
  certificates: ${certs}
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
`);
    await shadows.update('GG_TrafficLight', undefined, { state: { desired: { property: 'G' } } }, 'console');
    await until(
      async () => (await shadows.read('GG_TrafficLight'))?.state.reported?.property === 'G',
      15_000,
    );
    expect(app.board.line('GPIO22').level).toBe('high');
  });
});

it('carries what a deployment adds to the rows, and no more what it takes away', async () => {
  const { far } = await awsIot();
  const certs = await certificates(far, 'Greenlight_Core');
  const site = (to: string) => `
version: 1
hal: { driver: mock }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
things:
  - { name: Publisher, role: publisher, topic: hello/world, to: [${to}], every: 50ms }
  - { name: Listener, role: subscriber, topic: hello/world, from: Publisher }
cloud:
  iot:
    endpoint: 127.0.0.1
    port: ${far.address.port}
    ca: ${certs}/root.ca.pem
    certificate: ${certs}/Greenlight_Core.cert.pem
    privateKey: ${certs}/Greenlight_Core.private.key
    transport: mqtt
`;
  let heard = 0;
  far.broker.port('ear').subscribe('hello/world', () => {
    heard += 1;
  });
  const app = await runApp(site('Listener'));
  await until(() => part(app, 'aws-iot')?.state === 'ok', 10_000);
  expect(heard).toBe(0);
  const file = join(await temporaryFolder(), 'next.yaml');
  const deploy = async (to: string) => {
    await writeFile(file, site(to));
    expect((await cli(['deploy', file, '--state', app.stateDir])).code).toBe(0);
  };
  await deploy('Listener, cloud');
  await until(() => heard > 2, 10_000);
  await deploy('Listener');
  await until(() => part(app, 'bridge')?.figures?.bytes === 0);
  const before = heard;
  const { received } = part(app, 'Listener')!.figures as { received: number };
  await until(() => (part(app, 'Listener')!.figures as { received: number }).received >= received + 4);
  expect(heard).toBe(before);
});

it('finds a Greengrass core by its discovery', async () => {
  const core = await runApp(`
version: 1
hal: { driver: mock }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
`);
  const certs = join(await temporaryFolder(), 'certs');
  await cli(['thing', 'add', 'GG_TrafficLight', '--out', certs, '--state', core.stateDir]);
  const thing = await runApp(`
version: 1
hal: { driver: mock }
connect:
  greengrass: { endpoint: 127.0.0.1, port: ${core.app.core!.discoveryPort}, ca: ${certs}/root.ca.pem }
  transport: aws-sdk
  certificates: ${certs}
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
`);
  await core.control.call('POST', '/shadow/GG_TrafficLight', { state: { desired: { property: 'Y' } } });
  await until(() => thing.board.line('GPIO27').level === 'high', 15_000);
});
