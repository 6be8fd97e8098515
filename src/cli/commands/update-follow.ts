import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Clock } from '../../../hal/index.js';
import { type Journal, UpdateError, type UpdateRecord } from '../../update/index.js';
import type { CliIo } from '../io.js';

const run = promisify(execFile);

/** The unit that works on requests. */
const UNIT = 'greenlight-update.service';
/** Time in ms between two looks at the journal. */
const LOOK_MS = 250;
/** Looks in a row without a unit at work and without a record, after which none will come. */
const PATIENCE = 60;

export interface Followed {
  readonly id: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly io: CliIo;
  readonly quiet: boolean;
}

/**
 * Has the unit begin and tells each step, until the update has ended. Ctrl-C ends the telling; the unit goes on.
 * @throws {UpdateError} UPDATE_INTERRUPTED when nobody works on it
 */
export async function followUpdate({ id, journal, clock, io, quiet }: Followed): Promise<UpdateRecord> {
  await run('systemctl', ['start', '--no-block', UNIT]);
  let told = '';
  let idle = 0;
  for (;;) {
    const record = await journal.record(id);
    if (record !== undefined) {
      if (!quiet) io.out(`${lineOf(record)}\n`);
      return record;
    }
    const state = await journal.state();
    const mine = state !== undefined && state !== 'unreadable' && state.id === id;
    const line = mine ? `${state.phase}${state.to ? ` ${state.to.version}` : ''}` : told;
    if (line !== told && !quiet) io.out(`${line}\n`);
    told = line;
    idle = (await atWork()) ? 0 : idle + 1;
    if (idle > PATIENCE)
      throw new UpdateError(
        'UPDATE_INTERRUPTED',
        `${UNIT} ended without a word on this update: journalctl -u ${UNIT} tells why`,
      );
    await clock.sleep(LOOK_MS, io.signal).catch(() => {
      throw new UpdateError(
        'UPDATE_INTERRUPTED',
        'the update goes on by itself; greenlight update list tells its end',
      );
    });
  }
}

function lineOf({ status, from, to, reason }: UpdateRecord): string {
  return status === 'Success'
    ? `Success: ${to?.version} runs; ${from.version} is kept as the previous release`
    : `Failure: ${reason}`;
}

/** A oneshot unit at work is "activating". */
async function atWork(): Promise<boolean> {
  const { stdout } = await run('systemctl', ['show', '-p', 'ActiveState', '--value', UNIT]);
  return stdout.trim() === 'activating';
}
