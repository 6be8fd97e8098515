import type { JsonObject } from '../../hal/index.js';
import type { Config } from '../config/model.js';
import { PackageError } from './errors.js';
import { topicPattern } from './topics.js';

/** What a thing exchanges besides its own shadow, as the subscription table has it. */
export interface ThingTopics {
  readonly thing: string;
  readonly publishes: readonly string[];
  readonly receives: readonly string[];
}

export interface ComponentOptions {
  readonly config: Config;
  readonly things: readonly ThingTopics[];
  /** Subjects of the rows with target and source `cloud`. */
  readonly up: readonly string[];
  readonly down: readonly string[];
  /** Semantic version of the component. */
  readonly version: string;
  /** Name of the archive in the artifacts. */
  readonly archive: string;
  /** Path of the configuration in the archive. */
  readonly configFile: string;
}

export const COMPONENT_NAME = 'greenlight.Things';

/** The versions of AWS's components that the deployment names; a newer one may stand there. */
const COMPONENTS = {
  auth: { name: 'aws.greengrass.clientdevices.Auth', version: '2.5.0' },
  broker: { name: 'aws.greengrass.clientdevices.mqtt.Moquette', version: '2.3.7' },
  bridge: { name: 'aws.greengrass.clientdevices.mqtt.Bridge', version: '2.3.2' },
  shadows: { name: 'aws.greengrass.ShadowManager', version: '2.3.9' },
} as const;

/**
 * The recipe of a component that runs the things of a configuration beside a Greengrass V2 core. Certificates stay on
 * the device: the component's configuration says in which folder.
 * @throws {PackageError} PACKAGE_NOTHING
 */
export function recipe(options: ComponentOptions): JsonObject {
  const { config, version, archive, configFile } = options;
  if (config.connect?.greengrass === undefined || options.things.length === 0) {
    throw new PackageError(
      'PACKAGE_NOTHING',
      `${config.file} has no things that use a Greengrass core: it needs things with a role and connect.greengrass`,
    );
  }
  const folder = `{artifacts:decompressedPath}/${archive.replace(/\.zip$/, '')}`;
  return {
    RecipeFormatVersion: '2020-01-25',
    ComponentName: COMPONENT_NAME,
    ComponentVersion: version,
    ComponentType: 'aws.greengrass.generic',
    ComponentDescription: `The things of group ${config.group.name}: ${options.things.map(({ thing }) => thing).join(', ')}`,
    ComponentPublisher: 'Greenlight',
    ComponentConfiguration: {
      DefaultConfiguration: { certificates: config.connect.certificates, bucket: 'BUCKET' },
    },
    ComponentDependencies: Object.fromEntries(
      Object.values(COMPONENTS).map(({ name, version: least }) => [
        name,
        { VersionRequirement: `>=${least} <3.0.0`, DependencyType: 'SOFT' },
      ]),
    ),
    Manifests: [
      {
        Platform: { os: 'linux' },
        Lifecycle: {
          Install: { Script: `cd ${folder} && npm install --omit=dev`, Timeout: 900 },
          Run: {
            Script: `cd ${folder} && exec node dist/src/main.js run -c ${configFile}`,
            Setenv: {
              GREENLIGHT_STATE: '{work:path}/state',
              GREENLIGHT_CONNECT_CERTIFICATES: '{configuration:/certificates}',
            },
          },
        },
        Artifacts: [
          {
            URI: `s3://BUCKET/${COMPONENT_NAME}/${version}/${archive}`,
            Unarchive: 'ZIP',
            Permission: { Read: 'OWNER', Execute: 'NONE' },
          },
        ],
      },
    ],
  };
}

/** Input of `aws greengrassv2 create-deployment --cli-input-json`: what the things need of a core, and the component. */
export function deployment(options: ComponentOptions): JsonObject {
  const { config, version, up, down, things } = options;
  const merged = (value: JsonObject): JsonObject => ({
    configurationUpdate: { merge: JSON.stringify(value) },
  });
  const component = (which: keyof typeof COMPONENTS, value?: JsonObject): JsonObject => ({
    [COMPONENTS[which].name]: { componentVersion: COMPONENTS[which].version, ...(value && merged(value)) },
  });
  return {
    targetArn: 'arn:aws:iot:REGION:ACCOUNT:thinggroup/GROUP',
    deploymentName: `Greenlight ${config.group.name}`,
    components: {
      ...component('auth', clientDevices(things)),
      ...component('broker'),
      ...component('bridge', { mqttTopicMapping: mappings(up, down) }),
      ...component('shadows', {
        strategy: { type: 'realTime' },
        synchronize: {
          direction: 'betweenDeviceAndCloud',
          shadowDocuments: things.map(({ thing }) => ({ thingName: thing, classic: true })),
        },
      }),
      [COMPONENT_NAME]: { componentVersion: version },
    },
  };
}

/** Each thing by itself, with its own name as client id, its own shadow and what the table lets it exchange. */
function clientDevices(things: readonly ThingTopics[]): JsonObject {
  const named = (make: (topics: ThingTopics) => JsonObject): JsonObject =>
    Object.fromEntries(things.map((topics) => [topics.thing, make(topics)]));
  return {
    deviceGroups: {
      formatVersion: '2021-03-05',
      definitions: named(({ thing }) => ({ selectionRule: `thingName: ${thing}`, policyName: thing })),
      policies: named(({ thing, publishes, receives }) => {
        const shadow = `$aws/things/${thing}/shadow/*`;
        return {
          Connect: statement(`${thing} connects under its own name`, 'mqtt:connect', [
            `mqtt:clientId:${thing}`,
          ]),
          Publish: statement(`${thing} asks its shadow, and publishes by its rows`, 'mqtt:publish', [
            `mqtt:topic:${shadow}`,
            ...publishes.map((filter) => `mqtt:topic:${topicPattern(filter)}`),
          ]),
          Subscribe: statement(`${thing} hears its shadow, and receives by its rows`, 'mqtt:subscribe', [
            `mqtt:topicfilter:${shadow}`,
            ...receives.map((filter) => `mqtt:topicfilter:${filter}`),
          ]),
        };
      }),
    },
  };
}

function statement(description: string, operation: string, resources: readonly string[]): JsonObject {
  return {
    statementDescription: description,
    effect: 'ALLOW',
    operations: [operation],
    resources: [...new Set(resources)],
  };
}

/** Shadows between devices and the shadow manager; rows with `cloud` between devices and AWS IoT Core. */
function mappings(up: readonly string[], down: readonly string[]): JsonObject {
  const mapping = (topic: string, source: string, target: string): JsonObject => ({ topic, source, target });
  const shadows = '$aws/things/+/shadow/#';
  return {
    ShadowRequests: mapping(shadows, 'LocalMqtt', 'Pubsub'),
    ShadowAnswers: mapping(shadows, 'Pubsub', 'LocalMqtt'),
    ...Object.fromEntries(up.map((topic, n) => [`Up${n + 1}`, mapping(topic, 'LocalMqtt', 'IotCore')])),
    ...Object.fromEntries(down.map((topic, n) => [`Down${n + 1}`, mapping(topic, 'IotCore', 'LocalMqtt')])),
  };
}
