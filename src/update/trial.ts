import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../hal/index.js';
import type { UnitConfiguration } from './appliance.js';
import { UpdateError } from './errors.js';

const run = promisify(execFile);
/** Time in ms that each try may take: a Pi Zero reading from a slow card. */
const LIMIT_MS = 120_000;

export interface Trial {
  /** Folder of the release. */
  readonly folder: string;
  readonly version: string;
  /** That it is to run with. */
  readonly configurations: readonly UnitConfiguration[];
}

/**
 * Starts a release as far as it goes without touching anything: it must tell its version and accept the configuration.
 * @throws {UpdateError} UPDATE_TRIAL
 */
export async function tryRelease({ folder, version, configurations }: Trial): Promise<void> {
  const said = (await greenlight(folder, ['--version'], {})).trim();
  if (said !== version)
    throw new UpdateError('UPDATE_TRIAL', `the new release says it is ${said || 'nothing'}, not ${version}`);
  for (const { file, env } of configurations) await greenlight(folder, ['check', file], env);
}

async function greenlight(
  folder: string,
  argv: readonly string[],
  env: UnitConfiguration['env'],
): Promise<string> {
  const command = `greenlight ${argv.join(' ')}`;
  try {
    const { stdout } = await run(process.execPath, [join(folder, 'dist/src/main.js'), ...argv], {
      timeout: LIMIT_MS,
      maxBuffer: 16 * 1024 * 1024,
      // as the unit has it, and nothing of the updater's own
      env: { ...env, PATH: process.env.PATH, NODE_ENV: 'production' },
    });
    return stdout;
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      killed,
    } = error as { stdout?: string; stderr?: string; killed?: boolean };
    const lines = `${stderr}${stdout}`.split('\n').filter((line) => line.trim() !== '');
    // a trace begins with lines of Node's own
    const first = Math.max(
      0,
      lines.findIndex((line) => /^(?:greenlight: |\w*Error\b|Uncaught)/.test(line)),
    );
    const said = lines
      .slice(first, first + 3)
      .join(' | ')
      .slice(0, 600);
    const why = killed ? `took longer than ${LIMIT_MS / 1000} s` : said || messageOf(error);
    throw new UpdateError('UPDATE_TRIAL', `the new release failed at ${command}: ${why}`, { cause: error });
  }
}
