/** What the units of systemd/ run with. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../hal/index.js';
import { ControlClient } from '../control/client.js';
import type { AppStatus } from '../status.js';

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

/** Those of the units that run; of none, the one that greenlight.service would run with. */
export function configurationsOf(units: readonly string[], folders: ApplianceFolders): readonly string[] {
  const named = units.length > 0 ? units : ['greenlight.service'];
  return [...new Set(named.map((unit) => configurationOf(unit, folders)))].filter((file) => existsSync(file));
}

/** The state folder of a unit. */
export function stateFolderOf(unit: string, { state }: ApplianceFolders): string {
  const thing = /^greenlight-thing@(.+)\.service$/.exec(unit)?.[1];
  return thing === undefined ? join(state, 'greenlight') : join(state, 'greenlight-things', thing);
}

/** Time in ms that an instance has to answer. */
const ANSWER_MS = 5_000;

/** Why the instance on a state folder is not well, as it says itself; undefined when it is. */
export async function causeOf(
  stateFolder: string,
  version: string,
  { clock, sick }: { readonly clock: Clock; readonly sick: (status: AppStatus) => string | undefined },
): Promise<string | undefined> {
  const waiting = new AbortController();
  try {
    const late = clock.sleep(ANSWER_MS, waiting.signal).then(() => {
      throw new Error(`it gave no answer for ${ANSWER_MS / 1000} s`);
    });
    const asked = new ControlClient(stateFolder).call('GET', '/status') as Promise<unknown>;
    const status = (await Promise.race([asked, late])) as AppStatus;
    if (status.version !== version) return `it is version ${status.version}, not ${version}`;
    return sick(status);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    waiting.abort();
  }
}

/** Everything written to the file system of a folder is on disk: sync(1), which Node has no call for. */
export async function flushFileSystem(folder: string): Promise<void> {
  await run('sync', ['-f', folder]);
}
