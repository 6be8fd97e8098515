import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, resolve } from 'node:path';
import { messageOf, SystemClock } from '../../../hal/index.js';
import type { UpdateRecord } from '../../update/index.js';
import { EXIT } from '../exit.js';
import type { CliIo } from '../io.js';
import type { Register } from '../program.js';
import { formatTable } from '../table.js';
import { followUpdate } from './update-follow.js';
import { registerUpdateWork } from './update-work.js';

interface UpdateOptions {
  readonly signature?: string;
  readonly allowDowngrade?: boolean;
  readonly json?: boolean;
}

/** `greenlight update`: another version of this application, signed, watched, and taken back when it is not healthy. */
export const registerUpdate: Register = (program, context) => {
  const { io, action } = context;
  const command = program
    .command('update')
    .argument('[file]', 'archive of npm run bundle')
    .description('install another version of this application, watch it, and go back when it is not healthy')
    .option('--signature <file>', 'its signature (default: FILE.sig)')
    .option('--allow-downgrade', 'also an older version than the one that runs')
    .option('--json', 'the last record as JSON')
    .action(
      action(async (file: string | undefined, options: UpdateOptions) => {
        if (file === undefined) {
          io.err('greenlight: name the archive of the new version, or one of keygen, sign, list, back\n');
          return EXIT.usage;
        }
        return hand({ file: basename(file), allowDowngrade: options.allowDowngrade === true }, options, io, {
          archive: resolve(file),
          signature: resolve(options.signature ?? `${file}.sig`),
        });
      }),
    );
  command
    .command('back')
    .description('take the release that ran before the last update')
    .action(action(async () => hand({ file: 'the previous release', back: true }, command.opts(), io)));
  command
    .command('list')
    .description('what became of each update, newest first')
    .option('--json', 'as JSON')
    .action(action(async (options: { json?: boolean }) => list({ ...command.opts(), ...options }, io)));
  command
    .command('keygen')
    .argument('[name]', 'writes NAME.key and NAME.pub', 'update')
    .description('make the keys with which archives are signed and checked')
    .action(
      action(async (name: string) => {
        const { makeKeys } = await import('../../update/index.js');
        const { privateKey, publicKey } = await makeKeys(resolve(name));
        io.out(`${privateKey}  signs archives; keep it, and keep it secret\n`);
        io.out(
          `${publicKey}  goes to each machine: sudo install -m 0644 ${name}.pub /etc/greenlight/update.pub\n`,
        );
        return EXIT.done;
      }),
    );
  command
    .command('sign')
    .argument('<file>', 'archive of npm run bundle')
    .requiredOption('--key <file>', 'private key of greenlight update keygen')
    .description('write the signature of an archive beside it: FILE.sig')
    .action(action(async (file: string, { key }: { key: string }) => sign(file, key, io)));
  registerUpdateWork(command, context);
};

interface Order {
  readonly file: string;
  readonly allowDowngrade?: boolean;
  readonly back?: boolean;
}

/** Puts a request into root's inbox, has the unit work on it, and tells how it goes. */
async function hand(
  order: Order,
  options: UpdateOptions,
  io: CliIo,
  files?: { readonly archive: string; readonly signature: string },
): Promise<number> {
  const [{ ownInstallation, rootInbox }, { Journal, UpdateError }] = await Promise.all([
    import('../../app/update.js'),
    import('../../update/index.js'),
  ]);
  const installation = ownInstallation();
  if (!existsSync('/run/systemd/system'))
    throw new UpdateError(
      'UPDATE_PLACE',
      'an update needs systemd, which restarts and watches; here unpack the archive and run its systemd/install.sh',
    );
  if (process.getuid?.() !== 0)
    throw new UpdateError(
      'UPDATE_PLACE',
      'only root updates directly: use sudo, or greenlight deploy with "application" in the file',
    );
  for (const file of Object.values(files ?? {}))
    if (!existsSync(file))
      throw new UpdateError(
        file === files?.signature ? 'UPDATE_SIGNATURE' : 'UPDATE_PACKAGE',
        `${file} does not exist${file === files?.signature ? '; make it with greenlight update sign' : ''}`,
      );
  const id = randomUUID();
  const by = io.env.SUDO_USER ?? userInfo().username;
  await rootInbox(installation).drop({ id, by, ...order }, files);
  const record = await followUpdate({
    id,
    journal: new Journal(installation.updates),
    clock: new SystemClock(),
    io,
    quiet: options.json === true,
  });
  if (options.json) io.out(`${JSON.stringify(record, null, 2)}\n`);
  return record.status === 'Success' ? EXIT.done : EXIT.no;
}

async function list(options: { readonly json?: boolean }, io: CliIo): Promise<number> {
  const [{ ownInstallation }, { Journal }] = await Promise.all([
    import('../../app/update.js'),
    import('../../update/index.js'),
  ]);
  const journal = new Journal(ownInstallation().updates);
  const [records, state] = [[...(await journal.records())].reverse(), await journal.state()];
  if (options.json) io.out(`${JSON.stringify({ ...(state && { state }), records }, null, 2)}\n`);
  else {
    if (state !== undefined && state !== 'unreadable')
      io.out(`under way: ${state.file} by ${state.by}, ${state.phase}\n\n`);
    io.out(formatTable(['WHEN', 'FROM', 'TO', 'STATUS', 'BY', 'FILE'], records.map(row)));
  }
  return EXIT.done;
}

function row({ endedAt, from, to, status, reason, by, file }: UpdateRecord): string[] {
  const when = new Date(endedAt).toISOString().slice(0, 19);
  const outcome = reason === undefined ? status : `${status}: ${reason}`;
  return [when, from.version, to?.version ?? '', outcome, by, file];
}

async function sign(file: string, keyFile: string, io: CliIo): Promise<number> {
  const update = await import('../../update/index.js');
  const key = await update.readPrivateKey(keyFile);
  const { bundled } = await update.inspectArchive(file);
  const digest = await update.digestOfFile(file);
  const text = update.signStatement({ type: 'greenlight-update/1', ...bundled, ...digest }, key);
  try {
    await writeFile(`${file}.sig`, text);
  } catch (error) {
    throw new update.UpdateError('UPDATE_SIGNATURE', `${file}.sig cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
  io.out(`${file}.sig  ${bundled.name} ${bundled.version} for ${bundled.arch}\n`);
  return EXIT.done;
}
