import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../hal/index.js';
import { inspectArchive, unpackArchive } from '../../src/update/archive.js';
import { watchHealth } from '../../src/update/health.js';
import {
  ARCHIVE_LIMIT,
  configurationsOf,
  Inbox,
  Installation,
  makeKeys,
  ownArchitecture,
  parseEnvironment,
  readPrivateKey,
  readPublicKey,
  signStatement,
  stateFolderOf,
  verifiedStatement,
} from '../../src/update/index.js';
import { compareVersions, VERSION } from '../../src/update/version.js';
import { temporaryFolder } from '../support/folder.js';
import { until } from '../support/until.js';
import { type Entry, packageEntries, tgz } from './archives.js';

describe('an archive', () => {
  const BAD: readonly (readonly [what: string, entry: Entry])[] = [
    ['a path out of its folder', { path: 'package/../../etc/passwd', content: 'x' }],
    ['a path beside its folder', { path: 'other/file', content: 'x' }],
    ['an absolute path', { path: '/etc/passwd', content: 'x' }],
    ['a symbolic link', { path: 'package/link', type: '2', link: '/etc' }],
    ['a hard link', { path: 'package/link', type: '1', link: 'package/package.json' }],
    ['a device', { path: 'package/null', type: '3' }],
    ['a FIFO', { path: 'package/pipe', type: '6' }],
    ['a set-user-id file', { path: 'package/sudo', content: 'x', mode: 0o4755 }],
    ['a file twice', { path: 'package/package.json', content: '{}' }],
    ['a backslash', { path: 'package\\..\\x', content: 'x' }],
    ['a control character', { path: 'package/a\nb', content: 'x' }],
  ];
  it.each(BAD)('with %s is refused and not unpacked', async (_, entry) => {
    const folder = await temporaryFolder();
    const file = join(folder, 'bad.tgz');
    writeFileSync(file, tgz([...packageEntries({ version: '2.0.0' }), entry]));
    await expect(inspectArchive(file)).rejects.toMatchObject({ code: 'UPDATE_PACKAGE' });
    const out = join(folder, 'out');
    mkdirSync(out);
    await expect(unpackArchive(file, out)).rejects.toMatchObject({ code: 'UPDATE_PACKAGE' });
    expect(readdirSync(folder).sort()).toEqual(['bad.tgz', 'out']);
  });

  it('of random bytes is refused, whatever they are', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'random.tgz');
    const good = tgz(packageEntries({ version: '2.0.0' }));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        async (at, bytes) => {
          writeFileSync(file, Buffer.concat([good.subarray(0, at), bytes]));
          await expect(inspectArchive(file)).rejects.toMatchObject({ code: 'UPDATE_PACKAGE' });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is unpacked with plain modes', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'good.tgz');
    writeFileSync(file, tgz(packageEntries({ version: '2.0.0' })));
    expect(await inspectArchive(file)).toMatchObject({
      bundled: { name: 'greenlight', version: '2.0.0' },
      node: [20, 19],
    });
    const out = join(folder, 'out');
    mkdirSync(out);
    await unpackArchive(file, out);
    expect(statSync(join(out, 'dist/src/main.js')).mode & 0o777).toBe(0o755);
    expect(statSync(join(out, 'package.json')).mode & 0o777).toBe(0o644);
  });
});

describe('an inbox', () => {
  const request = { id: 'one', by: 'tester', file: 'new.tgz' };

  it('takes an archive in pieces, in order, and forgets what was never completed', async () => {
    const folder = await temporaryFolder();
    const inbox = new Inbox(join(folder, 'inbox'));
    await inbox.append('one', { offset: 0, bytes: Buffer.from('abc') });
    await expect(inbox.append('one', { offset: 4, bytes: Buffer.from('x') })).rejects.toMatchObject({
      code: 'UPDATE_PACKAGE',
    });
    for (const offset of [9, Number.NaN])
      await expect(inbox.append('two', { offset, bytes: Buffer.from('x') })).rejects.toMatchObject({
        code: 'UPDATE_PACKAGE',
      });
    await inbox.append('one', { offset: 3, bytes: Buffer.from('def') });
    expect(await inbox.waiting()).toEqual([]);
    await inbox.complete(request, 'signature');
    expect(await inbox.waiting()).toEqual(['one']);
    expect(await inbox.signature('one')).toBe('signature');
    await inbox.take('one', join(folder, 'taken'));
    expect(statSync(join(folder, 'taken')).size).toBe(6);

    await inbox.append('two', { offset: 0, bytes: Buffer.from('never done') });
    await inbox.open();
    expect(readdirSync(inbox.folder).sort()).toEqual(['one.json', 'one.tgz', 'one.tgz.sig']);
    await inbox.discard('one');
    expect(readdirSync(inbox.folder)).toEqual([]);
  });

  it('says what to do when the disk is full, and leaves nothing of the request', async () => {
    const folder = await temporaryFolder();
    const inbox = new Inbox(join(folder, 'inbox'));
    await inbox.open();
    const archive = join(folder, 'new.tgz');
    writeFileSync(archive, 'archive');
    writeFileSync(join(inbox.folder, 'one.json'), '{}');
    symlinkSync('/dev/full', join(inbox.folder, 'one.json.new'));
    await expect(inbox.drop(request, { archive, signature: archive })).rejects.toMatchObject({
      code: 'UPDATE_SPACE',
      message: expect.stringContaining('is full'),
    });
    expect(readdirSync(inbox.folder)).toEqual([]);
  });

  it('takes no more than an archive may have', async () => {
    const inbox = new Inbox(join(await temporaryFolder(), 'inbox'));
    const bytes = Buffer.from('x');
    await expect(inbox.append('one', { offset: ARCHIVE_LIMIT, bytes })).rejects.toMatchObject({
      code: 'UPDATE_PACKAGE',
    });
  });

  it('follows no link, waits for no FIFO, and goes by no name that leads elsewhere', async () => {
    const folder = await temporaryFolder();
    const inbox = new Inbox(join(folder, 'inbox'));
    await inbox.open();
    writeFileSync(join(folder, 'secret'), 'secret');
    for (const ending of ['.tgz', '.tgz.sig', '.json'])
      symlinkSync(join(folder, 'secret'), join(inbox.folder, `one${ending}`));
    await expect(inbox.signature('one')).rejects.toMatchObject({ code: 'UPDATE_SIGNATURE' });
    await expect(inbox.request('one')).rejects.toMatchObject({ code: 'UPDATE_SIGNATURE' });
    await expect(inbox.take('one', join(folder, 'taken'))).rejects.toMatchObject({ code: 'UPDATE_PACKAGE' });
    mkdirSync(join(inbox.folder, 'two.tgz'));
    await expect(inbox.size('two')).rejects.toMatchObject({ code: 'UPDATE_PACKAGE' });
    await expect(inbox.signature('../secret')).rejects.toMatchObject({ code: 'UPDATE_PACKAGE' });
  });
});

describe('keys', () => {
  it('are made once, with the private one for its owner alone', async () => {
    const name = join(await temporaryFolder(), 'update');
    const files = await makeKeys(name);
    expect(statSync(files.privateKey).mode & 0o777).toBe(0o600);
    await expect(makeKeys(name)).rejects.toMatchObject({ code: 'UPDATE_KEY' });
    const key = await readPublicKey(files.publicKey, process.getuid!());
    const statement = {
      type: 'greenlight-update/1',
      name: 'greenlight',
      version: '1.2.3',
      arch: ownArchitecture() ?? 'amd64',
      size: 1,
      sha256: '0'.repeat(64),
    } as const;
    const text = signStatement(statement, await readPrivateKey(files.privateKey));
    expect(verifiedStatement(text, key)).toEqual(statement);
    // a statement that was changed is not looked at, whatever it says
    const forged = text.replace('1.2.3', '9.2.3');
    expect(() => verifiedStatement(forged, key)).toThrow(/not of the configured key/);
    await expect(readPrivateKey(files.publicKey)).rejects.toMatchObject({ code: 'UPDATE_KEY' });
  });
});

describe('versions', () => {
  it('are ordered as Semantic Versioning says (clause 11)', () => {
    const ordered =
      '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0';
    const versions = ordered.split(' ');
    expect([...versions].reverse().sort(compareVersions)).toEqual(versions);
  });

  it('have one order, whichever two are compared', () => {
    const version = fc.stringMatching(VERSION);
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
      }),
    );
    expect(() => compareVersions('1.0', '1.0.0')).toThrow(RangeError);
  });
});

describe('watching', () => {
  const look = { running: true, restarts: 3, text: 'active (running)' };
  const watch = async (options: {
    looks?: (n: number) => Partial<typeof look>;
    causes?: (n: number) => string | undefined;
  }) => {
    const clock = new VirtualClock();
    let [looks, asked] = [0, 0];
    let end: string | undefined;
    const units = {
      active: async () => [],
      restart: async () => {},
      environment: async () => ({}),
      look: async () => ({ ...look, ...options.looks?.(looks++) }),
    };
    const cause = async () => {
      asked += 1;
      return options.causes?.(asked - 1);
    };
    const { signal } = new AbortController();
    watchHealth({ units, clock, cause }, ['a.service'], { ms: 60_000, signal }).then(
      () => (end = 'well'),
      (error: Error) => (end = error.message),
    );
    await until(async () => {
      await clock.advance(500);
      return end !== undefined;
    });
    return { end, seconds: Number(clock.monotonicNs() / 1_000_000_000n), asked };
  };

  it('lasts as long as it is told when all goes well, with restarts of before', async () => {
    const { end, seconds, asked } = await watch({});
    expect(end).toBe('well');
    expect(seconds).toBeGreaterThanOrEqual(60);
    expect(asked).toBeGreaterThan(25);
  });

  it('ends at the first restart', async () => {
    expect((await watch({ looks: (n) => ({ restarts: n > 4 ? 4 : 3 }) })).end).toMatch(/was started again/);
  });

  it('lets an instance be unwell for two looks, and no longer', async () => {
    const twice = (n: number) => (n % 3 < 2 ? 'mqtt has failed' : undefined);
    expect((await watch({ causes: twice })).end).toBe('well');
    const { end, asked } = await watch({ causes: (n) => (n >= 5 ? 'mqtt has failed' : undefined) });
    expect(end).toMatch(/a\.service is not well: mqtt has failed/);
    expect(asked).toBe(8);
  });
});

describe('units', () => {
  it('have the variables that systemctl prints, with quotes and without', () => {
    const printed = 'NODE_ENV=production "A=two words" B=x=y "C=say \\"hi\\"" D= plain\n';
    expect(parseEnvironment(printed)).toEqual({
      NODE_ENV: 'production',
      A: 'two words',
      B: 'x=y',
      C: 'say "hi"',
      D: '',
    });
  });

  it('say by their name which configuration and state they have', async () => {
    const configuration = await temporaryFolder();
    mkdirSync(join(configuration, 'things.d'));
    for (const file of ['greenlight.yaml', 'core.yaml', 'things.d/street.yaml'])
      writeFileSync(join(configuration, file), '');
    const folders = { configuration, state: '/var/lib' };
    const files = async (...units: string[]) => {
      const manager = { active: async () => units, environment: async (unit: string) => ({ UNIT: unit }) };
      return (await configurationsOf(manager, folders)).map(({ file, env }) => [basename(file), env.UNIT]);
    };
    expect(await files()).toEqual([['greenlight.yaml', 'greenlight.service']]);
    expect(await files('greenlight-pigpio.service')).toEqual([
      ['greenlight.yaml', 'greenlight-pigpio.service'],
    ]);
    expect(await files('greenlight-core.service', 'greenlight-thing@street.service')).toEqual([
      ['core.yaml', 'greenlight-core.service'],
      ['street.yaml', 'greenlight-thing@street.service'],
    ]);
    expect(await files('greenlight-thing@nowhere.service')).toEqual([]);
    expect(stateFolderOf('greenlight-core.service', folders)).toBe('/var/lib/greenlight');
    expect(stateFolderOf('greenlight-thing@street.service', folders)).toBe(
      '/var/lib/greenlight-things/street',
    );
  });
});

describe('an installation', () => {
  it('is only where install.sh put one', async () => {
    const folder = await temporaryFolder();
    expect(() => Installation.of('/usr/lib/greenlight')).toThrow(/apt install/);
    expect(() => Installation.of(folder)).toThrow(/systemd\/install\.sh/);
    mkdirSync(join(folder, 'releases/1.0.0'), { recursive: true });
    writeFileSync(join(folder, '.installed'), '');
    expect(Installation.of(join(folder, 'releases/1.0.0')).prefix).toBe(folder);
  });
});
