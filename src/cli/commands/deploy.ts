import { readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { messageOf, SystemClock } from '../../../hal/index.js';
import type { ControlClient } from '../../control/client.js';
import { ControlError } from '../../control/errors.js';
import type { DeploymentRecord } from '../../core/deployments/index.js';
import { EXIT } from '../exit.js';
import type { CliIo } from '../io.js';
import type { Register } from '../program.js';
import { instance, type StateOptions, withState } from '../state.js';
import { formatTable } from '../table.js';
import { sendArchive } from './deploy-archive.js';

/** Time in ms between two tries to reach an instance that is being replaced by another version. */
const LOOK_MS = 500;
/** Tries in a row: five minutes. */
const AWAY_LOOKS = 600;

interface DeployOptions extends StateOptions {
  readonly again?: string;
  readonly reset?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `greenlight deploy`, `deployments` and `import`: another group for the running core, and what became of each. */
export const registerDeploy: Register = (program, { io, action }) => {
  withState(program.command('deploy [file]'))
    .description('apply the things, functions and subscriptions of a configuration file, or none of them')
    .option('--again <id>', 'deploy the group of an earlier deployment once more')
    .option('--reset', 'forget functions, rows and shadows; things keep their certificates')
    .option('--force', 'with --reset: go on past parts that fail')
    .option('--json', 'the last record as JSON')
    .action(
      action(async (file: string | undefined, options: DeployOptions) => {
        const asked = [file, options.again, options.reset].filter((one) => one !== undefined).length;
        if (asked !== 1) {
          io.err('greenlight: name one of FILE, --again ID or --reset\n');
          return EXIT.usage;
        }
        const client = instance(options, io);
        const { id } = (await begin(client, file, options)) as { id: string };
        return follow(client, id, options, io);
      }),
    );

  withState(program.command('deployments [id]'))
    .description('what became of each deployment, newest first; or of one, with what it changed')
    .option('--json', 'as JSON')
    .action(
      action(async (id: string | undefined, options: StateOptions & { json?: boolean }) => {
        const records = (await instance(options, io).call(
          'GET',
          '/deployments',
        )) as unknown as readonly DeploymentRecord[];
        if (id !== undefined) return showOne(records, id, options, io);
        if (options.json) io.out(`${JSON.stringify(records, null, 2)}\n`);
        else io.out(formatTable(['WHEN', 'ID', 'TYPE', 'STATUS', 'BY', 'CHANGES'], records.map(row)));
        return EXIT.done;
      }),
    );

  program
    .command('import')
    .argument('<from>', 'greengrass-v1')
    .argument('<files...>', 'the JSON of the definition versions')
    .description('write our YAML from the export of a Greengrass V1 group, and say what has no counterpart')
    .option('--out <file>', 'where to; default: standard output')
    .action(
      action(async (from: string, files: string[], options: { out?: string }) => {
        if (from !== 'greengrass-v1') {
          io.err(`greenlight: "${from}" cannot be imported; write greengrass-v1\n`);
          return EXIT.usage;
        }
        const [{ importGreengrassV1 }, { writeYaml }] = await Promise.all([
          import('../../core/deployments/index.js'),
          import('../../config/index.js'),
        ]);
        const texts = await Promise.all(files.map(async (name) => ({ name, text: await read(name) })));
        const { yaml, noCounterpart } = importGreengrassV1(texts, writeYaml);
        for (const sentence of noCounterpart) io.err(`${sentence}\n`);
        if (options.out === undefined) io.out(yaml);
        else await writeFile(options.out, yaml);
        return EXIT.done;
      }),
    );
};

async function begin(
  client: ControlClient,
  file: string | undefined,
  options: DeployOptions,
): Promise<unknown> {
  const by = userInfo().username;
  if (options.again !== undefined)
    return client.call('POST', `/deployments/${encodeURIComponent(options.again)}/again`, { by });
  if (options.reset) return client.call('POST', '/deployments/reset', { by, force: options.force === true });
  const [path, text] = [resolve(file!), await read(file!)];
  const { archiveOf } = await import('../../config/index.js');
  const archive = archiveOf(text, path);
  const application = archive === undefined ? undefined : await sendArchive(client, archive);
  return client.call('POST', '/deployments', { by, file: path, text, ...(application && { application }) });
}

/** Prints each status until the last. Exit code 1 when it failed. */
async function follow(client: ControlClient, id: string, options: DeployOptions, io: CliIo): Promise<number> {
  let last: DeploymentRecord | undefined;
  for await (const record of records(client, id, io)) {
    if (!options.json && record.status !== last?.status) io.out(`${id}  ${record.status}${reason(record)}\n`);
    last = record;
  }
  if (options.json) io.out(`${JSON.stringify(last, null, 2)}\n`);
  else if (last?.status === 'Success') io.out(`${describe(last)}\n${names(last)}`);
  return last?.status === 'Success' ? EXIT.done : EXIT.no;
}

/** Until the last. When another version of the application comes with it, the instance ends and another one goes on. */
async function* records(client: ControlClient, id: string, io: CliIo): AsyncIterable<DeploymentRecord> {
  const clock = new SystemClock();
  let last: DeploymentRecord | undefined;
  let missing = 0;
  while (!io.signal.aborted) {
    try {
      for await (const record of client.stream(`/deployments/${id}/watch`, io.signal)) {
        last = record as unknown as DeploymentRecord;
        missing = 0;
        yield last;
      }
    } catch (error) {
      const restarting = error instanceof ControlError && error.code === 'CONTROL_UNREACHABLE';
      missing += 1;
      if (!restarting || last?.application === undefined || missing > AWAY_LOOKS) throw error;
    }
    if (last === undefined || last.application === undefined) return;
    if (last.status === 'Success' || last.status === 'Failure') return;
    await clock.sleep(LOOK_MS, io.signal).catch(() => {});
  }
}

function reason({ errorMessage, errorDetails = [] }: DeploymentRecord): string {
  if (errorMessage === undefined) return '';
  return `: ${[errorMessage, ...errorDetails.filter((detail) => detail !== errorMessage)].join('; ')}`;
}

function row(record: DeploymentRecord): string[] {
  const { createdAt, id, type, status, by } = record;
  return [
    new Date(createdAt).toISOString().slice(0, 19),
    id,
    type,
    status,
    by,
    // a reason may be long: it stands where nothing follows
    `${describe(record)}${reason(record)}`,
  ];
}

function showOne(
  records: readonly DeploymentRecord[],
  id: string,
  options: { json?: boolean },
  io: CliIo,
): number {
  const record = records.find((one) => one.id === id);
  if (record === undefined) {
    io.err(`greenlight: there is no deployment ${id}; see greenlight deployments\n`);
    return EXIT.no;
  }
  if (options.json) io.out(`${JSON.stringify(record, null, 2)}\n`);
  else {
    const { createdAt, type, status, by } = record;
    const when = new Date(createdAt).toISOString().slice(0, 19);
    io.out(`${type} by ${by} at ${when}Z: ${status}${reason(record)}\n${describe(record)}\n${names(record)}`);
  }
  return EXIT.done;
}

/** What it added, removed and changed, a line each: the first of each list. */
function names({ changes }: DeploymentRecord): string {
  return (['things', 'functions', 'subscriptions'] as const)
    .flatMap((list) => {
      const { first, added, removed, changed } = changes[list];
      const more = added + removed + changed - first.length;
      return [...first.map((name) => `  ${name}`), ...(more > 0 ? [`  and ${more} ${list} more`] : [])];
    })
    .map((line) => `${line}\n`)
    .join('');
}

function describe({ changes, application }: DeploymentRecord): string {
  const brought = application === undefined ? [] : [`application ${application.file}`];
  const parts = (['things', 'functions', 'subscriptions'] as const).flatMap((list) => {
    const { added, removed, changed } = changes[list];
    const counts = [added && `+${added}`, removed && `-${removed}`, changed && `~${changed}`].filter(Boolean);
    return counts.length > 0 ? [`${list} ${counts.join(' ')}`] : [];
  });
  const all = [...parts, ...brought];
  return all.length > 0 ? all.join(', ') : 'nothing changed';
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ControlError('CONTROL_REFUSED', `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
