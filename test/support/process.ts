import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The built application in a process of its own. */
export interface RunningProcess {
  readonly pid: number;
  readonly mqttPort: number;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM. @returns its exit code */
  stop(): Promise<number | null>;
}

/** Starts a configuration whose log level is info; resolves when it says that it runs. Needs `npm run build`. */
export async function startProcess(file: string, stateDir: string): Promise<RunningProcess> {
  const child = spawn(process.execPath, ['dist/src/main.js', 'run', '-c', file, '--state', stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let port: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /core on port (\d+)/.exec(line);
    if (found) {
      port = Number(found[1]);
      break;
    }
  }
  if (port === undefined) throw new Error(`the application ended with ${await gone} before it ran`);
  // an unread pipe would stop it
  child.stdout.resume();
  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return gone;
  };
  return {
    pid: child.pid!,
    mqttPort: port,
    kill: async () => {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
  };
}
