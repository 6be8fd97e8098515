import { type ChildProcess, spawn } from 'node:child_process';
import { type Log, messageOf } from '../../../../hal/index.js';

/**
 * Remembers the process groups that it is told of, and kills those that are left when its input ends: the core is gone
 * then, however it went. It ignores the signals that end the core, since it must outlive it. Then it removes the cgroups
 * whose names begin with its first argument; the killed leave them within moments.
 */
const SCRIPT = `
trap '' TERM INT HUP
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) before=\${groups%% $group *}; after=\${groups#* $group }
       [ "$before" = "$groups" ] || groups="$before $after" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
prefix=$1
[ -n "$prefix" ] || exit
for try in 1 2 3 4 5; do
  rmdir "$prefix"* 2>/dev/null
  set -- "$prefix"*
  [ -e "$1" ] || exit
  sleep 0.2
done
`;

/** Sees to it that no function survives the core, not even its kill −9. One small process for all functions. */
export class Guard {
  #process: ChildProcess | undefined;

  constructor(private readonly log: Log) {}

  /**
   * @param cgroups how names of cgroups to be removed begin, with their folder
   *
   * A machine without `sh` goes unguarded: functions then end when they next ask for work.
   */
  start(cgroups = ''): void {
    const child = spawn('sh', ['-c', SCRIPT, 'guard', cgroups], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
    });
    child.on('error', (error) => this.#lost(child, messageOf(error)));
    child.on('exit', () => this.#lost(child, 'it ended'));
    // writing to a guard that ended is told by its exit
    child.stdin?.on('error', () => {});
    this.#process = child;
  }

  watch(group: number): void {
    this.#tell(`+ ${group}`);
  }

  release(group: number): void {
    this.#tell(`- ${group}`);
  }

  /** After all processes have ended. */
  stop(): void {
    const child = this.#process;
    this.#process = undefined;
    child?.stdin?.end();
    child?.unref();
  }

  #tell(line: string): void {
    const stdin = this.#process?.stdin;
    if (stdin?.writable) stdin.write(`${line}\n`);
  }

  #lost(child: ChildProcess, cause: string): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    this.log.warn(
      {},
      `the guard of the function processes is gone (${cause}); functions may outlive a kill of the core`,
    );
  }
}
