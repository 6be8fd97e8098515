import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CATALOG } from '../../../src/catalog.js';
import { checkConfig } from '../../../src/config/index.js';
import { writeYaml } from '../../../src/config/yaml.js';
import { importGreengrassV1 } from '../../../src/core/deployments/index.js';

const ARN = {
  thing: (name: string) => `arn:aws:iot:eu-central-1:123456789012:thing/${name}`,
  fn: (name: string, version = '1') => `arn:aws:lambda:eu-central-1:123456789012:function:${name}:${version}`,
};

/** As `aws greengrass get-KIND-definition-version` writes it. */
function version(definition: object): string {
  return JSON.stringify({
    Arn: 'arn:aws:greengrass:eu-central-1:123456789012:/greengrass/definition/x/versions/y',
    CreationTimestamp: '2020-01-01T00:00:00.000Z',
    Definition: definition,
    Id: 'x',
    Version: 'y',
  });
}

const GROUP = [
  {
    name: 'group.json',
    text: JSON.stringify({
      Arn: 'arn:aws:greengrass:eu-central-1:1:/greengrass/groups/abc',
      Name: 'Main Crossing',
    }),
  },
  {
    name: 'group-version.json',
    text: version({ CoreDefinitionVersionArn: 'arn:…', DeviceDefinitionVersionArn: 'arn:…' }),
  },
  {
    name: 'cores.json',
    text: version({
      Cores: [{ Id: 'c', ThingArn: ARN.thing('Main_Core'), CertificateArn: 'arn:…', SyncShadow: true }],
    }),
  },
  {
    name: 'devices.json',
    text: version({
      Devices: [
        { Id: '1', ThingArn: ARN.thing('GG_TrafficLight'), CertificateArn: 'arn:…', SyncShadow: true },
        {
          Id: '2',
          ThingArn: ARN.thing('GG_Switch'),
          CertificateArn: `arn:aws:iot:eu-central-1:123456789012:cert/${'ab'.repeat(32)}`,
          SyncShadow: false,
        },
      ],
    }),
  },
  {
    name: 'functions.json',
    text: version({
      DefaultConfig: { Execution: { IsolationMode: 'GreengrassContainer' } },
      Functions: [
        {
          Id: 'hello',
          FunctionArn: ARN.fn('GG_HelloWorld'),
          FunctionConfiguration: {
            Executable: 'greengrassHelloWorld.function_handler',
            FunctionRuntimeOverride: 'python3.7',
            EncodingType: 'binary',
            MemorySize: 16_384,
            Timeout: 25,
            Pinned: true,
            Environment: { Variables: { COLOUR: 'red' }, AccessSysfs: true },
          },
        },
        {
          Id: 'car',
          FunctionArn: ARN.fn('GG_Car_Aggregator', 'GG_CarAggregator'),
          FunctionConfiguration: {
            Pinned: false,
            Timeout: 3,
            Environment: {
              Execution: { IsolationMode: 'NoContainer', RunAs: { Uid: 1001, Gid: 1002 } },
              ResourceAccessPolicies: [
                { ResourceId: 'cam', Permission: 'rw' },
                { ResourceId: 'data', Permission: 'rw' },
                { ResourceId: 'model', Permission: 'ro' },
              ],
            },
          },
        },
        { Id: 'car2', FunctionArn: ARN.fn('GG_Car_Aggregator', '2'), FunctionConfiguration: {} },
        { Id: 'spool', FunctionArn: 'arn:aws:lambda:::function:GGCloudSpooler:1', FunctionConfiguration: {} },
      ],
    }),
  },
  {
    name: 'resources.json',
    text: version({
      Resources: [
        {
          Id: 'cam',
          Name: 'Cam',
          ResourceDataContainer: { LocalDeviceResourceData: { SourcePath: '/dev/video0' } },
        },
        {
          Id: 'data',
          Name: 'Data',
          ResourceDataContainer: {
            LocalVolumeResourceData: { SourcePath: '/srv/data', DestinationPath: '/data' },
          },
        },
        { Id: 'model', Name: 'Model', ResourceDataContainer: { S3MachineLearningModelResourceData: {} } },
      ],
    }),
  },
  {
    name: 'subscriptions.json',
    text: version({
      Subscriptions: [
        {
          Id: 'a',
          Source: ARN.thing('GG_Switch'),
          Subject: '$aws/things/GG_TrafficLight/shadow/update',
          Target: 'GGShadowService',
        },
        { Id: 'b', Source: ARN.fn('GG_HelloWorld'), Subject: 'hello/world', Target: 'cloud' },
        { Id: 'c', Source: ARN.fn('GG_HelloWorld'), Subject: 'hello/world', Target: 'cloud' },
        {
          Id: 'd',
          Source: 'arn:aws:greengrass:eu-central-1::/connectors/SNS/versions/1',
          Subject: 'sns/message/status',
          Target: ARN.fn('GG_Car_Aggregator', 'alias'),
        },
      ],
    }),
  },
  {
    name: 'more.json',
    text: JSON.stringify([
      {
        Loggers: [
          { Id: 'l', Component: 'Lambda', Level: 'ERROR', Type: 'FileSystem', Space: 128 },
          { Id: 'm', Level: 'INFO' },
        ],
      },
      {
        Connectors: [
          { Id: 'sns', ConnectorArn: 'arn:aws:greengrass:eu-central-1::/connectors/SNS/versions/1' },
        ],
      },
    ]),
  },
];

describe('import of a Greengrass V1 group', () => {
  it('makes a configuration that says the same', () => {
    const { yaml } = importGreengrassV1(GROUP, writeYaml);
    expect(parse(yaml)).toEqual({
      version: 1,
      group: { name: 'Main_Crossing' },
      log: { level: 'info' },
      core: { thingName: 'Main_Core' },
      things: [{ name: 'GG_TrafficLight' }, { name: 'GG_Switch' }],
      functions: [
        {
          name: 'GG_HelloWorld',
          handler: 'functions/GG_HelloWorld/greengrassHelloWorld.function_handler',
          runtime: 'python3',
          pinned: true,
          memoryMb: 16,
          timeoutSeconds: 25,
          encoding: 'binary',
          environment: { COLOUR: 'red' },
        },
        {
          name: 'GG_Car_Aggregator',
          handler: 'functions/GG_Car_Aggregator/main.function_handler',
          runtime: 'python3',
          pinned: false,
          memoryMb: 256,
          timeoutSeconds: 3,
          resources: { devices: ['/dev/video0'], folders: [{ path: '/srv/data', access: 'rw' }] },
          runAs: { uid: 1001, gid: 1002 },
        },
      ],
      subscriptions: [
        {
          source: 'GG_Switch',
          subject: '$aws/things/GG_TrafficLight/shadow/update',
          target: 'GGShadowService',
        },
        { source: 'GG_HelloWorld', subject: 'hello/world', target: 'cloud' },
      ],
    });
  });

  it('makes a configuration that passes every check', async () => {
    const { yaml } = importGreengrassV1(GROUP, writeYaml);
    const { problems, config } = await checkConfig(
      { file: '/srv/imported.yaml', text: yaml },
      { catalog: CATALOG, env: {} },
    );
    expect(problems).toEqual([]);
    expect(config?.functions[1]?.runAs).toEqual({ uid: 1001, gid: 1002 });
  });

  it('says everything that has no counterpart', () => {
    const { noCounterpart } = importGreengrassV1(GROUP, writeYaml);
    const all = noCounterpart.join('\n');
    for (const part of [
      'group\'s name "Main Crossing"',
      'certificates are not in the export for GG_TrafficLight:',
      `GG_Switch can keep its certificate: greenlight thing import GG_Switch ${'ab'.repeat(32)}`,
      'in step with AWS IoT for GG_TrafficLight',
      'GG_HelloWorld: it ran in a container',
      'GG_HelloWorld: AccessSysfs',
      'GG_HelloWorld: the export does not hold its code',
      'GG_Car_Aggregator: the export does not name its handler',
      'GG_Car_Aggregator: the export does not name its runtime',
      'GG_Car_Aggregator: it had no memory limit',
      'GG_Car_Aggregator: it saw /srv/data as /data',
      'GG_Car_Aggregator: its resource Model',
      'GG_Car_Aggregator is there in several versions',
      'GGCloudSpooler',
      'sns/message/status',
      'the connector arn:aws:greengrass',
      'loggers',
    ]) {
      expect(all).toContain(part);
    }
    expect(noCounterpart).toHaveLength(18);
  });

  it.each([
    ['not JSON', '{', 'x.json is not JSON'],
    ['something else', '{"Things":[]}', 'x.json holds none of'],
    ['nothing', '{"Devices":[]}', 'no core, no device and no function'],
  ])('refuses %s', (_, text, message) => {
    const importing = () => importGreengrassV1([{ name: 'x.json', text }], writeYaml);
    expect(importing).toThrow(expect.objectContaining({ code: 'DEPLOYMENT_IMPORT' }));
    expect(importing).toThrow(message);
  });
});
