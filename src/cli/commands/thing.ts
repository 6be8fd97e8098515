import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type JsonObject, type JsonValue, messageOf, SystemClock } from '../../../hal/index.js';
import { ControlError } from '../../control/errors.js';
import { type Identity, openIdentity } from '../../core/identity/open.js';
import { statePaths } from '../../state-dir.js';
import { EXIT } from '../exit.js';
import type { CliIo } from '../io.js';
import type { Register } from '../program.js';
import { instance, type StateOptions, stateFolder, withState } from '../state.js';
import { formatTable } from '../table.js';

/** Days for which a certificate is valid that is issued while no instance runs. */
const DEVICE_DAYS = 365;

interface ThingFiles {
  readonly certificate: string;
  readonly privateKey: string;
  readonly ca: string;
}

interface ThingRow {
  readonly name: string;
  readonly issuedAt: string;
  readonly expiresAt: string | null;
  readonly revoked: string | null;
  readonly older?: readonly { readonly until: string }[];
  readonly connected?: boolean;
}

/** `greenlight thing …`: who may connect. Works through the running core, and on its folder when none runs. */
export const registerThing: Register = (program, { io, action }) => {
  const thing = program.command('thing').description('certificates of the group: who may connect');

  withState(thing.command('add <name>'))
    .description('make NAME a member and issue its certificate: NAME.cert.pem, NAME.private.key, root.ca.pem')
    .requiredOption('--out <dir>', 'folder for the three files')
    .action(
      action(async (name: string, options: StateOptions & { out: string }) => {
        const files = await issue('add', name, options, io);
        await handOut(options.out, name, files);
        io.out(`${name} may now connect; its files are in ${options.out}\n`);
        return undefined;
      }),
    );

  withState(thing.command('renew <name>'))
    .description('issue a new certificate; the one before ends when the new one is used, or after some days')
    .requiredOption('--out <dir>', 'folder for the three files')
    .option('--now', 'the one before ends at once')
    .action(
      action(async (name: string, options: StateOptions & { out: string; now?: boolean }) => {
        const files = await issue('renew', name, options, io);
        await handOut(options.out, name, files);
        const older = options.now ? 'ended' : 'is good until the new one is used, or its time is over';
        io.out(`${name} has a new certificate, the one before ${older}; its files are in ${options.out}\n`);
        return undefined;
      }),
    );

  withState(thing.command('import <name> <certificate>'))
    .description(
      'let NAME in with a certificate that it already has: a PEM file, or the AWS IoT certificate id',
    )
    .action(
      action(async (name: string, certificate: string, options: StateOptions) => {
        const text = await certificateText(certificate);
        const done = await running(options, io, 'POST', `/things/${encodeURIComponent(name)}/import`, {
          certificate: text,
        });
        if (done === undefined) await (await offline(options, io)).registry.importCertificate(name, text);
        io.out(`${name} may now connect with that certificate\n`);
        return EXIT.done;
      }),
    );

  withState(thing.command('list'))
    .description('the things that have a certificate')
    .option('--json', 'as JSON')
    .action(
      action(async (options: StateOptions & { json?: boolean }) => {
        const rows = (await running(options, io, 'GET', '/things')) ?? (await fromFolder(options, io));
        const things = rows as unknown as readonly ThingRow[];
        if (options.json) io.out(`${JSON.stringify(things, null, 2)}\n`);
        else
          io.out(
            formatTable(['THING', 'STATE', 'ISSUED', 'EXPIRES', 'OLDER ONE UNTIL'], things.map(describe)),
          );
        return undefined;
      }),
    );

  withState(thing.command('revoke <name>'))
    .description('end all certificates of NAME; a live connection is closed')
    .option('--older', 'all but the newest')
    .action(
      action(async (name: string, options: StateOptions & { older?: boolean }) => {
        const path = `/things/${encodeURIComponent(name)}/revoke`;
        const older = options.older === true;
        if ((await running(options, io, 'POST', path, { older })) === undefined) {
          const { registry } = await offline(options, io);
          await (older ? registry.revokeOlder(name) : registry.revoke(name));
        }
        io.out(older ? `only the newest certificate of ${name} is good\n` : `${name} is revoked\n`);
        return EXIT.done;
      }),
    );
};

/** Through the running core; undefined when none runs. */
async function running(
  options: StateOptions,
  io: CliIo,
  method: 'GET' | 'POST',
  path: string,
  body?: JsonObject,
): Promise<JsonValue | undefined> {
  try {
    return await instance(options, io).call(method, path, body);
  } catch (error) {
    if (error instanceof ControlError && error.code === 'CONTROL_UNREACHABLE' && !denied(error))
      return undefined;
    throw error;
  }
}

function denied(error: ControlError): boolean {
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES';
}

async function issue(
  verb: 'add' | 'renew',
  name: string,
  options: StateOptions & { readonly now?: boolean },
  io: CliIo,
): Promise<ThingFiles> {
  const now = options.now === true;
  const answer = await running(options, io, 'POST', `/things/${encodeURIComponent(name)}/${verb}`, { now });
  if (answer !== undefined) return answer as unknown as ThingFiles;
  const { registry, ca } = await offline(options, io);
  const { certificate, privateKey } = await registry[verb](name, {
    days: DEVICE_DAYS,
    keepKey: false,
    ...(now && { overlapDays: 0 }),
  });
  return { certificate, privateKey, ca: ca.certificate };
}

/** What a file holds, or the argument itself when it is a certificate id. */
async function certificateText(argument: string): Promise<string> {
  if (/^[0-9a-fA-F]{64}$/.test(argument)) return argument;
  try {
    return await readFile(argument, 'utf8');
  } catch (error) {
    throw new ControlError(
      'CONTROL_REFUSED',
      `${argument} is neither a file that can be read nor a certificate id of 64 hexadecimal digits`,
      { cause: error },
    );
  }
}

async function fromFolder(options: StateOptions, io: CliIo): Promise<JsonValue> {
  const { registry } = await offline(options, io);
  return registry.list() as unknown as JsonValue;
}

/** The folder's own files, for when no instance runs; the group's name only names a CA that has yet to be made. */
function offline(options: StateOptions, io: CliIo): Promise<Identity> {
  return openIdentity(statePaths(stateFolder(options, io)), {
    groupName: 'greenlight',
    clock: new SystemClock(),
  });
}

async function handOut(folder: string, name: string, files: ThingFiles): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, `${name}.cert.pem`), files.certificate);
    const key = join(folder, `${name}.private.key`);
    await writeFile(key, files.privateKey, { mode: 0o600 });
    // an older file keeps its mode when it is written again
    await chmod(key, 0o600);
    await writeFile(join(folder, 'root.ca.pem'), files.ca);
  } catch (error) {
    throw new ControlError(
      'CONTROL_REFUSED',
      `the files of ${name} could not be written to ${folder}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function describe(row: ThingRow): string[] {
  const state = row.revoked ? `revoked ${row.revoked.slice(0, 10)}` : row.connected ? 'connected' : 'member';
  const now = new Date().toISOString();
  const older =
    row.older
      ?.filter(({ until }) => until > now)
      .at(-1)
      ?.until.slice(0, 10) ?? '';
  return [row.name, state, row.issuedAt.slice(0, 10), row.expiresAt?.slice(0, 10) ?? 'unknown', older];
}
