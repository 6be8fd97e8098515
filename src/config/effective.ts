/** Makes the effective configuration of a draft in which nothing is wrong. */
import { dirname, resolve } from 'node:path';
import type { Draft, FunctionMember } from './draft.js';
import { parseDuration } from './duration.js';
import type {
  CloudConfig,
  Config,
  ConnectConfig,
  DynamoDbSink,
  FunctionConfig,
  IotConfig,
  SyncedShadowConfig,
  UpdateConfig,
} from './model.js';

/** @param file absolute path of the file; paths in it are relative to its folder, stateDir to the working directory */
export function effectiveConfig(draft: Draft, file: string): Config {
  const besideFile = (path: string) => resolve(dirname(file), path);
  // The schema has checked the document and filled in its defaults: it has the form of Config but for what follows.
  const settings = draft.document as unknown as Config;
  const { group, log, hal, core, connect, cloud, dashboard, metrics, update, application } = settings;
  return {
    file,
    version: 1,
    group,
    stateDir: resolve(settings.stateDir),
    log,
    hal,
    ...(core && { core }),
    ...(connect && { connect: connectConfig(connect, besideFile) }),
    things: draft.things.map((thing) => ({
      name: thing.name,
      ...(thing.definition && { role: thing.definition.name }),
      options: thing.options,
    })),
    functions: draft.functions.map((member) => functionConfig(member, besideFile)),
    subscriptions: settings.subscriptions ?? [],
    cloud: cloudConfig(cloud as unknown as CloudDraft, besideFile),
    ...(dashboard && { dashboard }),
    ...(metrics && { metrics }),
    update: updateConfig(update as unknown as UpdateDraft, besideFile),
    ...(application && { application: withPaths(application, ['file'], besideFile) }),
  };
}

type BesideFile = (path: string) => string;

interface UpdateDraft {
  readonly publicKey: string;
  readonly watch: string;
}

function updateConfig({ publicKey, watch }: UpdateDraft, besideFile: BesideFile): UpdateConfig {
  return { publicKey: besideFile(publicKey), watchMs: parseDuration(watch)! };
}

function connectConfig(connect: ConnectConfig, besideFile: BesideFile): ConnectConfig {
  const { discovery, greengrass, awsIot, transport, certificates } = connect;
  return {
    ...(discovery && { discovery: { ...discovery, ca: besideFile(discovery.ca) } }),
    ...(greengrass && { greengrass: withPaths(greengrass, ['ca'], besideFile) }),
    ...(awsIot && { awsIot: withPaths(awsIot, ['ca'], besideFile) }),
    transport,
    certificates: besideFile(certificates),
  };
}

/** The section as a file has it: durations are text, what may be left out is. */
interface CloudDraft extends Omit<CloudConfig, 'iot' | 'spool'> {
  readonly iot?: Omit<IotConfig, 'shadows' | 'everyMs' | 'sessionExpiryMs'> & {
    readonly shadows?: readonly (Omit<SyncedShadowConfig, 'direction'> & Partial<SyncedShadowConfig>)[];
    readonly every?: string;
    readonly sessionExpiry: string;
  };
  readonly spool: { readonly maxBytes: number; readonly maxAge: string };
}

function cloudConfig(cloud: CloudDraft, besideFile: BesideFile): CloudConfig {
  const { sink, iot, spool } = cloud;
  return {
    sink: sink === 'local' ? sink : { dynamodb: dynamoDbConfig(sink.dynamodb, besideFile) },
    ...(iot && { iot: iotConfig(iot, besideFile) }),
    spool: { maxBytes: spool.maxBytes, maxAgeMs: parseDuration(spool.maxAge)! },
  };
}

function dynamoDbConfig(
  { credentials, ...table }: DynamoDbSink['dynamodb'],
  besideFile: BesideFile,
): DynamoDbSink['dynamodb'] {
  return { ...table, ...(credentials && { credentials: withPaths(credentials, ['ca'], besideFile) }) };
}

function iotConfig(iot: NonNullable<CloudDraft['iot']>, besideFile: BesideFile): IotConfig {
  const { shadows = [], every, sessionExpiry, ...rest } = iot;
  return {
    ...withPaths(rest, ['certificate', 'privateKey', 'ca'], besideFile),
    shadows: shadows.map((shadow) => ({ direction: 'both', ...shadow })),
    ...(every !== undefined && { everyMs: parseDuration(every)! }),
    sessionExpiryMs: parseDuration(sessionExpiry)!,
  };
}

/** The section with those of its keys that are paths made absolute. */
function withPaths<T extends object>(section: T, keys: readonly (keyof T)[], besideFile: BesideFile): T {
  const result = { ...section };
  for (const key of keys) {
    const path = section[key];
    if (typeof path === 'string') result[key] = besideFile(path) as T[keyof T];
  }
  return result;
}

/** What a function that comes with the product has where the file cannot say it: it lives as long as the core. */
const BUILTIN = {
  pinned: true,
  memoryMb: 64,
  timeoutMs: 3_000,
  encoding: 'json',
  environment: {},
} as const;

function functionConfig(member: FunctionMember, besideFile: (path: string) => string): FunctionConfig {
  const { name, definition, options } = member;
  if (definition !== undefined) return { name, builtin: definition.name, options, ...BUILTIN };
  const { handler, timeoutSeconds, ...rest } = options;
  const own = rest as unknown as Omit<FunctionConfig, 'name' | 'options' | 'handler' | 'timeoutMs'>;
  return {
    name,
    options: {},
    ...own,
    handler: besideFile(String(handler)),
    timeoutMs: Math.max(1, Math.round(Number(timeoutSeconds) * 1_000)),
  };
}

/** The configuration for showing: values that may be secret (environment of functions, token of the page) are replaced. */
export function withoutSecrets(config: Config): Config {
  return {
    ...config,
    ...(config.dashboard?.token && { dashboard: { ...config.dashboard, token: '(hidden)' } }),
    functions: config.functions.map((member) => ({
      ...member,
      environment: Object.fromEntries(Object.keys(member.environment).map((key) => [key, '(hidden)'])),
    })),
  };
}
