/** The project's own files, as tests and generators of documentation read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of the project, with a slash at the end. */
export const ROOT = new URL('../../../', import.meta.url).pathname;

const SKIPPED = new Set(['node_modules', 'dist', 'state', 'coverage', 'build', 'out', '.git']);

/** Paths of files below a folder of the project, relative to the project, sorted. Empty when it does not exist. */
export function filesBelow(folder: string, ending = ''): readonly string[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .flatMap((entry) => {
      const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path, ending);
      return entry.isFile() && path.endsWith(ending) ? [path] : [];
    })
    .sort();
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function list(folder: string) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true });
}
