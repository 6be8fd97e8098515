import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { deployment, recipe, type ThingTopics, zip } from '../../src/packaging/index.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { deploymentProblems, recipeProblems } from '../support/greengrass-rules.js';
import { configOf } from './support.js';

const SITE = `
version: 1
connect: { greengrass: { region: eu-central-1 }, certificates: /etc/greenlight/certs }
things:
  - { name: Light, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
  - { name: Switch, role: light-controller, controls: Light }
`;

const THINGS: readonly ThingTopics[] = [
  { thing: 'Light', shadow: true, publishes: [], receives: [] },
  {
    thing: 'Switch',
    shadow: true,
    publishes: ['$aws/things/Light/shadow/update', 'a/+/b'],
    receives: ['$aws/things/Light/shadow/update/accepted', 'c/#'],
  },
];

async function options() {
  return {
    config: await configOf(SITE),
    things: THINGS,
    up: ['a/+/b'],
    down: ['c/#'],
    version: '1.2.3',
    archive: 'things.zip',
    configFile: 'config/site.yaml',
  };
}

describe('the recipe', () => {
  it('is as the recipe reference of Greengrass V2 wants it', async () => {
    const made = recipe(await options()) as unknown as {
      ComponentVersion: string;
      Manifests: { Lifecycle: Record<string, { Script: string }> }[];
    };
    expect(recipeProblems(made)).toEqual([]);
    expect(made.ComponentVersion).toBe('1.2.3');
    const [manifest] = made.Manifests;
    expect(Object.keys(manifest!.Lifecycle)).toEqual(['Install', 'Run']);
    // unpacked archives lie in a folder of their name, which cannot be written to
    expect(manifest!.Lifecycle.Install!.Script).toContain(
      '{artifacts:decompressedPath}/things {work:path}/program ',
    );
    expect(manifest!.Lifecycle.Run!.Script).toContain('run -c config/site.yaml');
  });

  it('would be refused with what Greengrass does not know', async () => {
    const made = recipe(await options());
    expect(recipeProblems({ ...made, ComponentVersion: '1.2', Manifest: [] })).toEqual([
      expect.stringContaining('additional properties'),
      expect.stringContaining('/componentversion'),
    ]);
    const wanted = deployment(await options()) as unknown as {
      components: Record<string, { configurationUpdate?: { merge: string } }>;
    };
    const merge = (name: string, change: (value: string) => string) => {
      const copy = structuredClone(wanted);
      const { configurationUpdate } = copy.components[name]!;
      configurationUpdate!.merge = change(configurationUpdate!.merge);
      return deploymentProblems(copy);
    };
    expect(
      merge('aws.greengrass.clientdevices.Auth', (text) => text.replace('mqtt:connect', 'connect')),
    ).toEqual([expect.stringContaining('/operations/0')]);
    expect(
      merge('aws.greengrass.clientdevices.Auth', (text) =>
        text.replace('"policyName":"Light"', '"policyName":"X"'),
      ),
    ).toEqual(['aws.greengrass.clientdevices.Auth: no policy X']);
    expect(
      merge('aws.greengrass.clientdevices.mqtt.Bridge', (text) => text.replaceAll('Pubsub', 'LocalMqtt')),
    ).toHaveLength(2);
    expect(merge('aws.greengrass.ShadowManager', (text) => text.replace('realTime', 'always'))).toHaveLength(
      1,
    );
  });

  it('looks for certificates in a folder that the device has', async () => {
    const inFile = async (certificates: string) => {
      const config = await configOf(
        SITE.replace('/etc/greenlight/certs', certificates),
        '/home/me/site.yaml',
      );
      const made = recipe({ ...(await options()), config }) as unknown as {
        ComponentConfiguration: { DefaultConfiguration: { certificates: string } };
      };
      return made.ComponentConfiguration.DefaultConfiguration.certificates;
    };
    expect(await inFile('certs')).toBe('/etc/greenlight/certs');
    expect(await inFile('/var/lib/certs')).toBe('/var/lib/certs');
  });

  it('needs things that use a Greengrass core', async () => {
    const config = await configOf('version: 1\ncore: {}');
    const given = await options();
    expect(() => recipe({ ...given, config })).toThrow(expect.objectContaining({ code: 'PACKAGE_NOTHING' }));
  });
});

describe('the deployment', () => {
  it('lets each thing do what its rows say, and no more', async () => {
    const whole = deployment(await options());
    expect(deploymentProblems(whole)).toEqual([]);
    const made = whole as unknown as {
      components: Record<string, { componentVersion: string; configurationUpdate?: { merge: string } }>;
    };
    const configOf = (name: string) =>
      JSON.parse(made.components[name]!.configurationUpdate!.merge) as Record<string, never>;
    const { deviceGroups } = configOf('aws.greengrass.clientdevices.Auth') as unknown as {
      deviceGroups: {
        formatVersion: string;
        definitions: Record<string, { selectionRule: string; policyName: string }>;
        policies: Record<string, Record<string, { operations: string[]; resources: string[] }>>;
      };
    };
    expect(deviceGroups.formatVersion).toBe('2021-03-05');
    expect(deviceGroups.definitions.Switch).toEqual({
      selectionRule: 'thingName: Switch',
      policyName: 'Switch',
    });
    for (const { policyName } of Object.values(deviceGroups.definitions))
      expect(Object.keys(deviceGroups.policies)).toContain(policyName);
    const { Connect, Publish, Subscribe } = deviceGroups.policies.Switch!;
    expect(Connect!.resources).toEqual(['mqtt:clientId:Switch']);
    expect(Publish!.resources).toEqual([
      'mqtt:topic:$aws/things/Switch/shadow/*',
      'mqtt:topic:$aws/things/Light/shadow/update',
      'mqtt:topic:a/*/b',
    ]);
    expect(Subscribe!.resources).toEqual([
      'mqtt:topicfilter:$aws/things/Switch/shadow/*',
      'mqtt:topicfilter:$aws/things/Light/shadow/update/accepted',
      'mqtt:topicfilter:c/#',
    ]);
    const { mqttTopicMapping } = configOf('aws.greengrass.clientdevices.mqtt.Bridge') as unknown as {
      mqttTopicMapping: Record<string, { topic: string; source: string; target: string }>;
    };
    expect(Object.values(mqttTopicMapping)).toEqual([
      { topic: '$aws/things/+/shadow/#', source: 'LocalMqtt', target: 'Pubsub' },
      { topic: '$aws/things/+/shadow/#', source: 'Pubsub', target: 'LocalMqtt' },
      { topic: 'a/+/b', source: 'LocalMqtt', target: 'IotCore' },
      { topic: 'c/#', source: 'IotCore', target: 'LocalMqtt' },
    ]);
    expect(configOf('aws.greengrass.ShadowManager').synchronize).toMatchObject({
      shadowDocuments: [
        { thingName: 'Light', classic: true },
        { thingName: 'Switch', classic: true },
      ],
    });
  });
});

it('archives what others unpack', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'a.zip');
  const content = Buffer.from('ä'.repeat(10_000));
  const entries = [
    { path: 'dist/src/main.js', content },
    { path: 'empty', content: Buffer.alloc(0) },
  ];
  await writeFile(file, zip(entries));
  expect(zip(entries)).toEqual(await readFile(file));
  const script =
    'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; assert all(i.external_attr >> 16 == 0o100644 for i in z.infolist()); z.extractall(sys.argv[2])';
  const out = await mkdtemp(join(folder, 'out-'));
  await promisify(execFile)('python3', ['-c', script, file, out]);
  expect(await readFile(join(out, 'dist/src/main.js'))).toEqual(content);
  expect(await readFile(join(out, 'empty'))).toEqual(Buffer.alloc(0));
  await rm(out, { recursive: true });
});

describe('greenlight package', () => {
  it('writes recipe, deployment and archive, and a template', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'site.yaml');
    await writeFile(file, SITE);
    const out = join(folder, 'out');
    const done = await cli(['package', 'greengrass-v2', file, '--out', out]);
    expect(done).toMatchObject({ code: 0, err: '' });
    const made = JSON.parse(await readFile(join(out, 'deployment.json'), 'utf8')) as {
      components: Record<string, { configurationUpdate?: { merge: string } }>;
    };
    expect(made.components['aws.greengrass.clientdevices.Auth']!.configurationUpdate!.merge).toContain(
      'mqtt:topic:$aws/things/Light/shadow/update',
    );
    expect((await readFile(done.out.trim().split('\n')[2]!)).subarray(0, 2).toString()).toBe('PK');
    expect(await cli(['package', 'aws', file])).toMatchObject({
      code: 1,
      err: expect.stringContaining('sends nothing to AWS'),
    });
    const core = join(folder, 'core.yaml');
    await writeFile(core, 'version: 1\ncore: {}\ncloud: { iot: { endpoint: x.example } }\n');
    expect(JSON.parse((await cli(['package', 'aws', core])).out)).toMatchObject({
      AWSTemplateFormatVersion: '2010-09-09',
    });
  });
});
