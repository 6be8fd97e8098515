import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import { matchedPair } from '../../../src/core/identity/certificate.js';
import { ThingRegistry } from '../../../src/core/identity/index.js';
import { type TestIdentity, testIdentity } from './support.js';

const DAYS = 398;
const DAY_MS = 86_400_000;
const shows = (fingerprint: string) => ({
  fingerprint256: (fingerprint.toUpperCase().match(/../g) ?? []).join(':'),
});
const another = ({ folder, ca, clock }: TestIdentity): Promise<ThingRegistry> =>
  ThingRegistry.open(join(folder, 'things'), { ca, clock });

describe('the registry of things', () => {
  it('hands a device its files, and keeps no key of it', async () => {
    const identity = await testIdentity();
    const out = join(identity.folder, 'usb', 'stick');
    const issued = await identity.registry.add('GG_Switch', { days: DAYS, out });
    expect((await readdir(out)).sort()).toEqual([
      'GG_Switch.cert.pem',
      'GG_Switch.private.key',
      'root.ca.pem',
    ]);
    expect((await stat(join(out, 'GG_Switch.private.key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(out, 'root.ca.pem'), 'utf8')).toBe(identity.ca.certificate);
    const certificate = await readFile(join(out, 'GG_Switch.cert.pem'), 'utf8');
    const key = await readFile(join(out, 'GG_Switch.private.key'), 'utf8');
    expect(matchedPair(certificate, key)?.fingerprint).toBe(issued.fingerprint);
    expect(await readdir(join(identity.folder, 'things', 'GG_Switch'))).not.toContain(
      'GG_Switch.private.key',
    );
  });

  it('knows a thing by the very certificate, after a restart too', async () => {
    const identity = await testIdentity();
    const issued = await identity.registry.add('GG_Switch', { days: DAYS });
    const stranger = await identity.ca.issueDevice('GG_Switch', DAYS);
    for (const registry of [identity.registry, await another(identity)]) {
      expect(registry.identify(shows(issued.fingerprint))).toBe('GG_Switch');
      expect(registry.identify(shows(stranger.fingerprint))).toBeUndefined();
      expect(registry.list()).toEqual([
        expect.objectContaining({
          name: 'GG_Switch',
          revoked: null,
          expiresAt: issued.notAfter.toISOString(),
        }),
      ]);
    }
  });

  it('refuses a second certificate to who has one, also from two processes at once', async () => {
    const identity = await testIdentity();
    const processes = await Promise.all([another(identity), another(identity), another(identity)]);
    const attempts = await Promise.allSettled(processes.map((registry) => registry.add('X', { days: DAYS })));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'IDENTITY_EXISTS' });
    }
    expect(await readdir(join(identity.folder, 'things'))).toEqual(['X']);
  });

  it('sees, in the running core, what a command added and revoked', async () => {
    const core = await testIdentity();
    const command = await another(core);
    const one = await command.add('One', { days: DAYS });
    const two = await command.add('Two', { days: DAYS });
    expect(core.registry.identify(shows(one.fingerprint))).toBeUndefined();
    expect(await core.registry.reload()).toEqual({
      added: ['One', 'Two'],
      revoked: [],
      removed: [],
      problems: [],
    });
    expect(core.registry.identify(shows(one.fingerprint))).toBe('One');
    await command.revoke('One');
    await rm(join(core.folder, 'things', 'Two'), { recursive: true });
    expect(await core.registry.reload()).toEqual({
      added: [],
      revoked: ['One'],
      removed: ['Two'],
      problems: [],
    });
    expect(core.registry.revokedAt('One')).toBeDefined();
    expect(core.registry.identify(shows(two.fingerprint))).toBeUndefined();
  });

  it('loses nothing when a reload and changes overlap', async () => {
    const { registry } = await testIdentity();
    const adding = Array.from({ length: 10 }, (_, n) => registry.add(`T${n}`, { days: DAYS }));
    const reloading = Array.from({ length: 10 }, () => registry.reload());
    const issued = await Promise.all(adding);
    const changes = await Promise.all(reloading);
    expect(issued.map(({ fingerprint }) => registry.identify(shows(fingerprint)))).toEqual(
      Array.from({ length: 10 }, (_, n) => `T${n}`),
    );
    for (const change of changes)
      expect(change).toEqual({ added: [], revoked: [], removed: [], problems: [] });
  });

  it('keeps a thing as it was when its record cannot be read, and says which', async () => {
    const core = await testIdentity();
    const issued = await core.registry.add('One', { days: DAYS });
    const path = join(core.folder, 'things', 'One', 'record.json');
    for (const content of ['{', '{}', '{"name":"Other","fingerprints":[]}']) {
      await writeFile(path, content);
      const change = await core.registry.reload();
      expect(change.problems).toEqual([expect.stringContaining(path)]);
      expect(core.registry.identify(shows(issued.fingerprint))).toBe('One');
    }
    await expect(another(core)).rejects.toMatchObject({ code: 'IDENTITY_DAMAGED' });
  });

  it('revokes at once, and gives a revoked thing a new start without its old certificates', async () => {
    const { registry } = await testIdentity();
    const old = await registry.add('X', { days: DAYS });
    await registry.revoke('X');
    await registry.revoke('X');
    expect(registry.revokedAt('X')).toBeDefined();
    // Whose it is stays known, so that the refusal can say so.
    expect(registry.identify(shows(old.fingerprint))).toBe('X');
    await expect(registry.renew('X', { days: DAYS })).rejects.toMatchObject({ code: 'IDENTITY_REVOKED' });
    await expect(registry.ensure('X', { days: DAYS })).rejects.toMatchObject({ code: 'IDENTITY_REVOKED' });
    const fresh = await registry.add('X', { days: DAYS });
    expect(registry.revokedAt('X')).toBeUndefined();
    expect(registry.identify(shows(fresh.fingerprint))).toBe('X');
    expect(registry.identify(shows(old.fingerprint))).toBeUndefined();
  });

  it('renews: a certificate is good until a newer one is shown', async () => {
    const identity = await testIdentity();
    const { registry } = identity;
    const issued = [await registry.add('X', { days: DAYS })];
    for (let more = 0; more < 3; more++) issued.push(await registry.renew('X', { days: DAYS }));
    const good = (of: ThingRegistry = registry) =>
      issued.map(
        ({ fingerprint }) =>
          of.identify(shows(fingerprint)) === 'X' && of.endedAt('X', fingerprint) === undefined,
      );
    const ended: string[] = [];
    registry.events.on('ended', (thing) => ended.push(thing));
    expect(good()).toEqual([true, true, true, true]);
    // the device was given the files of the first renewal, not those of the others
    registry.shown('X', issued[1]!.fingerprint);
    await registry.reload();
    expect(good()).toEqual([false, true, true, true]);
    registry.shown('X', issued[3]!.fingerprint);
    registry.shown('X', issued[3]!.fingerprint);
    await registry.reload();
    expect(good()).toEqual([false, false, false, true]);
    expect(good(await another(identity))).toEqual([false, false, false, true]);
    // the second time nothing was left to be ended, and shown before it was known
    expect(new Set(ended)).toEqual(new Set(['X']));
    const before = ended.length;
    registry.shown('X', issued[3]!.fingerprint);
    await registry.reload();
    expect(ended).toHaveLength(before);
  });

  it('renews: a certificate is good for so many days at most, or ends at once', async () => {
    const identity = await testIdentity();
    const clock = new VirtualClock(Date.now());
    const registry = await ThingRegistry.open(join(identity.folder, 'things'), { ca: identity.ca, clock });
    const first = await registry.add('X', { days: DAYS });
    const second = await registry.renew('X', { days: DAYS, overlapDays: 2 });
    await clock.advance(2 * DAY_MS - 1);
    expect(registry.endedAt('X', first.fingerprint)).toBeUndefined();
    await clock.advance(1);
    expect(registry.endedAt('X', first.fingerprint)).toBe(new Date(clock.now()).toISOString());
    const third = await registry.renew('X', { days: DAYS, overlapDays: 0 });
    expect(registry.endedAt('X', second.fingerprint)).toBeDefined();
    expect(registry.endedAt('X', third.fingerprint)).toBeUndefined();
  });

  it('ends all but the newest on demand, imported ones too', async () => {
    const { registry } = await testIdentity();
    const imported = await (await testIdentity()).ca.issueDevice('X', DAYS);
    const first = await registry.add('X', { days: DAYS });
    const second = await registry.renew('X', { days: DAYS });
    await registry.importCertificate('X', imported.fingerprint);
    await registry.revokeOlder('X');
    const ended = [first, second, imported].map(
      ({ fingerprint }) => registry.endedAt('X', fingerprint) !== undefined,
    );
    expect(ended).toEqual([true, true, false]);
    expect(registry.get('X')).toMatchObject({ fingerprints: [imported.fingerprint], revoked: null });
    await expect(registry.revokeOlder('Y')).rejects.toMatchObject({ code: 'IDENTITY_UNKNOWN' });
  });

  it('refuses what it does not know, and names that are none', async () => {
    const { registry, folder } = await testIdentity();
    await expect(registry.revoke('X')).rejects.toMatchObject({ code: 'IDENTITY_UNKNOWN' });
    await expect(registry.renew('X', { days: 1 })).rejects.toMatchObject({ code: 'IDENTITY_UNKNOWN' });
    for (const name of ['../../etc', '.', '', 'cloud', 'a\0b']) {
      await expect(registry.add(name, { days: 1 })).rejects.toMatchObject({ code: 'IDENTITY_NAME' });
      await expect(registry.revoke(name)).rejects.toMatchObject({ code: 'IDENTITY_NAME' });
    }
    expect(await readdir(join(folder, 'things'))).toEqual([]);
  });
});

describe('a thing of this machine', () => {
  it('has one certificate from start to start, and a new one before it expires', async () => {
    const clock = new VirtualClock(Date.now());
    const { registry, folder } = await testIdentity(clock);
    const first = await registry.ensure('X', { days: DAYS });
    expect((await stat(join(folder, 'things', 'X', 'X.private.key'))).mode & 0o777).toBe(0o600);
    expect((await registry.ensure('X', { days: DAYS })).fingerprint).toBe(first.fingerprint);
    await clock.advance((DAYS - 31) * DAY_MS);
    expect((await registry.ensure('X', { days: DAYS })).fingerprint).toBe(first.fingerprint);
    await clock.advance(2 * DAY_MS);
    const second = await registry.ensure('X', { days: DAYS });
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(registry.get('X')).toMatchObject({ joins: false });
  });

  it('gets a certificate of its own when its key was handed out or lost', async () => {
    const { registry, folder } = await testIdentity();
    const out = await registry.add('X', { days: DAYS, out: join(folder, 'out') });
    const here = await registry.ensure('X', { days: DAYS });
    expect(here.fingerprint).not.toBe(out.fingerprint);
    expect(registry.identify(shows(out.fingerprint))).toBe('X');
    expect(registry.get('X')).toMatchObject({ joins: true });
    await rm(join(folder, 'things', 'X', 'X.private.key'));
    expect((await registry.ensure('X', { days: DAYS })).fingerprint).not.toBe(here.fingerprint);
  });
});

describe('a device that has a certificate already', () => {
  it('is let in by the certificate or by its id alone', async () => {
    const core = await testIdentity();
    const cloud = await testIdentity();
    const one = await cloud.ca.issueDevice('One', DAYS);
    const two = await cloud.ca.issueDevice('Two', DAYS);
    await core.registry.importCertificate('One', one.certificate);
    await core.registry.importCertificate('Two', ` ${two.fingerprint.toUpperCase()}\n`);
    for (const registry of [core.registry, await another(core)]) {
      expect(registry.identify(shows(one.fingerprint))).toBe('One');
      expect(registry.identify(shows(two.fingerprint))).toBe('Two');
    }
    expect(core.registry.get('One')).toMatchObject({ expiresAt: one.notAfter.toISOString(), joins: true });
    expect(core.registry.get('Two')).toMatchObject({ expiresAt: null });
  });

  it('is refused with what is no certificate, or another thing’s', async () => {
    const core = await testIdentity();
    const issued = await core.registry.add('One', { days: DAYS });
    await expect(core.registry.importCertificate('Two', issued.certificate)).rejects.toMatchObject({
      code: 'IDENTITY_EXISTS',
      message: expect.stringContaining('One'),
    });
    for (const text of ['', 'abc', '-----BEGIN CERTIFICATE-----\nrubbish', 'f'.repeat(63)]) {
      await expect(core.registry.importCertificate('Two', text)).rejects.toMatchObject({
        code: 'IDENTITY_CERTIFICATE',
      });
    }
    expect(core.registry.get('Two')).toBeUndefined();
  });
});
