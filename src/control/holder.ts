import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Pid of the process that holds a state folder; undefined where none does, or it cannot be told. */
export async function holderOf(stateDir: string): Promise<number | undefined> {
  try {
    const { pid } = JSON.parse(await readFile(join(stateDir, 'instance.json'), 'utf8')) as { pid?: unknown };
    return typeof pid === 'number' && (await isInstance(pid)) ? pid : undefined;
  } catch {
    // no file, or not ours to read: nothing is known
    return undefined;
  }
}

/** After kill −9 the file stays, and the pid may be another program's by now. */
async function isInstance(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    return argv.includes('run');
  } catch {
    // no /proc here, or it is hidden: the pid lives
    return true;
  }
}
