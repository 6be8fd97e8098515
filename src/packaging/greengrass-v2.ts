import { dirname, isAbsolute, relative } from 'node:path';
import type { JsonObject } from '../../hal/index.js';
import type { Config } from '../config/model.js';
import { PackageError } from './errors.js';
import { topicPattern } from './topics.js';

/** A client device of the core: a thing, or a function of this product. */
export interface ThingTopics {
  readonly thing: string;
  /** It keeps a shadow of its own. */
  readonly shadow: boolean;
  /** What it exchanges besides its own shadow, as the subscription table has it. */
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

/** Gives the component the credentials of the core's role, where a sink needs those. */
const TOKENS = { name: 'aws.greengrass.TokenExchangeService', version: '2.0.3' } as const;

/** Where the certificates are on the device, unless the file names another folder. */
const CERTIFICATES = '/etc/greenlight/certs';

export const COMPONENT_NAME = 'greenlight.Things';

/** The versions of AWS's components that the deployment names; a newer one may stand there. */
const COMPONENTS = {
  auth: { name: 'aws.greengrass.clientdevices.Auth', version: '2.5.0' },
  broker: { name: 'aws.greengrass.clientdevices.mqtt.Moquette', version: '2.3.7' },
  bridge: { name: 'aws.greengrass.clientdevices.mqtt.Bridge', version: '2.3.2' },
  shadows: { name: 'aws.greengrass.ShadowManager', version: '2.3.9' },
} as const;

/**
 * The recipe of a component that runs the things and functions of a configuration beside a Greengrass V2 core.
 * Certificates stay on the device: the component's configuration says in which folder.
 * @throws {PackageError} PACKAGE_NOTHING
 */
export function recipe(options: ComponentOptions): JsonObject {
  const { config, version, archive, configFile } = options;
  if (config.connect?.greengrass === undefined || options.things.length === 0) {
    throw new PackageError(
      'PACKAGE_NOTHING',
      `${config.file} has nothing that uses a Greengrass core: it needs connect.greengrass, and things with a role or functions`,
    );
  }
  const unpacked = `{artifacts:decompressedPath}/${archive.replace(/\.zip$/, '')}`;
  // artifacts cannot be written to, and packages are installed beside the program
  const folder = '{work:path}/program';
  return {
    RecipeFormatVersion: '2020-01-25',
    ComponentName: COMPONENT_NAME,
    ComponentVersion: version,
    ComponentType: 'aws.greengrass.generic',
    ComponentDescription: `The things of group ${config.group.name}: ${options.things.map(({ thing }) => thing).join(', ')}`,
    ComponentPublisher: 'Greenlight',
    ComponentConfiguration: {
      DefaultConfiguration: { certificates: onDevice(config.connect.certificates, config.file) },
    },
    ComponentDependencies: {
      ...Object.fromEntries(Object.values(COMPONENTS).map((component) => dependency(component, 'SOFT'))),
      ...(needsTokens(config) && Object.fromEntries([dependency(TOKENS, 'HARD')])),
    },
    Manifests: [
      {
        Platform: { os: 'linux' },
        Lifecycle: {
          Install: {
            Script: `rm -rf ${folder} && cp -R --no-preserve=mode ${unpacked} ${folder} && cd ${folder} && npm ci --omit=dev`,
            Timeout: 900,
          },
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

/** A folder beside the file is one of this machine; on the device the program's folder is made anew with each version. */
function onDevice(certificates: string, file: string): string {
  const path = relative(dirname(file), certificates);
  return path.startsWith('..') || isAbsolute(path) ? certificates : CERTIFICATES;
}

function dependency(
  { name, version }: { readonly name: string; readonly version: string },
  type: 'HARD' | 'SOFT',
): [string, JsonObject] {
  return [name, { VersionRequirement: `>=${version} <3.0.0`, DependencyType: type }];
}

/** Writes to a table without credentials of its own. */
function needsTokens({ cloud: { sink } }: Config): boolean {
  return sink !== 'local' && sink.dynamodb.credentials === undefined;
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
          shadowDocuments: things
            .filter(({ shadow }) => shadow)
            .map(({ thing }) => ({ thingName: thing, classic: true })),
        },
      }),
      ...(needsTokens(config) && { [TOKENS.name]: { componentVersion: TOKENS.version } }),
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
      policies: named(({ thing, shadow, publishes, receives }) => {
        const own = shadow ? [`$aws/things/${thing}/shadow/*`] : [];
        return {
          ...statement('Connect', `${thing} connects under its own name`, 'mqtt:connect', [
            `mqtt:clientId:${thing}`,
          ]),
          ...statement('Publish', `what ${thing} says`, 'mqtt:publish', [
            ...own.map((topics) => `mqtt:topic:${topics}`),
            ...publishes.map((filter) => `mqtt:topic:${topicPattern(filter)}`),
          ]),
          ...statement('Subscribe', `what ${thing} hears`, 'mqtt:subscribe', [
            ...own.map((topics) => `mqtt:topicfilter:${topics}`),
            ...receives.map((filter) => `mqtt:topicfilter:${filter}`),
          ]),
        };
      }),
    },
  };
}

/** None where there is nothing to allow. */
function statement(
  name: string,
  description: string,
  operation: string,
  resources: readonly string[],
): JsonObject {
  if (resources.length === 0) return {};
  const allowed = {
    statementDescription: description,
    effect: 'ALLOW',
    operations: [operation],
    resources: [...new Set(resources)],
  };
  return { [name]: allowed };
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
