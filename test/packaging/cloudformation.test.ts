import { expect, it } from 'vitest';
import type { JsonObject } from '../../hal/index.js';
import { awsPackage } from '../../src/app/package.js';
import { policyProblems, templateProblems } from '../support/cloudformation.js';
import { configOf } from './support.js';

const SITE = `
version: 1
core: {}
things:
  - { name: Light, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
subscriptions:
  - { source: Light, subject: a/+/b, target: cloud }
  - { source: cloud, subject: from/cloud/#, target: Light }
cloud:
  sink: { dynamodb: { region: eu-central-1, credentials: { roleAlias: alias, endpoint: e.example } } }
  iot: { endpoint: x.example, batchTopic: stats, shadows: [{ thing: Light }, { thing: Light, shadow: extra }] }
`;

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string;
}

interface Template {
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

interface Policy {
  readonly Version: string;
  readonly Statement: readonly {
    readonly Effect: string;
    readonly Action: string;
    readonly Resource: readonly { readonly 'Fn::Sub': string }[];
  }[];
}

async function template(text: string): Promise<Template> {
  return awsPackage(await configOf(text)) as unknown as Template;
}

function policiesOf({ Resources }: Template): readonly Policy[] {
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::IoT::Policy')
    .map(({ Properties }) => Properties.PolicyDocument as Policy);
}

/** What CloudFormation, IAM and AWS IoT refuse. */
async function check(template: Template): Promise<void> {
  expect(await templateProblems(template as never)).toEqual([]);
  expect(JSON.stringify(template).length).toBeLessThan(51_200);
  for (const { Properties } of Object.values(template.Resources)) {
    const { AssumeRolePolicyDocument, Policies = [] } = Properties as {
      AssumeRolePolicyDocument?: JsonObject;
      Policies?: { PolicyDocument: JsonObject }[];
    };
    const documents = Policies.map(({ PolicyDocument }) => PolicyDocument);
    if (AssumeRolePolicyDocument) documents.push(AssumeRolePolicyDocument);
    for (const document of documents) expect(await policyProblems(document)).toEqual([]);
  }
  // AWS IoT Core endpoints and quotas: policies of a principal, characters of a policy document
  const policies = policiesOf(template);
  expect(policies.length).toBeLessThanOrEqual(10);
  for (const policy of policies) {
    expect(await policyProblems(policy as never)).toEqual([]);
    const resolved = JSON.stringify(policy)
      .replaceAll(/\{"Fn::Sub":("[^"]*")\}/g, '$1')
      .replaceAll(`\${AWS::Partition}`, 'aws-us-gov')
      .replaceAll(`\${AWS::Region}`, 'ap-southeast-1')
      .replaceAll(`\${AWS::AccountId}`, '123456789012');
    expect(resolved.length).toBeLessThanOrEqual(2_048);
  }
}

function granted(template: Template): string[] {
  return policiesOf(template).flatMap(({ Statement }) =>
    Statement.flatMap(({ Action, Resource }) =>
      Resource.map((resource) => `${Action} ${resource['Fn::Sub'].split(':').slice(-1)}`),
    ),
  );
}

it('makes a template that CloudFormation takes, with no right beyond what the file uses', async () => {
  const made = await template(SITE);
  await check(made);
  expect(granted(made).sort()).toEqual(
    [
      'iot:Connect client/Greenlight_Core',
      'iot:Publish topic/a/*/b',
      'iot:Publish topic/stats',
      'iot:Subscribe topicfilter/from/cloud/#',
      'iot:Receive topic/from/cloud/*',
      ...['shadow', 'shadow/name/extra'].flatMap((shadow) => [
        ...['get', 'update', 'delete'].map((op) => `iot:Publish topic/$aws/things/Light/${shadow}/${op}`),
        ...['accepted', 'rejected'].flatMap((answer) => [
          `iot:Subscribe topicfilter/$aws/things/Light/${shadow}/+/${answer}`,
          `iot:Receive topic/$aws/things/Light/${shadow}/*/${answer}`,
        ]),
      ]),
      'iot:AssumeRoleWithCertificate rolealias/alias',
    ].sort(),
  );
  const types = Object.values(made.Resources).map(({ Type }) => Type);
  expect(types.filter((type) => type === 'AWS::IoT::Thing')).toHaveLength(2);
  expect(made.Resources.CarStats!.Properties).toMatchObject({
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'Time', KeyType: 'HASH' }],
  });
  expect(JSON.stringify(made.Resources.Role)).not.toContain('CreateTable');
});

it('splits rights over policies as large as AWS IoT takes them, and says when they are too many', async () => {
  const shadows = (count: number, name: string) =>
    Array.from({ length: count }, (_, n) => `{ thing: ${name}${n} }`).join(', ');
  const site = (list: string) =>
    `version: 1\ncore: {}\ncloud: { iot: { endpoint: x.example, shadows: [${list}] } }`;
  const made = await template(site(shadows(6, 'T')));
  await check(made);
  expect(policiesOf(made).length).toBeGreaterThan(1);
  await expect(template(site(shadows(24, 'T'.repeat(100))))).rejects.toMatchObject({ code: 'PACKAGE_LIMIT' });
});

it('makes only what is used, and nothing of a file that stays at home', async () => {
  const made = await template('version: 1\ncore: {}\ncloud: { sink: { dynamodb: { region: x } } }');
  expect(Object.keys(made.Resources)).toContain('CarStats');
  expect(policiesOf(made)).toEqual([]);
  await check(await template(SITE.replace('region: eu-central-1', 'region: eu-central-1, create: true')));
  await expect(template('version: 1\ncore: {}')).rejects.toMatchObject({ code: 'PACKAGE_NOTHING' });
});

it('makes things and table of a file whose core is elsewhere', async () => {
  const site = (credentials: string) =>
    `version: 1
connect: { greengrass: { region: eu-west-1 }, certificates: certs }
things: [{ name: Light, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }]
functions: [{ name: Cars, builtin: car-aggregator, watch: Light }]
cloud: { sink: { dynamodb: { region: eu-west-1${credentials} } } }`;
  const made = await template(site(''));
  await check(made);
  expect(Object.keys(made)).not.toContain('Parameters');
  expect(Object.keys(made.Resources)).toEqual(['Thing1', 'Thing2', 'CarStats']);
  const withAlias = await template(site(', credentials: { roleAlias: a, endpoint: e.example }'));
  await check(withAlias);
  expect(withAlias.Resources.ThingCertificate).toMatchObject({
    DependsOn: 'Thing2',
    Properties: { ThingName: 'Cars' },
  });
});

it('would see what AWS refuses', async () => {
  const made = structuredClone(await template(SITE)) as unknown as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown>; DependsOn?: string }>;
  };
  const { Resources } = made;
  Resources.CarStats!.Properties.Bill = 'PAY_PER_REQUEST';
  Resources.CarStats!.Properties.AttributeDefinitions = [{ AttributeName: 'Time', Type: 'S' }];
  Resources.RoleAlias!.Properties.CredentialDurationSeconds = '3600';
  Resources.RoleAlias!.Properties.RoleArn = { 'Fn::GetAtt': ['Role', 'Nothing'] };
  Resources.Other = { Type: 'AWS::IoT::Light', Properties: {} };
  delete Resources.ThingCertificate!.Properties.Principal;
  expect(await templateProblems(made as never)).toEqual([
    'ThingCertificate: Principal is missing',
    'CarStats.AttributeDefinitions.0: AttributeType is missing',
    'CarStats.AttributeDefinitions.0.Type: no such property',
    'CarStats.Bill: no such property',
    'RoleAlias.RoleArn: no attribute Nothing of Role',
    expect.stringContaining('RoleAlias.CredentialDurationSeconds: "3600" is not of type'),
    'Other: no resource type AWS::IoT::Light',
  ]);
  const statement = (Action: string, resource: string) => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource: [{ 'Fn::Sub': `arn:aws:iot:r:1:${resource}` }] }],
  });
  expect(await policyProblems(statement('iot:Publish', 'topicfilter/a') as never)).toEqual([
    'iot:Publish on arn:aws:iot:r:1:topicfilter/a',
  ]);
  expect(await policyProblems(statement('iot:Hear', 'topic/a') as never)).toEqual(['no action iot:Hear']);
});
