import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf } from '../hal/index.js';
import { ControlError } from './control/errors.js';
import type { OpenStore } from './store/contract.js';
import { StoreError } from './store/errors.js';

/** What lies where in a state folder. */
export interface StatePaths {
  readonly folder: string;
  /** The group CA and the server certificate. */
  readonly ca: string;
  /** A folder per thing with its certificate. */
  readonly things: string;
  readonly db: string;
  /** Who runs on the folder: `{ "pid": … }`. Only true while `db` is locked. */
  readonly instance: string;
}

export function statePaths(stateDir: string): StatePaths {
  const folder = resolve(stateDir);
  return {
    folder,
    ca: join(folder, 'ca'),
    things: join(folder, 'things'),
    db: join(folder, 'db'),
    instance: join(folder, 'instance.json'),
  };
}

/**
 * Makes the folder (0700) and opens its store, whose lock is the instance's: it ends with the process, also by kill −9.
 * @throws {ControlError} CONTROL_TAKEN with the holder's pid
 * @throws {StoreError} STORE_OPEN when the folder cannot be made or opened
 */
export async function takeStateDir(paths: StatePaths): Promise<OpenStore> {
  try {
    await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreError(
      'STORE_OPEN',
      `state folder ${paths.folder} cannot be made: ${messageOf(error)}; name another with --state`,
      { cause: error },
    );
  }
  let store: OpenStore;
  try {
    // native code, which those who only ask for a path need not load
    const { LevelStore } = await import('./store/level.js');
    store = await LevelStore.open(paths.db);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'STORE_BUSY') throw error;
    const pid = await holder(paths);
    throw new ControlError(
      'CONTROL_TAKEN',
      `another instance${pid} runs on ${paths.folder}; stop it, or give this one a folder of its own with --state`,
      { cause: error },
    );
  }
  // for the group too, where the folder lets it in: it may ask the instance
  await writeFile(paths.instance, `${JSON.stringify({ pid: process.pid })}\n`, { mode: 0o640 });
  return store;
}

async function holder(paths: StatePaths): Promise<string> {
  try {
    const { pid } = JSON.parse(await readFile(paths.instance, 'utf8')) as { pid: number };
    return ` (pid ${pid})`;
  } catch {
    // the other one has just begun: its pid is not written yet
    return '';
  }
}
