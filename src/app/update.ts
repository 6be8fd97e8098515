/** Updates, put together: what carries them out, and what hands them over. */
import { join } from 'node:path';
import type { Clock, Log } from '../../hal/index.js';
import { CATALOG } from '../catalog.js';
import { loadConfig } from '../config/index.js';
import { packageFolder } from '../package.js';
import {
  APPLIANCE,
  type ApplianceFolders,
  configurationsOf,
  flushFileSystem,
  freeBytes,
  Inbox,
  Installation,
  Journal,
  ownArchitecture,
  RunningInstances,
  tryRelease,
  type Units,
  UpdateError,
  Updater,
  type UpdateSettings,
} from '../update/index.js';

/** The package that updates are of. */
const PACKAGE = 'greenlight';

export interface UpdaterSources {
  readonly installation: Installation;
  readonly units: Units;
  readonly clock: Clock;
  readonly log: Log;
  readonly env: NodeJS.ProcessEnv;
  readonly folders?: ApplianceFolders;
}

export function makeUpdater(sources: UpdaterSources): Updater {
  const { installation, units, clock, log, env, folders = APPLIANCE } = sources;
  return new Updater({
    installation,
    journal: new Journal(installation.updates),
    units,
    clock,
    log,
    settings: async () => updateSettings(configurationsOf(await units.active(), folders), env),
    instances: new RunningInstances(folders, clock),
    tryRelease,
    flush: flushFileSystem,
    room: freeBytes,
    machine: { name: PACKAGE, arch: ownArchitecture() ?? process.arch, node: process.versions.node },
    owner: 0,
  });
}

/** The installation that this program is a release of. @throws {UpdateError} UPDATE_PLACE */
export function ownInstallation(): Installation {
  return Installation.of(packageFolder());
}

/** Root's own inbox. */
export function rootInbox(installation: Installation): Inbox {
  return new Inbox(join(installation.updates, 'inbox'));
}

/** Where the instance on a state folder leaves what a deployment brought. */
export function instanceInbox(stateFolder: string): Inbox {
  return new Inbox(join(stateFolder, 'update'), 0o750);
}

async function updateSettings(
  configurations: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<UpdateSettings> {
  const [first] = configurations;
  if (first === undefined)
    throw new UpdateError('UPDATE_PLACE', 'there is no configuration that says which key may sign an update');
  const { update } = await loadConfig(first, { catalog: CATALOG, env });
  return { ...update, configurations };
}
