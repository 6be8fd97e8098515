import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '../../hal/index.js';

/** The service manager, as far as an update needs it. */
export interface Units {
  /** Units of this application that run or try to, but those of the update itself. */
  active(): Promise<readonly string[]>;
  /** Resolves when all are ready. Rejects when one does not become ready. */
  restart(units: readonly string[]): Promise<void>;
  look(unit: string): Promise<UnitLook>;
  /** What `Environment=` gives to a unit, by drop-ins too. */
  environment(unit: string): Promise<Readonly<Record<string, string>>>;
}

export interface UnitLook {
  readonly running: boolean;
  /** Times that it was started again because it ended by itself. */
  readonly restarts: number;
  /** `active (running)`, `activating (auto-restart)`, … */
  readonly text: string;
}

const run = promisify(execFile);

/** systemd, through systemctl(1). */
export class Systemd implements Units {
  async active(): Promise<readonly string[]> {
    const { stdout } = await run('systemctl', [
      'list-units',
      '--plain',
      '--no-legend',
      '--state=active,activating,reloading',
      '--type=service',
      'greenlight*',
    ]);
    return stdout
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[0] ?? '')
      .filter((unit) => unit !== '' && !unit.startsWith('greenlight-update'));
  }

  async restart(units: readonly string[]): Promise<void> {
    if (units.length === 0) return;
    try {
      await run('systemctl', ['restart', ...units]);
    } catch (error) {
      // what systemd says is enough; the command is not the news
      const { stderr = '' } = error as { stderr?: string };
      throw new Error(stderr.trim().split('\n')[0] || messageOf(error), { cause: error });
    }
  }

  async look(unit: string): Promise<UnitLook> {
    const { stdout } = await run('systemctl', ['show', unit, '-p', 'ActiveState,SubState,NRestarts']);
    const values = new Map(stdout.split('\n').map((line) => line.split('=') as [string, string]));
    const state = values.get('ActiveState');
    return {
      running: state === 'active',
      restarts: Number(values.get('NRestarts') ?? 0),
      text: `${state} (${values.get('SubState')})`,
    };
  }

  async environment(unit: string): Promise<Readonly<Record<string, string>>> {
    const { stdout } = await run('systemctl', ['show', unit, '-p', 'Environment', '--value']);
    return parseEnvironment(stdout);
  }
}

/** As systemctl(1) prints it: assignments with spaces between, in quotes where they have some themselves. */
export function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [, quoted, plain] of text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) {
    const assignment = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1');
    const at = assignment.indexOf('=');
    if (at > 0) found[assignment.slice(0, at)] = assignment.slice(at + 1);
  }
  return found;
}

/** While the machine starts: nothing runs yet, and what is to run is started with the release that it then finds. */
export const NO_UNITS: Units = {
  active: async () => [],
  restart: async () => {},
  look: async () => ({ running: false, restarts: 0, text: 'not started' }),
  environment: async () => ({}),
};
