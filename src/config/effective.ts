/** Makes the effective configuration of a draft in which nothing is wrong. */
import { dirname, resolve } from 'node:path';
import type { Draft, FunctionMember } from './draft.js';
import type { CloudConfig, Config, ConnectConfig, FunctionConfig } from './model.js';

/** @param file absolute path of the file; paths in it are relative to its folder, stateDir to the working directory */
export function effectiveConfig(draft: Draft, file: string): Config {
  const besideFile = (path: string) => resolve(dirname(file), path);
  // The schema has checked the document and filled in its defaults: it has the form of Config but for what follows.
  const settings = draft.document as unknown as Config;
  const { group, log, hal, core, connect, cloud, dashboard } = settings;
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
    cloud: cloudConfig(cloud, besideFile),
    ...(dashboard && { dashboard }),
  };
}

function connectConfig(connect: ConnectConfig, besideFile: (path: string) => string): ConnectConfig {
  const { discovery, certificates } = connect;
  return {
    discovery: { ...discovery, ca: besideFile(discovery.ca) },
    certificates: besideFile(certificates),
  };
}

function cloudConfig(cloud: CloudConfig, besideFile: (path: string) => string): CloudConfig {
  if (cloud.iot === undefined) return cloud;
  const iot: Record<string, string> = { ...cloud.iot };
  for (const key of ['certificate', 'privateKey', 'ca']) {
    if (iot[key] !== undefined) iot[key] = besideFile(iot[key]);
  }
  return { ...cloud, iot: iot as unknown as NonNullable<CloudConfig['iot']> };
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

/** The configuration for showing: values that may be secret (environment of functions) are replaced. */
export function withoutSecrets(config: Config): Config {
  return {
    ...config,
    functions: config.functions.map((member) => ({
      ...member,
      environment: Object.fromEntries(Object.keys(member.environment).map((key) => [key, '(hidden)'])),
    })),
  };
}
