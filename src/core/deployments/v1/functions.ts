import type { JsonObject } from '../../../../hal/index.js';
import { functionOf, isSystemFunction } from './names.js';
import { list, object, text, type V1Group } from './read.js';

/** Our limits for `memoryMb`. */
const MEMORY = { least: 4, most: 4_096 };
/** Greengrass's own defaults. */
const DEFAULT_MEMORY_KB = 16_384;
const DEFAULT_TIMEOUT_SECONDS = 3;

type Tell = (sentence: string) => void;

/** @param tell one sentence for each thing that has no counterpart here */
export function importFunctions(group: V1Group, tell: Tell): readonly object[] {
  const seen = new Set<string>();
  const functions: object[] = [];
  for (const entry of group.Functions) {
    const arn = text(entry.FunctionArn);
    const name = functionOf(arn);
    if (isSystemFunction(arn)) tell(systemFunction(arn));
    else if (name === undefined)
      tell(`a function without a readable FunctionArn (Id ${text(entry.Id)}) is left out`);
    else if (seen.has(name)) tell(`function ${name} is there in several versions; only the first is taken`);
    else {
      seen.add(name);
      functions.push(importFunction(name, entry, group, (sentence) => tell(`function ${name}: ${sentence}`)));
    }
  }
  return functions;
}

function importFunction(name: string, entry: JsonObject, group: V1Group, tell: Tell): object {
  const config = object(entry.FunctionConfiguration);
  const environment = object(config.Environment);
  const execution = { ...group.defaultExecution, ...object(environment.Execution) };
  const variables = object(environment.Variables);
  const runAs = object(execution.RunAs);
  const resources = importResources(environment, group, tell);
  tellOfIsolation(execution, environment, tell);
  return {
    name,
    handler: handlerOf(name, text(config.Executable), tell),
    runtime: runtimeOf(text(config.FunctionRuntimeOverride), tell),
    pinned: config.Pinned === true,
    memoryMb: memoryMb(config, execution, tell),
    timeoutSeconds: Number(config.Timeout ?? DEFAULT_TIMEOUT_SECONDS),
    ...(config.EncodingType === 'binary' && { encoding: 'binary' }),
    ...(Object.keys(variables).length > 0 && {
      environment: Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, String(value)])),
    }),
    ...(Object.keys(resources).length > 0 && { resources }),
    ...(typeof runAs.Uid === 'number' &&
      typeof runAs.Gid === 'number' && { runAs: { uid: runAs.Uid, gid: runAs.Gid } }),
    ...(text(config.ExecArgs) !== '' && execArgs(tell)),
  };
}

/** The export does not carry the code: where it will lie is a proposal. */
function handlerOf(name: string, executable: string, tell: Tell): string {
  const handler = /^[\w./-]+\.[A-Za-z_]\w*$/.test(executable) ? executable : undefined;
  if (handler === undefined) {
    tell('the export does not name its handler; put MODULE.FUNCTION in place of main.function_handler');
  }
  tell(`the export does not hold its code; put it in functions/${name}/`);
  return `functions/${name}/${handler ?? 'main.function_handler'}`;
}

function runtimeOf(override: string, tell: Tell): 'python3' | 'nodejs' {
  if (override.startsWith('node')) return 'nodejs';
  if (override.startsWith('python3')) return 'python3';
  if (override.startsWith('python2'))
    tell('it ran on Python 2, which is no more; its code has to be brought to Python 3');
  else if (override !== '') tell(`its runtime ${override} has no counterpart; python3 is put in its place`);
  else tell('the export does not name its runtime; change python3 to nodejs where that is right');
  return 'python3';
}

function memoryMb(config: JsonObject, execution: JsonObject, tell: Tell): number {
  if (config.MemorySize === undefined && execution.IsolationMode === 'NoContainer') {
    tell('it had no memory limit; 256 MB are put in its place');
    return 256;
  }
  const mb = Math.ceil(Number(config.MemorySize ?? DEFAULT_MEMORY_KB) / 1_024);
  return Math.min(MEMORY.most, Math.max(MEMORY.least, mb));
}

function importResources(environment: JsonObject, group: V1Group, tell: Tell): object {
  const devices: string[] = [];
  const folders: object[] = [];
  for (const { ResourceId, Permission } of list(environment.ResourceAccessPolicies)) {
    const resource = group.Resources.find(({ Id }) => Id === ResourceId);
    const data = object(resource?.ResourceDataContainer);
    const device = text(object(data.LocalDeviceResourceData).SourcePath);
    const volume = object(data.LocalVolumeResourceData);
    if (device !== '') devices.push(device);
    else if (text(volume.SourcePath) !== '') {
      folders.push({ path: volume.SourcePath, access: Permission === 'rw' ? 'rw' : 'ro' });
      if (volume.DestinationPath !== volume.SourcePath) {
        tell(`it saw ${volume.SourcePath} as ${volume.DestinationPath}; here it sees it as it is`);
      }
    } else
      tell(
        `its resource ${text(resource?.Name) || text(ResourceId)} is neither device nor folder and is left out`,
      );
  }
  return { ...(devices.length > 0 && { devices }), ...(folders.length > 0 && { folders }) };
}

function tellOfIsolation(execution: JsonObject, environment: JsonObject, tell: Tell): void {
  if (execution.IsolationMode === 'GreengrassContainer') {
    tell('it ran in a container; here it runs as a process, which sees what its user may see');
  }
  if (environment.AccessSysfs === true) tell('AccessSysfs: here /sys is not hidden from it');
}

function execArgs(tell: Tell): object {
  tell('ExecArgs have no counterpart; use environment');
  return {};
}

function systemFunction(arn: string): string {
  const name = functionOf(arn) ?? arn;
  if (name === 'GGCloudSpooler')
    return 'the settings of GGCloudSpooler are left out; see cloud in docs/configuration.md';
  return `the system function ${name} is left out: the core does its work itself`;
}
