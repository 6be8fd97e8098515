import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UpdateErrorCode } from '../../src/update/index.js';
import { temporaryFolder } from '../support/folder.js';
import { type Entry, type Package, packageEntries, tgz } from './archives.js';
import { carryOut, RUNNING, type Site, seen, signed, siteIn, updaterOf } from './site.js';

const site = async (): Promise<Site> => siteIn(await temporaryFolder());
const UNTOUCHED = {
  current: RUNNING,
  confirmed: RUNNING,
  previous: undefined,
  releases: [RUNNING],
  version: RUNNING,
};

describe('an update is refused, and nothing is touched,', () => {
  type Refusal = readonly [
    what: string,
    code: UpdateErrorCode,
    reason: RegExp,
    content: Package | readonly Entry[] | Buffer,
    says?: object,
  ];
  const good = packageEntries({ version: '2.0.0' });
  const REFUSALS: readonly Refusal[] = [
    ['another application', 'UPDATE_PACKAGE', /package of redlight/, { version: '2.0.0', name: 'redlight' }],
    ['another machine', 'UPDATE_PACKAGE', /for armhf/, { version: '2.0.0', arch: 'armhf' }],
    ['an older version', 'UPDATE_DOWNGRADE', /0\.9\.0 is older than 1\.0\.0/, { version: '0.9.0' }],
    ['a version of before the release', 'UPDATE_DOWNGRADE', /older/, { version: '1.0.0-rc.1' }],
    ['a newer Node', 'UPDATE_PACKAGE', /needs Node 99\.1/, { version: '2.0.0', node: '>=99.1' }],
    ['no packages', 'UPDATE_PACKAGE', /npm run bundle/, { version: '2.0.0', bundled: false }],
    ['bytes that are no archive', 'UPDATE_PACKAGE', /broken/, Buffer.from('not an archive')],
    ['an archive cut short', 'UPDATE_PACKAGE', /broken/, tgz(good).subarray(0, 150)],
    ['another version than signed', 'UPDATE_PACKAGE', /signature is for/, good, { version: '2.0.1' }],
    ['a digest of other bytes', 'UPDATE_SIGNATURE', /another archive/, good, { sha256: 'a'.repeat(64) }],
    ['another size', 'UPDATE_SIGNATURE', /another archive/, good, { size: 5 }],
    ['an unknown statement', 'UPDATE_SIGNATURE', /not known/, good, { type: 'greenlight-update/2' }],
    ['a statement without version', 'UPDATE_SIGNATURE', /no version/, good, { version: 'new' }],
    [
      'a release that does not start',
      'UPDATE_TRIAL',
      /--version: .*oops/,
      { version: '2.0.0', main: 'throw new Error("oops")' },
    ],
    [
      'a release of another version',
      'UPDATE_TRIAL',
      /says it is 3/,
      { version: '2.0.0', main: 'console.log("3")' },
    ],
    [
      'a release that refuses the configuration',
      'UPDATE_TRIAL',
      /check .*site\.yaml: things\[0\]: unknown role/,
      {
        version: '2.0.0',
        main: 'if (process.argv[2] === "--version") console.log("2.0.0"); else if (process.env.GREENLIGHT_TRIED) { console.error("things[0]: unknown role"); process.exit(1); }',
      },
    ],
  ];

  for (const [what, code, reason, content, says] of REFUSALS)
    it(`for ${what}`, async () => {
      const here = await site();
      const record = await carryOut(here, updaterOf(here), await signed(here, content, { ...says }));
      expect(record).toMatchObject({ status: 'Failure', code, reason: expect.stringMatching(reason) });
      expect(seen(here)).toEqual(UNTOUCHED);
      expect(here.units.restarted).toEqual([]);
      expect(readdirSync(here.installation.updates)).toEqual(['history.json']);
    });

  it('for the key of somebody else, without signature, and with a signature that is no JSON', async () => {
    const [here, other] = [await site(), await site()];
    const foreign = await signed(other, { version: '2.0.0' });
    expect(await carryOut(here, updaterOf(here), foreign)).toMatchObject({ code: 'UPDATE_SIGNATURE' });
    const unsigned = await signed(here, { version: '2.0.0' });
    writeFileSync(unsigned.signature, 'sealed');
    expect(await carryOut(here, updaterOf(here), unsigned)).toMatchObject({ code: 'UPDATE_SIGNATURE' });
    expect(await carryOut(here, updaterOf(here), undefined)).toMatchObject({ code: 'UPDATE_SIGNATURE' });
    expect(seen(here)).toEqual(UNTOUCHED);
  });

  it('with a public key that is missing, that others may change, or that is none', async () => {
    const here = await site();
    const files = await signed(here, { version: '2.0.0' });
    const settings = async () => ({ publicKey: '/nowhere/update.pub', watchMs: 0, configurations: [] });
    const missing = await carryOut(here, updaterOf(here, { settings }), files);
    expect(missing).toMatchObject({
      code: 'UPDATE_KEY',
      reason: expect.stringContaining('no public key at'),
    });
    chmodSync(here.publicKey, 0o664);
    const open = await carryOut(here, updaterOf(here), files);
    expect(open).toMatchObject({ code: 'UPDATE_KEY', reason: expect.stringContaining('may change') });
    chmodSync(here.publicKey, 0o644);
    writeFileSync(here.publicKey, 'PEM');
    expect(await carryOut(here, updaterOf(here), files)).toMatchObject({ code: 'UPDATE_KEY' });
    expect(seen(here)).toEqual(UNTOUCHED);
  });

  it('when there is no room for it', async () => {
    const here = await site();
    const updater = updaterOf(here, { room: async () => 40 * 1024 * 1024 });
    const content = randomBytes(5 * 1024 * 1024).toString('hex');
    const big = packageEntries({ version: '2.0.0', more: [{ path: 'package/big', content }] });
    const record = await carryOut(here, updater, await signed(here, big));
    expect(record).toMatchObject({ code: 'UPDATE_SPACE', reason: expect.stringMatching(/MiB are needed/) });
  });

  it('back to an older version unless root allows it', async () => {
    const here = await site();
    const old = await signed(here, { version: '0.9.0' });
    const asked = { allowDowngrade: true };
    expect(await carryOut(here, updaterOf(here), old, { ...asked, trusted: false })).toMatchObject({
      code: 'UPDATE_DOWNGRADE',
    });
    expect(await carryOut(here, updaterOf(here), old, asked)).toMatchObject({ status: 'Success' });
    expect(seen(here).version).toBe('0.9.0');
  });

  it('when its request is none', async () => {
    const here = await site();
    await here.inbox.open();
    writeFileSync(join(here.inbox.folder, 'odd.json'), '[');
    const { signal } = new AbortController();
    const waiting = { inbox: here.inbox, id: 'odd', trusted: true, signal };
    expect(await updaterOf(here).carryOut(waiting)).toBeUndefined();
    expect(existsSync(join(here.inbox.folder, 'odd.json'))).toBe(false);
  });
});
