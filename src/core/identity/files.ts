/** Files that must be whole or absent after a power cut, and private ones that nobody else may read. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../../hal/index.js';
import { IdentityError } from './errors.js';

export const PRIVATE_FILE = 0o600;
export const PUBLIC_FILE = 0o644;
const PRIVATE_FOLDER = 0o700;

export interface FileContent {
  readonly name: string;
  readonly content: string;
  readonly mode: number;
}

/** Creates the folder and its parents; those that it creates are 0700. */
export async function makeFolder(path: string): Promise<void> {
  await guarded(path, () => mkdir(path, { recursive: true, mode: PRIVATE_FOLDER }));
}

/** Replaces the file in one step: a reader, or a start after a power cut, sees the old or the new content. */
export async function writeAtomic(path: string, content: string, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}-${unique()}`);
  await guarded(path, async () => {
    try {
      await writeSynced(temporary, content, mode);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(path));
  });
}

/**
 * Makes a 0700 folder with all its files in one step.
 * @returns false when the folder exists and is not empty: nothing was changed then
 */
export async function createFolder(path: string, files: readonly FileContent[]): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path)}-${unique()}`);
  return guarded(path, async () => {
    try {
      await mkdir(temporary, { recursive: true, mode: PRIVATE_FOLDER });
      for (const file of files) await writeSynced(join(temporary, file.name), file.content, file.mode);
      await syncFolder(temporary);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
      throw error;
    }
    await syncFolder(dirname(path));
    return true;
  });
}

/** @returns undefined when there is no such file */
export async function readText(path: string): Promise<string | undefined> {
  return guarded(path, async () => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  });
}

async function writeSynced(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new IdentityError('IDENTITY_IO', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes(String((error as NodeJS.ErrnoException).code));
}

function unique(): string {
  return `${process.pid}-${randomBytes(4).toString('hex')}`;
}
