import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import dynalite from 'dynalite';
import { expect, it, onTestFinished } from 'vitest';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { greengrassCore } from '../support/greengrass-core.js';
import { deploymentProblems, recipeProblems } from '../support/greengrass-rules.js';
import { until } from '../support/until.js';

async function listening(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Recipe {
  readonly ComponentConfiguration: { readonly DefaultConfiguration: Readonly<Record<string, string>> };
  readonly Manifests: readonly {
    readonly Lifecycle: {
      readonly Install: { readonly Script: string };
      readonly Run: { readonly Script: string; readonly Setenv: Readonly<Record<string, string>> };
    };
    readonly Artifacts: readonly { readonly URI: string }[];
  }[];
}

it('runs light, controller and car aggregator on a Greengrass V2 core, as the package says and no more', async () => {
  const folder = await temporaryFolder();
  const certs = join(folder, 'certs');
  const out = join(folder, 'out');
  const work = join(folder, 'work');
  await mkdir(certs);
  await mkdir(work);
  const database = await listening(dynalite({ createTableMs: 5 }) as unknown as Server);
  const asked: (string | undefined)[] = [];
  // what the token exchange service of the core is to its components
  const tokens = await listening(
    createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          AccessKeyId: 'key',
          SecretAccessKey: 'secret',
          Token: 'token',
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      );
    }),
  );
  const core = await greengrassCore(async ({ port, ca }) => {
    await writeFile(join(certs, 'discovery.pem'), ca);
    await writeFile(
      join(folder, 'crossing.yaml'),
      `
version: 1
group: { name: crossing }
hal: { driver: mock }
connect:
  greengrass: { endpoint: 127.0.0.1, port: ${port}, ca: ${certs}/discovery.pem }
  certificates: /etc/greenlight/certs
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
  - { name: GG_Switch, role: light-controller, controls: GG_TrafficLight, sequence: [G, Y, R], every: 50ms }
  - { name: Publisher, role: publisher, topic: hello/world, to: [cloud], every: 100ms }
functions:
  - { name: GG_Car_Aggregator, builtin: car-aggregator, watch: GG_TrafficLight, batchEvery: 3 }
cloud: { sink: { dynamodb: { region: us-east-1, endpoint: "${database}", create: true } } }
`,
    );
    const made = await cli(['package', 'greengrass-v2', join(folder, 'crossing.yaml'), '--out', out]);
    expect(made).toMatchObject({ code: 0, err: '' });
    return JSON.parse(await readFile(join(out, 'deployment.json'), 'utf8'));
  });
  onTestFinished(() => core.stop());
  for (const name of ['GG_TrafficLight', 'GG_Switch', 'Publisher', 'GG_Car_Aggregator']) {
    const { certificate, privateKey } = await core.thing(name);
    await writeFile(join(certs, `${name}.cert.pem`), certificate);
    await writeFile(join(certs, `${name}.private.key`), privateKey, { mode: 0o600 });
  }

  const recipe = JSON.parse(await readFile(join(out, 'recipe.json'), 'utf8')) as Recipe;
  expect(recipeProblems(recipe)).toEqual([]);
  const deployment = JSON.parse(await readFile(join(out, 'deployment.json'), 'utf8'));
  expect(deploymentProblems(deployment)).toEqual([]);
  expect(Object.keys(deployment.components)).toContain('aws.greengrass.TokenExchangeService');

  // what the nucleus does: unpack the artifact, install, run
  const [{ Lifecycle, Artifacts }] = recipe.Manifests as [Recipe['Manifests'][number]];
  const archive = Artifacts[0]!.URI.split('/').at(-1)!;
  const unpacked = join(folder, 'unpacked');
  execFileSync('python3', [
    '-c',
    'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])',
    join(out, archive),
    join(unpacked, archive.replace(/\.zip$/, '')),
  ]);
  const configuration = { ...recipe.ComponentConfiguration.DefaultConfiguration, certificates: certs };
  const filled = (text: string): string =>
    text
      .replaceAll('{artifacts:decompressedPath}', unpacked)
      .replaceAll('{work:path}', work)
      .replace(/\{configuration:\/(\w+)\}/g, (_, key: string) => configuration[key as 'certificates']);
  const [copy, npm] = filled(Lifecycle.Install.Script).split(/ && (?=npm )/) as [string, string];
  execFileSync('sh', ['-c', copy]);
  expect(npm).toBe('npm ci --omit=dev');
  // no registry here: the packages of this checkout stand for those that npm would bring
  await symlink(resolve('node_modules'), join(work, 'program', 'node_modules'));
  const env = Object.fromEntries(
    Object.entries(Lifecycle.Run.Setenv).map(([key, value]) => [key, filled(value)]),
  );
  const child = spawn('sh', ['-c', filled(Lifecycle.Run.Script)], {
    env: {
      PATH: process.env.PATH,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${tokens}/2016-11-01/credentialprovider/`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'of the component',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  onTestFinished(() => {
    child.kill('SIGKILL');
  });

  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: database,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  onTestFinished(() => client.destroy());
  const rows = async () =>
    ((await client.send(new ScanCommand({ TableName: 'CarStats' })).catch(() => undefined))?.Items ?? [])
      .map((item) => unmarshall(item))
      .sort((a, b) => a.Window - b.Window);
  await until(async () => (await rows()).length >= 2, 20_000).catch((error) => {
    throw new Error(`${error}; refused: ${core.refused.join('; ')}; said: ${said.slice(-2_000)}`);
  });
  expect((await rows()).slice(0, 2)).toMatchObject([
    { Thing: 'GG_TrafficLight', Window: 1, TotalGreenlights: 3 },
    { Thing: 'GG_TrafficLight', Window: 2, TotalGreenlights: 6 },
  ]);
  expect(asked).toContain('of the component');
  expect(core.sent.some(({ topic }) => topic === 'hello/world')).toBe(true);
  expect(core.refused).toEqual([]);
  // it is asked as any other instance
  const state = join(work, 'state');
  expect((await cli(['stats', '--state', state])).out).toContain('GG_TrafficLight');
  expect((await cli(['status', '--state', state])).out).toMatch(/GG_Car_Aggregator +function +ok .*greens/);

  child.kill('SIGTERM');
  await once(child, 'exit');
}, 40_000);
