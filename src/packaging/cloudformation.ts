import type { JsonObject, JsonValue } from '../../hal/index.js';
import type { Config, IotConfig } from '../config/model.js';
import { PackageError } from './errors.js';
import { shadowTopic, topicPattern } from './topics.js';

export interface CloudSubjects {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** Characters of one AWS IoT policy, without white space; and policies of one certificate. */
const POLICY_LIMIT = 2_048;
const POLICIES_LIMIT = 10;
/** What stands for account, region and partition in a resource when it is longest. */
const ARN_ROOM = 'arn:aws-us-gov:iot:ap-southeast-1:123456789012:'.length;
const ARN = `arn:\${AWS::Partition}:iot:\${AWS::Region}:\${AWS::AccountId}:`;
/** Room for the braces of a policy and of a statement. */
const STATEMENT_ROOM = 64;

/**
 * A CloudFormation template with what a site needs in an account: things, policies that allow no more than the
 * configuration does, the table, and the role alias that may write to it.
 * For a file without a core the things are its own, clients of a core elsewhere.
 * @param subjects of the rows with `cloud`
 * @throws {PackageError} PACKAGE_NOTHING, PACKAGE_LIMIT
 */
export function cloudFormation(config: Config, subjects: CloudSubjects): JsonObject {
  const { sink, iot } = config.cloud;
  if (sink === 'local' && iot === undefined) {
    throw new PackageError(
      'PACKAGE_NOTHING',
      `${config.file} sends nothing to AWS: add cloud.iot or cloud.sink.dynamodb`,
    );
  }
  const thing = iot?.thingName ?? config.core?.thingName;
  const dynamodb = sink === 'local' ? undefined : sink.dynamodb;
  const roleAlias = dynamodb?.credentials?.roleAlias;
  const grants = [
    ...(iot && thing !== undefined ? iotGrants(thing, iot, subjects) : []),
    ...(roleAlias === undefined
      ? []
      : [{ action: 'iot:AssumeRoleWithCertificate', resource: `rolealias/${roleAlias}` }]),
  ];
  const things =
    thing === undefined
      ? [...config.things, ...config.functions].map(({ name }) => name)
      : [...new Set([thing, ...(iot?.shadows ?? []).map((shadow) => shadow.thing)])];
  // a role alias is asked with the certificate of the first function
  const holder = thing ?? config.functions[0]?.name;
  const certified = thing !== undefined || grants.length > 0;
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Greenlight group ${config.group.name}: things, policies, table and role alias`,
    ...(certified && {
      Parameters: {
        CertificateArn: {
          Type: 'String',
          AllowedPattern: '^arn:aws[a-z-]*:iot:[a-z0-9-]+:[0-9]{12}:cert/[0-9a-f]{64}$',
          Description: `Certificate of the thing ${holder}, of aws iot create-keys-and-certificate.`,
        },
      },
    }),
    Resources: {
      ...numbered(
        'Thing',
        things.map((name) => ({ Type: 'AWS::IoT::Thing', Properties: { ThingName: name } })),
      ),
      ...(certified &&
        holder !== undefined && {
          ThingCertificate: {
            Type: 'AWS::IoT::ThingPrincipalAttachment',
            DependsOn: `Thing${things.indexOf(holder) + 1}`,
            Properties: { ThingName: holder, Principal: { Ref: 'CertificateArn' } },
          },
        }),
      ...policies(grants),
      ...(dynamodb && { CarStats: table(dynamodb.table) }),
      ...(dynamodb && roleAlias !== undefined && access(roleAlias, dynamodb.create)),
    },
  };
}

interface Grant {
  readonly action: string;
  /** After account and region. */
  readonly resource: string;
}

function iotGrants(thing: string, { batchTopic, shadows }: IotConfig, { up, down }: CloudSubjects): Grant[] {
  const grants: Grant[] = [{ action: 'iot:Connect', resource: `client/${thing}` }];
  const allow = (action: string, kind: string, path: string): void => {
    grants.push({ action, resource: `${kind}/${path}` });
  };
  for (const filter of up) allow('iot:Publish', 'topic', topicPattern(filter));
  if (batchTopic !== undefined) allow('iot:Publish', 'topic', batchTopic);
  for (const filter of down) {
    allow('iot:Subscribe', 'topicfilter', filter);
    allow('iot:Receive', 'topic', topicPattern(filter));
  }
  for (const shadow of shadows) {
    const topic = shadowTopic(shadow.thing, shadow.shadow);
    for (const operation of ['get', 'update', 'delete'])
      allow('iot:Publish', 'topic', `${topic}/${operation}`);
    for (const answer of ['accepted', 'rejected']) {
      allow('iot:Subscribe', 'topicfilter', `${topic}/+/${answer}`);
      allow('iot:Receive', 'topic', `${topic}/*/${answer}`);
    }
  }
  return grants;
}

/** As many policies as the grants need, each attached to the certificate. */
function policies(grants: readonly Grant[]): JsonObject {
  const groups: Grant[][] = [];
  let room = 0;
  for (const grant of grants) {
    const size = ARN_ROOM + grant.resource.length + grant.action.length + STATEMENT_ROOM;
    if (size > room) {
      groups.push([]);
      room = POLICY_LIMIT - STATEMENT_ROOM;
    }
    groups.at(-1)!.push(grant);
    room -= size;
  }
  if (groups.length > POLICIES_LIMIT) {
    throw new PackageError(
      'PACKAGE_LIMIT',
      `rows and shadows need ${groups.length} policies, a certificate can have ${POLICIES_LIMIT}; keep fewer shadows in step, or let one row with a wildcard stand for several`,
    );
  }
  const attachments = groups.map((_, index) => ({
    Type: 'AWS::IoT::PolicyPrincipalAttachment',
    Properties: { PolicyName: { Ref: `Policy${index + 1}` }, Principal: { Ref: 'CertificateArn' } },
  }));
  return {
    ...numbered(
      'Policy',
      groups.map((group) => ({ Type: 'AWS::IoT::Policy', Properties: { PolicyDocument: document(group) } })),
    ),
    ...numbered('PolicyCertificate', attachments),
  };
}

function document(grants: readonly Grant[]): JsonObject {
  const actions = [...new Set(grants.map(({ action }) => action))];
  return {
    Version: '2012-10-17',
    Statement: actions.map((action) => ({
      Effect: 'Allow',
      Action: action,
      Resource: grants
        .filter((grant) => grant.action === action)
        .map(({ resource }) => ({ 'Fn::Sub': `${ARN}${literal(resource)}` })),
    })),
  };
}

/** Not to be replaced by `Fn::Sub`. */
function literal(text: string): string {
  return text.replaceAll('${', '${!');
}

function table(name: string): JsonObject {
  return {
    Type: 'AWS::DynamoDB::Table',
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'Time', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'Time', KeyType: 'HASH' }],
    },
  };
}

function access(roleAlias: string, create: boolean): JsonObject {
  const actions = ['dynamodb:PutItem', 'dynamodb:GetItem'];
  if (create) actions.push('dynamodb:CreateTable', 'dynamodb:DescribeTable');
  const allowed = (statement: JsonObject): JsonObject => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', ...statement }],
  });
  return {
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: allowed({
          Principal: { Service: 'credentials.iot.amazonaws.com' },
          Action: 'sts:AssumeRole',
        }),
        Policies: [
          {
            PolicyName: 'CarStats',
            PolicyDocument: allowed({ Action: actions, Resource: { 'Fn::GetAtt': ['CarStats', 'Arn'] } }),
          },
        ],
      },
    },
    RoleAlias: {
      Type: 'AWS::IoT::RoleAlias',
      Properties: {
        RoleAlias: roleAlias,
        RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
        CredentialDurationSeconds: 3_600,
      },
    },
  };
}

function numbered(name: string, values: readonly JsonValue[]): JsonObject {
  return Object.fromEntries(values.map((value, index) => [`${name}${index + 1}`, value]));
}
