import { expect, it } from 'vitest';
import { awsPackage } from '../../src/app/package.js';
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

/** Of the CloudFormation resource specification: properties that a type needs, and others that it may have. */
const TYPES: Readonly<Record<string, readonly [required: readonly string[], optional: readonly string[]]>> = {
  'AWS::IoT::Thing': [[], ['AttributePayload', 'ThingName']],
  'AWS::IoT::Policy': [['PolicyDocument'], ['PolicyName', 'Tags']],
  'AWS::IoT::PolicyPrincipalAttachment': [['PolicyName', 'Principal'], []],
  'AWS::IoT::ThingPrincipalAttachment': [['Principal', 'ThingName'], ['ThingPrincipalType']],
  'AWS::IoT::RoleAlias': [['RoleArn'], ['CredentialDurationSeconds', 'RoleAlias', 'Tags']],
  'AWS::IAM::Role': [['AssumeRolePolicyDocument'], ['Policies', 'RoleName', 'Path', 'Description', 'Tags']],
  'AWS::DynamoDB::Table': [['KeySchema'], ['AttributeDefinitions', 'BillingMode', 'TableName', 'Tags']],
};

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

/** What CloudFormation and AWS IoT refuse. */
function check(template: Template): void {
  const names = [...Object.keys(template.Parameters), ...Object.keys(template.Resources)];
  for (const [name, { Type, Properties, DependsOn }] of Object.entries(template.Resources)) {
    expect(name).toMatch(/^[A-Za-z0-9]{1,255}$/);
    const [required, optional] = TYPES[Type]!;
    const keys = Object.keys(Properties);
    expect(keys).toEqual(expect.arrayContaining([...required]));
    for (const key of keys) expect([...required, ...optional]).toContain(key);
    if (DependsOn !== undefined) expect(names).toContain(DependsOn);
  }
  const text = JSON.stringify(template);
  for (const [, name] of text.matchAll(/\{"Ref":"([^"]+)"\}/g)) expect(names).toContain(name);
  for (const [, name] of text.matchAll(/\{"Fn::GetAtt":\["([^"]+)"/g)) expect(names).toContain(name);
  expect(text.length).toBeLessThan(51_200);
  const policies = policiesOf(template);
  expect(policies.length).toBeLessThanOrEqual(10);
  for (const policy of policies) {
    const resolved = JSON.stringify(policy)
      .replaceAll(/\{"Fn::Sub":("[^"]*")\}/g, '$1')
      .replaceAll(`\${AWS::Partition}`, 'aws-us-gov')
      .replaceAll(`\${AWS::Region}`, 'ap-southeast-1')
      .replaceAll(`\${AWS::AccountId}`, '123456789012');
    expect(resolved.length).toBeLessThanOrEqual(2_048);
    expect(policy.Version).toBe('2012-10-17');
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
  check(made);
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
  check(made);
  expect(policiesOf(made).length).toBeGreaterThan(1);
  await expect(template(site(shadows(24, 'T'.repeat(100))))).rejects.toMatchObject({ code: 'PACKAGE_LIMIT' });
});

it('makes only what is used, and nothing of a file that stays at home', async () => {
  const made = await template('version: 1\ncore: {}\ncloud: { sink: { dynamodb: { region: x } } }');
  expect(Object.keys(made.Resources)).toContain('CarStats');
  expect(policiesOf(made)).toEqual([]);
  await expect(template('version: 1\ncore: {}')).rejects.toMatchObject({ code: 'PACKAGE_NOTHING' });
});
