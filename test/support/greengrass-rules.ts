/**
 * What Greengrass V2 takes, as JSON Schemas of our own. From: the recipe schema of AWS's Greengrass Development Kit CLI
 * (aws-greengrass-gdk-cli, `gdk/static/user_input_recipe_schema.json`, names compared without case as it does) and the
 * component recipe reference; for the components, the configuration sections of the Greengrass V2 developer guide
 * (client device auth, MQTT bridge, shadow manager) and their sources (`AuthorizationPolicyStatement.java`,
 * `GroupConfiguration.java`, `BridgeConfig.java`, `TopicMapping.java`); for the deployment, `CreateDeployment`.
 */
import { Ajv, type SchemaObject } from 'ajv';

const text = { type: 'string' } as const;
const texts = { type: 'object', additionalProperties: text } as const;

function object(properties: Record<string, unknown>, required: readonly string[] = []): SchemaObject {
  return { type: 'object', properties, required, additionalProperties: false };
}

const SEMVER = '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?$';
const COMPONENT = '^[a-zA-Z0-9_.-]{1,128}$';

const step = {
  oneOf: [
    text,
    object({
      script: text,
      requiresprivilege: { type: 'boolean' },
      skipif: { type: 'string', pattern: '^(onpath|exists) .+' },
      timeout: { type: 'integer', minimum: 0 },
      setenv: texts,
    }),
  ],
};
const access = { enum: ['NONE', 'OWNER', 'ALL'] };

const RECIPE = object(
  {
    recipeformatversion: { const: '2020-01-25' },
    componentname: { type: 'string', pattern: COMPONENT },
    componentversion: { type: 'string', pattern: SEMVER, maxLength: 64 },
    componentdescription: text,
    componentpublisher: text,
    componenttype: { enum: ['aws.greengrass.generic', 'aws.greengrass.lambda', 'aws.greengrass.plugin'] },
    componentconfiguration: object({ defaultconfiguration: { type: 'object' } }),
    componentdependencies: {
      type: 'object',
      propertyNames: { pattern: COMPONENT },
      additionalProperties: object(
        {
          versionrequirement: { type: 'string', pattern: '^>=\\d+\\.\\d+\\.\\d+ <\\d+\\.\\d+\\.\\d+$' },
          dependencytype: { enum: ['SOFT', 'HARD'] },
        },
        ['versionrequirement'],
      ),
    },
    manifests: {
      type: 'array',
      minItems: 1,
      items: object({
        name: text,
        platform: object({ os: text, architecture: text, 'architecture.detail': text }),
        lifecycle: object({
          setenv: texts,
          install: step,
          run: step,
          startup: step,
          shutdown: step,
          recover: step,
          bootstrap: step,
        }),
        selections: { type: 'array', items: text },
        artifacts: {
          type: 'array',
          items: object(
            {
              uri: { type: 'string', pattern: '^s3://[^/]+/.+' },
              unarchive: { enum: ['NONE', 'ZIP'] },
              permission: object({ read: access, execute: access }),
              digest: text,
              algorithm: text,
            },
            ['uri'],
          ),
        },
      }),
    },
  },
  ['recipeformatversion', 'componentname', 'componentversion', 'manifests'],
);

const AUTH = object({
  deviceGroups: object(
    {
      formatVersion: { const: '2021-03-05' },
      definitions: {
        type: 'object',
        additionalProperties: object(
          {
            // RuleExpression.jj: names, stars at their ends, AND and OR
            selectionRule: {
              type: 'string',
              pattern: '^thingName: ?\\*?[\\w:\\\\-]*\\*?( (OR|AND) thingName: ?\\*?[\\w:\\\\-]*\\*?)*$',
            },
            policyName: text,
          },
          ['selectionRule', 'policyName'],
        ),
      },
      policies: {
        type: 'object',
        additionalProperties: {
          type: 'object',
          additionalProperties: object(
            {
              statementDescription: text,
              effect: { const: 'ALLOW' },
              operations: {
                type: 'array',
                minItems: 1,
                items: { enum: ['mqtt:connect', 'mqtt:publish', 'mqtt:subscribe', 'mqtt:*', '*'] },
              },
              resources: {
                type: 'array',
                minItems: 1,
                items: { type: 'string', pattern: '^(\\*|mqtt:(clientId|topic|topicfilter):.+)$' },
              },
            },
            ['operations', 'resources'],
          ),
        },
      },
    },
    ['formatVersion', 'definitions', 'policies'],
  ),
});

const place = { enum: ['LocalMqtt', 'Pubsub', 'IotCore'] };
const BRIDGE = object({
  mqttTopicMapping: {
    type: 'object',
    additionalProperties: {
      ...object(
        { topic: { type: 'string', minLength: 1 }, source: place, target: place, targetTopicPrefix: text },
        ['topic', 'source', 'target'],
      ),
      // a route to where it comes from would go round for ever
      not: {
        anyOf: place.enum.map((one) => ({ properties: { source: { const: one }, target: { const: one } } })),
      },
    },
  },
});

const synced = { classic: { type: 'boolean' }, namedShadows: { type: 'array', items: text } };
const thing = { type: 'string', pattern: '^[a-zA-Z0-9:_-]{1,128}$' };
const SHADOWS = object({
  strategy: object({ type: { enum: ['realTime', 'periodic'] }, delay: { type: 'integer', minimum: 1 } }, [
    'type',
  ]),
  synchronize: object({
    direction: { enum: ['betweenDeviceAndCloud', 'deviceToCloud', 'cloudToDevice'] },
    coreThing: object(synced),
    shadowDocuments: { type: 'array', items: object({ thingName: thing, ...synced }, ['thingName']) },
  }),
  rateLimits: object({
    maxOutboundSyncUpdatesPerSecond: { type: 'integer' },
    maxTotalLocalRequestsRate: { type: 'integer' },
    maxLocalRequestsPerSecondPerThing: { type: 'integer' },
  }),
  shadowDocumentSizeLimitBytes: { type: 'integer', minimum: 1, maximum: 30_720 },
});

const DEPLOYMENT = object(
  {
    targetArn: { type: 'string', pattern: '^arn:[^:]*:iot:[^:]*:[^:]+:(thing|thinggroup)/.+$' },
    deploymentName: { type: 'string', minLength: 1, maxLength: 256 },
    components: {
      type: 'object',
      propertyNames: { pattern: COMPONENT },
      additionalProperties: object(
        {
          componentVersion: { type: 'string', pattern: SEMVER },
          configurationUpdate: object({ merge: text, reset: { type: 'array', items: text } }),
        },
        ['componentVersion'],
      ),
    },
  },
  ['targetArn'],
);

const CONFIGURATIONS: Readonly<Record<string, SchemaObject>> = {
  'aws.greengrass.clientdevices.Auth': AUTH,
  'aws.greengrass.clientdevices.mqtt.Bridge': BRIDGE,
  'aws.greengrass.ShadowManager': SHADOWS,
};

/** Names without case, as the kit compares them; below `defaultconfiguration` everything stays as it is. */
function lowerCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const name = key.toLowerCase();
      const asIs = name === 'defaultconfiguration' || name === 'setenv';
      return [name, asIs ? member : lowerCased(member)];
    }),
  );
}

function problems(schema: SchemaObject, value: unknown, where: string): string[] {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true, strict: false }).compile(schema);
  validate(value);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${where}${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}

export function recipeProblems(recipe: unknown): string[] {
  return problems(RECIPE, lowerCased(recipe), 'recipe');
}

/** Of the deployment, and of what it merges into the configuration of AWS's components. */
export function deploymentProblems(deployment: unknown): string[] {
  const found = problems(DEPLOYMENT, deployment, 'deployment');
  const { components = {} } = deployment as {
    components?: Record<string, { configurationUpdate?: { merge?: string } }>;
  };
  for (const [name, { configurationUpdate }] of Object.entries(components)) {
    if (configurationUpdate?.merge === undefined) continue;
    const merged = JSON.parse(configurationUpdate.merge) as JsonOfAuth;
    const schema = CONFIGURATIONS[name];
    if (schema !== undefined) found.push(...problems(schema, merged, name));
    const { definitions = {}, policies = {} } = merged.deviceGroups ?? {};
    for (const { policyName } of Object.values(definitions))
      if (!(policyName in policies)) found.push(`${name}: no policy ${policyName}`);
  }
  return found;
}

interface JsonOfAuth {
  readonly deviceGroups?: {
    readonly definitions?: Record<string, { readonly policyName: string }>;
    readonly policies?: Record<string, unknown>;
  };
}
