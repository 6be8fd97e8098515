import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NO_UNITS, PHASES } from '../../src/update/index.js';
import { temporaryFolder } from '../support/folder.js';
import { dyingUpdate, type Moment } from './dying.js';
import { RUNNING, type Site, seen, signed, siteIn, updaterOf } from './site.js';

const CHILD = new URL('kill-child.ts', import.meta.url).pathname;

const MOMENTS: readonly Moment[] = [
  ...PHASES,
  'current',
  'restart',
  'previous',
  'confirmed',
  'ending',
].flatMap((step) => [
  { step, when: 'before' },
  { step, when: 'after' },
]);
/** From here on the new release is kept. */
const CONFIRMED = /^(confirming after|previous|confirmed|ending)/;

async function asked(): Promise<Site> {
  const site = siteIn(await temporaryFolder());
  const files = await signed(site, { version: '2.0.0' });
  await site.inbox.drop({ id: 'dying', by: 'tester', file: 'new.tgz' }, files);
  return site;
}

/** A site on which an update to 2.0.0 went no further; in this process it just never goes on. */
async function cutOff(moment: Moment): Promise<Site> {
  const site = await asked();
  await new Promise<void>((resolve, reject) => {
    const die = () => {
      resolve();
      return new Promise<void>(() => {});
    };
    dyingUpdate(site, moment, die).then(() => reject(new Error('it was not cut off')), reject);
  });
  return site;
}

/** The same with a process that is killed. */
async function killed({ step, when }: Moment): Promise<Site> {
  const site = await asked();
  const argv = ['--import', 'tsx', CHILD, site.folder, step, when];
  const child = spawn(process.execPath, argv, { stdio: 'inherit' });
  expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
  return site;
}

async function comesRight(site: Site, { step, when }: Moment): Promise<void> {
  const kept = CONFIRMED.test(`${step} ${when}`);
  // whatever the moment was, the machine could have started again
  const between = seen(site);
  expect(between.current).toMatch(/^[12]\.0\.0$/);
  expect(between.confirmed).toMatch(/^[12]\.0\.0$/);

  await updaterOf(site, { units: NO_UNITS }).resume();
  const { signal } = new AbortController();
  // before anything was noted, it is as if nobody had asked yet
  const unknown = step === 'checking' && when === 'before';
  if (unknown) expect(await site.inbox.waiting()).toEqual(['dying']);
  else await updaterOf(site).carryOut({ inbox: site.inbox, id: 'dying', trusted: true, signal });

  const expected = kept ? '2.0.0' : RUNNING;
  expect(seen(site)).toMatchObject({ current: expected, confirmed: expected, version: expected });
  expect(seen(site).releases).toEqual(kept ? [RUNNING, '2.0.0'] : [RUNNING]);
  expect(await site.journal.state()).toBeUndefined();
  const records = await site.journal.records();
  expect(records.map(({ status }) => status)).toEqual(unknown ? [] : [kept ? 'Success' : 'Failure']);
  if (!kept && !unknown) expect(records[0]).toMatchObject({ code: 'UPDATE_INTERRUPTED' });
  expect(readdirSync(site.installation.updates).filter((name) => name.endsWith('.tgz'))).toEqual([]);
}

describe('an update that is cut off', () => {
  it.each(MOMENTS)('$when $step is taken back or completed at the next start', async (moment) => {
    await comesRight(await cutOff(moment), moment);
  });

  it('by kill -9 is so too', async () => {
    const moments: readonly Moment[] = [
      { step: 'unpacking', when: 'after' },
      { step: 'current', when: 'after' },
      { step: 'confirmed', when: 'before' },
    ];
    await Promise.all(moments.map(async (moment) => comesRight(await killed(moment), moment)));
  }, 60_000);

  it('restarts what ran with the release on trial, when only the updater died', async () => {
    const site = await cutOff({ step: 'watching', when: 'after' });
    const record = await updaterOf(site).resume();
    expect(record?.reason).toBe('the update was cut off while watching; 1.0.0 runs again');
    expect(site.units.restarted).toEqual(['greenlight.service 1.0.0']);
  });

  it('goes back to what is confirmed when the note of it is damaged', async () => {
    const site = await cutOff({ step: 'watching', when: 'after' });
    writeFileSync(join(site.installation.updates, 'state.json'), '{"id":');
    writeFileSync(join(site.installation.updates, 'history.json'), '[{');
    await updaterOf(site, { units: NO_UNITS }).resume();
    expect(seen(site)).toMatchObject({ current: RUNNING, releases: [RUNNING] });
    expect(await site.journal.records()).toMatchObject([{ status: 'Failure', by: 'unknown' }]);
  });
});
