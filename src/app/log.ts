/** The levels of the running instance's log, over the control socket. */
import { nearest } from '../config/nearest.js';
import { ControlError } from '../control/errors.js';
import type { ControlRoutes } from '../control/server.js';
import { LOG_LEVELS, type LogLevels } from '../log/index.js';
import type { LevelNote } from '../status.js';

/** Time in ms that a level may be set for; longer than a timer can wait is of no use. */
const LONGEST_MS = 7 * 86_400_000;

export function logRoutes(levels: LogLevels | undefined): ControlRoutes {
  const known = (): LogLevels => {
    if (levels === undefined) throw refused('the log of this instance has no levels that can be set');
    return levels;
  };
  return {
    'GET /log': async () => known().view(),
    'POST /log': async ({ body: { level, part, forMs } }) => {
      known().set({
        level: oneOf('level', level, LOG_LEVELS),
        ...(part !== undefined && { part: partOf(known(), part) }),
        ...(forMs !== undefined && { forMs: msOf(forMs) }),
      });
      return known().view();
    },
    'POST /log/reset': async ({ body: { part } }) => {
      if (part === undefined) known().resetAll();
      else known().reset(partOf(known(), part));
      return known().view();
    },
  };
}

function partOf(levels: LogLevels, part: unknown): string {
  return oneOf(
    'part of the log',
    part,
    levels.view().parts.map(({ name }) => name),
  );
}

function oneOf<T extends string>(what: string, given: unknown, known: readonly T[]): T {
  const word = String(given);
  const found = known.find((name) => name === word);
  if (found !== undefined) return found;
  const near = nearest(word, known);
  throw refused(
    `there is no ${what} "${word}"${near === undefined ? '' : `; did you mean "${near}"?`} There are: ${known.join(', ')}`,
  );
}

function msOf(given: unknown): number {
  if (typeof given === 'number' && given >= 1 && given <= LONGEST_MS) return Math.floor(given);
  throw refused('a level can be set for 1ms to 7d; leave the time out to have it until the restart');
}

function refused(message: string): ControlError {
  return new ControlError('CONTROL_REFUSED', message);
}

/** What of the levels is not as configured; undefined when all is. */
export function levelNotes(levels: LogLevels | undefined): readonly LevelNote[] | undefined {
  if (levels === undefined) return undefined;
  const { parts, ...rest } = levels.view();
  const notes = [rest, ...parts]
    .filter(({ changed }) => changed)
    .map(
      ({ level, until, ...row }): LevelNote => ({
        ...('name' in row && { part: row.name }),
        level,
        ...(until !== undefined && { until }),
      }),
    );
  return notes.length === 0 ? undefined : notes;
}
