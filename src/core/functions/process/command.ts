/** The command that runs a function, and the environment that it finds; the token is added for each process. */
import { stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { packageFolder } from '../../../package.js';
import { functionArn, ROUTER_ARN, SECRETS_ARN, SHADOW_ARN } from '../arn.js';
import type { FunctionDefinition, FunctionRuntime, ProcessRun } from '../definition.js';
import { handlerParts, ROOT_GROUP } from './handler.js';

export interface CoreFacts {
  readonly coreThingName: string;
  readonly groupName: string;
  readonly groupId: string;
}

export interface CommandOptions {
  readonly definition: FunctionDefinition;
  readonly run: ProcessRun;
  readonly interpreter: string;
  readonly facts: CoreFacts;
  /** Port of the local HTTP API. */
  readonly port: number;
  /** There is someone to give AWS credentials. */
  readonly credentials: boolean;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** What a function gets of the core's own environment. The rest may hold secrets. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

export async function commandFor(options: CommandOptions): Promise<Command> {
  const { run, interpreter } = options;
  const { folder, module, fn } = handlerParts(run.handler);
  const args = [...interpreterArgs(run), `--handler=${module}.${fn}`];
  const command: Command = { file: interpreter, args, env: environment(options, folder), cwd: folder };
  if (run.runAs === undefined) return command;
  const { uid, gid } = run.runAs;
  const groups = await deviceGroups(run.resources?.devices ?? []);
  // the platform's spawn sets one group; a function with devices needs the groups that own them too. And what starts a
  // function may have to do first what that user may not
  const others = groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups';
  return {
    ...command,
    file: 'setpriv',
    args: [`--reuid=${uid}`, `--regid=${gid}`, others, command.file, ...args],
  };
}

function interpreterArgs({ runtime, memoryMb }: ProcessRun): readonly string[] {
  const script = join(runtimeFolder(runtime), runtime === 'python3' ? 'runtime.py' : 'runtime.cjs');
  if (runtime === 'python3') return ['-u', script];
  // the collector then works harder before the limit instead of running into it
  return [`--max-old-space-size=${memoryMb}`, script];
}

function runtimeFolder(runtime: FunctionRuntime): string {
  return join(packageFolder(), 'runtimes', runtime);
}

/** User variables win, but for those by which the function reaches the core. */
function environment(options: CommandOptions, folder: string): Record<string, string> {
  const { definition, run, facts, port, credentials } = options;
  const env: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  const modules = join(runtimeFolder(run.runtime), 'modules');
  const path = run.runtime === 'python3' ? 'PYTHONPATH' : 'NODE_PATH';
  const { [path]: own, ...variables } = run.environment;
  const { coreThingName, groupName, groupId } = facts;
  return {
    ...env,
    ...variables,
    [path]: [folder, modules, ...(own ? [own] : [])].join(delimiter),
    MY_FUNCTION_ARN: functionArn(definition.name),
    ENCODING_TYPE: run.encoding,
    ROUTER_FUNCTION_ARN: ROUTER_ARN,
    SHADOW_FUNCTION_ARN: SHADOW_ARN,
    SECRETS_MANAGER_FUNCTION_ARN: SECRETS_ARN,
    GGC_MAX_INTERFACE_VERSION: '1.5',
    GG_DAEMON_PORT: String(port),
    AWS_IOT_THING_NAME: coreThingName,
    AWS_IOT_THING_ARN: `arn:aws:iot:us-east-1:000000000000:thing/${coreThingName}`,
    AWS_GREENGRASS_GROUP_NAME: groupName,
    GROUP_ID: groupId,
    GREENLIGHT_TIMEOUT_MS: String(run.timeoutMs),
    ...(run.resources && { GREENLIGHT_RESOURCES: JSON.stringify(run.resources) }),
    ...(credentials && {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://localhost:${port}/2016-11-01/credentialprovider/`,
    }),
  };
}

async function deviceGroups(devices: readonly string[]): Promise<readonly number[]> {
  const groups = new Set<number>();
  for (const device of devices) groups.add((await stat(device)).gid);
  return [...groups].filter((gid) => gid !== ROOT_GROUP);
}
