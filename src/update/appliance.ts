/** What the units of systemd/ run with. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Clock, messageOf } from '../../hal/index.js';
import { ControlClient } from '../control/client.js';
import { type AppStatus, healthOf } from '../status.js';
import type { Units } from './units.js';

const run = promisify(execFile);

/** Folders of this machine; others in tests. */
export interface ApplianceFolders {
  readonly configuration: string;
  readonly state: string;
}

export const APPLIANCE: ApplianceFolders = { configuration: '/etc/greenlight', state: '/var/lib' };

/** The configuration file of a unit. */
export function configurationOf(unit: string, { configuration }: ApplianceFolders): string {
  const thing = /^greenlight-thing@(.+)\.service$/.exec(unit)?.[1];
  if (thing !== undefined) return join(configuration, 'things.d', `${thing}.yaml`);
  return join(configuration, unit === 'greenlight-core.service' ? 'core.yaml' : 'greenlight.yaml');
}

/** A configuration file and the variables that it is read with. */
export interface UnitConfiguration {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Those of the units that run; of none, the one that greenlight.service would run with. */
export async function configurationsOf(
  manager: Pick<Units, 'active' | 'environment'>,
  folders: ApplianceFolders,
): Promise<readonly UnitConfiguration[]> {
  const active = await manager.active();
  const found: UnitConfiguration[] = [];
  for (const unit of active.length > 0 ? active : ['greenlight.service']) {
    const file = configurationOf(unit, folders);
    if (existsSync(file)) found.push({ file, env: await manager.environment(unit) });
  }
  return found;
}

/** The state folder of a unit. */
export function stateFolderOf(unit: string, { state }: ApplianceFolders): string {
  const thing = /^greenlight-thing@(.+)\.service$/.exec(unit)?.[1];
  return thing === undefined ? join(state, 'greenlight') : join(state, 'greenlight-things', thing);
}

/** What the instances of units say of themselves. */
export interface Instances {
  /** Names of the parts that have failed. None when it gives no answer. */
  failing(unit: string): Promise<ReadonlySet<string>>;
  /**
   * Why it is not well; undefined when it is.
   * @param expected.known parts that had failed before: no fault of this version
   */
  cause(
    unit: string,
    expected: { readonly version: string; readonly known: ReadonlySet<string> },
  ): Promise<string | undefined>;
}

/** Time in ms that an instance has to answer. */
const ANSWER_MS = 5_000;

/** Asks the instances over their control sockets. */
export class RunningInstances implements Instances {
  constructor(
    private readonly folders: ApplianceFolders,
    private readonly clock: Clock,
  ) {}

  async failing(unit: string): Promise<ReadonlySet<string>> {
    try {
      const { parts } = await this.#status(unit);
      return new Set(parts.filter(({ state }) => state === 'failed').map(({ name }) => name));
    } catch {
      // it does not run: the update may be what mends it
      return new Set();
    }
  }

  async cause(
    unit: string,
    { version, known }: { readonly version: string; readonly known: ReadonlySet<string> },
  ): Promise<string | undefined> {
    let status: AppStatus;
    try {
      status = await this.#status(unit);
    } catch (error) {
      return messageOf(error);
    }
    if (status.version !== version) return `it is version ${status.version}, not ${version}`;
    const parts = status.parts.filter(({ name, state }) => state !== 'failed' || !known.has(name));
    const { healthy, causes } = healthOf({ ...status, parts });
    return healthy ? undefined : causes.join('; ');
  }

  async #status(unit: string): Promise<AppStatus> {
    const waiting = new AbortController();
    const late = this.clock.sleep(ANSWER_MS, waiting.signal).then(() => {
      throw new Error(`it gave no answer for ${ANSWER_MS / 1000} s`);
    });
    // ended by the answer: nobody waits for it then
    late.catch(() => {});
    try {
      const asked = new ControlClient(stateFolderOf(unit, this.folders)).call('GET', '/status');
      return (await Promise.race([asked, late])) as unknown as AppStatus;
    } finally {
      waiting.abort();
    }
  }
}

/** Everything written to the file system of a folder is on disk: sync(1), which Node has no call for. */
export async function flushFileSystem(folder: string): Promise<void> {
  await run('sync', ['-f', folder]);
}

/** Bytes that are free on the file system of a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
