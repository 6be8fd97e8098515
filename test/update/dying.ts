/** An update that ends at a chosen moment, for tests of what a loss of power leaves behind. */
import { Inbox, Journal, type UpdateState } from '../../src/update/index.js';
import { FakeUnits, type Site, updaterOf } from './site.js';

export interface Moment {
  /** A phase, a link, `restart` or `ending`. */
  readonly step: string;
  readonly when: 'before' | 'after';
}

class DyingJournal extends Journal {
  constructor(
    folder: string,
    private readonly dieAt: (step: string, when: Moment['when']) => Promise<void>,
  ) {
    super(folder);
  }

  override async note(state: UpdateState): Promise<void> {
    await this.dieAt(state.phase, 'before');
    await super.note(state);
    await this.dieAt(state.phase, 'after');
  }

  override async end(record: Parameters<Journal['end']>[0]): Promise<void> {
    await this.dieAt('ending', 'before');
    await super.end(record);
    await this.dieAt('ending', 'after');
  }
}

/** Carries out request `dying` of the site's inbox. `die` ends the process, or never settles. */
export async function dyingUpdate(site: Site, moment: Moment, die: () => Promise<void>): Promise<void> {
  const dieAt = async (step: string, when: Moment['when']): Promise<void> => {
    if (step === moment.step && when === moment.when) await die();
  };
  const installation = Object.create(site.installation) as Site['installation'];
  installation.point = async (link, release) => {
    await dieAt(link, 'before');
    await site.installation.point.call(site.installation, link, release);
    await dieAt(link, 'after');
  };
  const units = new FakeUnits(installation);
  const restart = units.restart.bind(units);
  units.restart = async (names) => {
    await dieAt('restart', 'before');
    await restart(names);
    await dieAt('restart', 'after');
  };
  const journal = new DyingJournal(installation.updates, dieAt);
  const updater = updaterOf({ ...site, units }, { installation, journal });
  const inbox = new Inbox(site.inbox.folder);
  await updater.carryOut({ inbox, id: 'dying', trusted: true, signal: new AbortController().signal });
}
