import { resolve } from 'node:path';
import { SystemClock } from '../../../hal/index.js';
import { EXIT } from '../exit.js';
import type { CliIo } from '../io.js';
import type { Command, CommandContext } from '../program.js';

/** What the units of systemd/ run: `update work` and `update resume`. Not for people, so help does not show them. */
export function registerUpdateWork(command: Command, { io, action }: CommandContext): void {
  command
    .command('work', { hidden: true })
    .option('--state <dir>', 'state folder of an instance that may hand updates over')
    .action(action(async ({ state }: { state?: string }) => work(state, io)));
  command.command('resume', { hidden: true }).action(action(async () => resume(io)));
}

/** Ends what was cut off, then carries out what waits. */
async function work(state: string | undefined, io: CliIo): Promise<number> {
  const parts = await partsOf(io);
  const { update, app, installation, log, clock } = parts;
  const updater = app.makeUpdater({ installation, units: new update.Systemd(), clock, log, env: io.env });
  await updater.resume();
  const inboxes = [
    { inbox: app.rootInbox(installation), trusted: true },
    ...(state === undefined ? [] : [{ inbox: app.instanceInbox(resolve(state)), trusted: false }]),
  ];
  for (const { inbox, trusted } of inboxes) {
    for (const id of await inbox.waiting()) {
      const record = await updater.carryOut({ inbox, id, trusted, signal: io.signal });
      // the release that this process runs may be gone after the next: what waits is for the confirmed one
      if (record?.status === 'Success' || io.signal.aborted) return EXIT.done;
    }
  }
  return EXIT.done;
}

/** While the machine starts, before what is to run: only the links have to be right. */
async function resume(io: CliIo): Promise<number> {
  const { update, app, installation, log, clock } = await partsOf(io);
  await app.makeUpdater({ installation, units: update.NO_UNITS, clock, log, env: io.env }).resume();
  return EXIT.done;
}

async function partsOf(io: CliIo) {
  const [app, update, { createLog, LogLevels }] = await Promise.all([
    import('../../app/update.js'),
    import('../../update/index.js'),
    import('../../log/index.js'),
  ]);
  const clock = new SystemClock();
  const log = await createLog({ levels: new LogLevels({ level: 'info', clock }), pretty: io.interactive });
  return { app, update, log, clock, installation: app.ownInstallation() };
}
