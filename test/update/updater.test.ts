import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../hal/index.js';
import { temporaryFolder } from '../support/folder.js';
import { until } from '../support/until.js';
import { carryOut, RUNNING, type Site, seen, signed, siteIn, updaterOf, WELL } from './site.js';

const site = async (): Promise<Site> => siteIn(await temporaryFolder());
const UNTOUCHED = {
  current: RUNNING,
  confirmed: RUNNING,
  previous: undefined,
  releases: [RUNNING],
  version: RUNNING,
};

describe('an update', () => {
  it('puts the new release beside the running one, switches, restarts and keeps the former one', async () => {
    const here = await site();
    const record = await carryOut(here, updaterOf(here), await signed(here, { version: '2.0.0' }));
    expect(record).toMatchObject({
      status: 'Success',
      by: 'tester',
      file: 'new.tgz',
      from: { release: RUNNING, version: RUNNING },
      to: { release: '2.0.0', version: '2.0.0' },
    });
    expect(seen(here)).toEqual({
      current: '2.0.0',
      confirmed: '2.0.0',
      previous: RUNNING,
      releases: [RUNNING, '2.0.0'],
      version: '2.0.0',
    });
    expect(here.units.restarted).toEqual(['greenlight.service 2.0.0']);
    expect(await here.journal.state()).toBeUndefined();
    expect(readdirSync(here.inbox.folder)).toEqual([]);
    expect(readdirSync(here.installation.updates)).toEqual(['history.json']);
  });

  it('of the same version makes another release; a third one drops the first', async () => {
    const here = await site();
    await carryOut(here, updaterOf(here), await signed(here, { version: RUNNING }));
    expect(seen(here)).toMatchObject({ current: '1.0.0-2', previous: RUNNING, version: RUNNING });
    await carryOut(here, updaterOf(here), await signed(here, { version: '1.1.0' }));
    expect(seen(here)).toMatchObject({ current: '1.1.0', releases: ['1.0.0-2', '1.1.0'] });
    expect((await here.journal.records()).map(({ status }) => status)).toEqual(['Success', 'Success']);
  });

  it('without a running unit is tried and switched to', async () => {
    const here = siteIn(await temporaryFolder());
    here.units.active = async () => [];
    const record = await carryOut(here, updaterOf(here), await signed(here, { version: '2.0.0' }));
    expect(record.status).toBe('Success');
    expect(here.units.restarted).toEqual([]);
  });

  it('is carried out once, however often its request turns up', async () => {
    const here = await site();
    const updater = updaterOf(here);
    const files = await signed(here, { version: '2.0.0' });
    const { id } = await carryOut(here, updater, files);
    await here.inbox.drop({ id, by: 'tester', file: 'again' }, files);
    const { signal } = new AbortController();
    expect(await updater.carryOut({ inbox: here.inbox, id, trusted: true, signal })).toBeUndefined();
    expect(await here.inbox.waiting()).toEqual([]);
  });

  it('goes back to the previous release, and forth again, for root', async () => {
    const here = await site();
    await carryOut(here, updaterOf(here), await signed(here, { version: '2.0.0' }));
    expect(await carryOut(here, updaterOf(here), undefined, { back: true, trusted: false })).toMatchObject({
      code: 'UPDATE_DOWNGRADE',
    });
    const back = await carryOut(here, updaterOf(here), undefined, { back: true });
    expect(back).toMatchObject({ status: 'Success', to: { version: RUNNING } });
    expect(seen(here)).toMatchObject({ current: RUNNING, confirmed: RUNNING, previous: '2.0.0' });
    await carryOut(here, updaterOf(here), undefined, { back: true });
    expect(seen(here)).toMatchObject({ current: '2.0.0', previous: RUNNING });
  });

  it('has nothing to go back to at first', async () => {
    const here = await site();
    expect(await carryOut(here, updaterOf(here), undefined, { back: true })).toMatchObject({
      code: 'UPDATE_PLACE',
    });
  });
});

describe('an update that is not healthy', () => {
  it('is taken back when it does not become ready', async () => {
    const here = await site();
    here.units.unready = '2.0.0';
    const record = await carryOut(here, updaterOf(here), await signed(here, { version: '2.0.0' }));
    expect(record).toMatchObject({ status: 'Failure', code: 'UPDATE_HEALTH' });
    expect(record.reason).toBe(
      '2.0.0 did not become ready: Job for greenlight.service failed; journalctl -u greenlight.service tells more; 1.0.0 runs again',
    );
    expect(seen(here)).toEqual(UNTOUCHED);
    expect(here.units.restarted).toEqual(['greenlight.service 2.0.0', 'greenlight.service 1.0.0']);
  });

  it('is taken back when a unit ends while it is watched', async () => {
    const here = await site();
    here.units.looks = 3;
    const clock = new VirtualClock();
    const updater = updaterOf(here, { clock, watchMs: 60_000 });
    let record: unknown;
    void carryOut(here, updater, await signed(here, { version: '2.0.0' })).then((it) => (record = it));
    await until(async () => {
      await clock.advance(1_000);
      return record !== undefined;
    });
    expect(record).toMatchObject({ code: 'UPDATE_HEALTH' });
    expect(record).toMatchObject({
      reason: expect.stringMatching(
        /^greenlight.service is activating \(auto-restart\);.* 1\.0\.0 runs again$/,
      ),
    });
    expect(seen(here)).toEqual(UNTOUCHED);
  });

  it('is taken back when it is stopped while it is watched', async () => {
    const here = await site();
    const ending = new AbortController();
    const updater = updaterOf(here, {
      watchMs: 3_600_000,
      instances: {
        ...WELL,
        cause: async () => void ending.abort(new Error('ended by SIGTERM')),
      },
    });
    const files = await signed(here, { version: '2.0.0' });
    const record = await carryOut(here, updater, files, { signal: ending.signal });
    expect(record).toMatchObject({ code: 'UPDATE_INTERRUPTED', to: { version: '2.0.0' } });
    expect(record.reason).toBe('the update was ended while watching; 1.0.0 runs again');
    expect(seen(here)).toEqual(UNTOUCHED);
  });

  it('says so too when the former release does not come back', async () => {
    const here = await site();
    here.units.restart = () => Promise.reject(new Error('no way'));
    const record = await carryOut(here, updaterOf(here), await signed(here, { version: '2.0.0' }));
    expect(record).toMatchObject({ status: 'Failure', code: 'UPDATE_HEALTH' });
    expect(seen(here)).toEqual(UNTOUCHED);
  });
});
