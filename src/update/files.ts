/** Files that are whole after a loss of power. */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes beside, flushes, renames, flushes the folder. */
export async function writeDurably(file: string, text: string, mode = 0o644): Promise<void> {
  const beside = `${file}.new`;
  const handle = await open(beside, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
  await flushFolder(dirname(file));
}

/** What was renamed or removed in a folder is on disk. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Undefined: there is no such file. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
