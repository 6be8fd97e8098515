/** Updates, put together: what carries them out, and what hands them over. */
import { basename, join } from 'node:path';
import { type Clock, type Log, messageOf } from '../../hal/index.js';
import { CATALOG } from '../catalog.js';
import { loadConfig } from '../config/index.js';
import type {
  ApplicationOutcome,
  ApplicationUpdates,
  BroughtApplication,
} from '../core/deployments/index.js';
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
  type UnitConfiguration,
  type Units,
  UpdateError,
  type UpdateRequest,
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
    settings: async () => updateSettings(await configurationsOf(units, folders), env),
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

/** How long a request may wait for the updater. */
const TAKEN_MS = 60_000;

export interface InstanceUpdatesSources {
  readonly stateFolder: string;
  readonly clock: Clock;
  /** For tests. */
  readonly installation?: () => Installation;
}

/** The running instance's side of updates that deployments bring. */
export class InstanceUpdates implements ApplicationUpdates {
  readonly #inbox: Inbox;
  readonly #clock: Clock;
  readonly #installation: () => Installation;

  constructor({ stateFolder, clock, installation = ownInstallation }: InstanceUpdatesSources) {
    this.#inbox = instanceInbox(stateFolder);
    this.#clock = clock;
    this.#installation = installation;
  }

  /**
   * A piece of an archive, in order.
   * @throws {UpdateError} UPDATE_PLACE where this program is no installation, UPDATE_PACKAGE for a piece that does not fit
   */
  async piece(id: string, piece: { readonly offset: number; readonly bytes: Uint8Array }): Promise<void> {
    this.#installation();
    await this.#inbox.append(id, piece);
  }

  /** @throws {UpdateError} UPDATE_PACKAGE when no archive of that id has come */
  async brought(request: UpdateRequest, signature: string): Promise<BroughtApplication> {
    this.#installation();
    if (!(await this.#inbox.has(request.id)))
      throw new UpdateError('UPDATE_PACKAGE', 'the archive that goes with this group did not come with it');
    const { id, file } = request;
    return { id, file, handOver: () => this.#inbox.complete(request, signature) };
  }

  async outcome(id: string): Promise<ApplicationOutcome | undefined> {
    // in this order: the updater writes the record before it empties the inbox
    const since = await this.#inbox.since(id);
    let journal: Journal;
    try {
      journal = new Journal(this.#installation().updates);
    } catch (error) {
      return { failure: messageOf(error) };
    }
    const record = await journal.record(id);
    if (record !== undefined)
      return record.status === 'Success' ? {} : { failure: record.reason ?? 'no reason' };
    if (since === undefined) return { failure: 'nothing is known of the update any more' };
    if ((await journal.state()) !== undefined || this.#clock.now() - since < TAKEN_MS) return undefined;
    await this.#inbox.discard(id);
    return {
      failure: `no updater took the archive for ${TAKEN_MS / 1000} s: systemctl enable --now greenlight-update.path`,
    };
  }

  async onTrial(id: string): Promise<boolean> {
    const installation = this.#installation();
    const state = await new Journal(installation.updates).state();
    if (state === undefined || state === 'unreadable' || state.id !== id) return false;
    return state.to?.release === basename(packageFolder());
  }
}

async function updateSettings(
  configurations: readonly UnitConfiguration[],
  env: NodeJS.ProcessEnv,
): Promise<UpdateSettings> {
  const [first] = configurations;
  if (first === undefined)
    throw new UpdateError('UPDATE_PLACE', 'there is no configuration that says which key may sign an update');
  const { update } = await loadConfig(first.file, { catalog: CATALOG, env: { ...first.env, ...env } });
  return { ...update, configurations };
}
