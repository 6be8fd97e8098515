import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseValues } from '../../src/cli/commands/shadow.js';
import { formatTable } from '../../src/cli/table.js';
import { eventually, FAST_CROSSING, runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const QUIET = FAST_CROSSING.replace(/.*GG_Switch.*\n/, '');

describe('usage', () => {
  it('prints help and version with exit code 0, and wrong usage with 2 and a hint', async () => {
    expect(await cli(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('shadow') });
    expect(await cli(['--version'])).toMatchObject({ code: 0, out: '0.0.0-test\n' });
    expect(await cli(['frobnicate'])).toMatchObject({
      code: 2,
      err: expect.stringContaining("unknown command 'frobnicate'"),
    });
    expect(await cli(['thing', 'add', 'X'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--out'),
    });
    expect(await cli(['shadow', 'set', 'X', 'no-value'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('KEY=VALUE'),
    });
    expect(await cli(['shadow', 'set', 'X', 'a=1', '--wait', 'soon'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('5s'),
    });
    expect(await cli(['why', 'X', 'shout', 'a'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('publish or subscribe'),
    });
  });

  it('says with exit code 69 that no instance runs', async () => {
    const state = await temporaryFolder();
    for (const command of [
      ['status'],
      ['stats'],
      ['subscriptions'],
      ['shadow', 'get', 'X'],
      ['why', 'X', 'publish', 'a'],
    ]) {
      const { code, err } = await cli([...command, '--state', state]);
      expect([command[0], code, err]).toEqual([
        command[0],
        69,
        `greenlight: no instance runs on ${state}; start it with greenlight run, or name its folder with --state\n`,
      ]);
    }
  });

  it('finds the state folder by option, environment and systemd, in this order', async () => {
    const { stateDir } = await runApp(QUIET);
    expect(
      (await cli(['status'], { env: { GREENLIGHT_STATE: stateDir, STATE_DIRECTORY: '/nowhere' } })).code,
    ).toBe(0);
    expect((await cli(['status'], { env: { STATE_DIRECTORY: `${stateDir}:/other` } })).code).toBe(0);
    expect((await cli(['status', '--state', '/nowhere'], { env: { GREENLIGHT_STATE: stateDir } })).code).toBe(
      69,
    );
  });
});

describe('check', () => {
  it('tells every problem with its place, or what the file comes to', async () => {
    const folder = await temporaryFolder();
    const bad = join(folder, 'bad.yaml');
    await writeFile(
      bad,
      'version: 1\nthings:\n  - { name: A, role: led, line: GPIO5, colour: red }\n  - { name: B, role: led, line: GPIO5 }\n',
    );
    const refused = await cli(['check', bad]);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`${bad}:3:`);
    expect(refused.err).toContain('colour');
    expect(refused.err).toContain('already held');
    expect((await cli(['check', join(folder, 'none.yaml')])).err).toContain('no such file');
    const good = await cli(['check', 'config/laptop.yaml', '--json']);
    expect(good.code).toBe(0);
    expect(JSON.parse(good.out).config.group.name).toBe('crossing');
  });
});

describe('run', () => {
  it('draws the lamps on a terminal until Ctrl-C, and ends with 0', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'fast.yaml');
    await writeFile(file, `${FAST_CROSSING}log: { level: silent }\n`);
    const ctrlC = new AbortController();
    let seen = '';
    const { code } = await cli(['run', '-c', file, '--state', join(folder, 'state')], {
      interactive: true,
      env: { NO_COLOR: '1' },
      signal: ctrlC.signal,
      onOut: (text) => {
        seen += text;
        if (seen.includes('batch 1')) ctrlC.abort();
      },
    });
    expect(code).toBe(0);
    expect(seen).toMatch(/^\d\d:\d\d:\d\d {2}GG_TrafficLight {2}●○○ {2}red$/m);
    expect(seen).toMatch(/GG_TrafficLight {2}○○● {2}green/);
    expect(seen).toMatch(/batch 1: 3 greens, \d+ cars/);
  });

  it('refuses a bad configuration with exit code 1', async () => {
    const { code, err } = await cli(['run', '-c', '/nowhere.yaml']);
    expect(code).toBe(1);
    expect(err).toContain('/nowhere.yaml');
  });
});

describe('shadow', () => {
  it('gets, sets, waits, lists and deletes', async () => {
    const { stateDir } = await runApp(QUIET);
    const on = (...argv: string[]) => cli([...argv, '--state', stateDir]);
    expect(await on('shadow', 'set', 'GG_TrafficLight', 'property=G', '--wait', '5s')).toMatchObject({
      code: 0,
      out: expect.stringContaining('done, reported {"property":"G"}'),
    });
    expect((await on('shadow', 'get', 'GG_TrafficLight')).out).toMatch(
      /version \d+\n {2}desired {3}\{"property":"G"\}\n {2}reported {2}\{"property":"G"\}\n$/,
    );
    expect(await on('shadow', 'set', 'GG_TrafficLight', 'property=blue', '--wait', '150ms')).toMatchObject({
      code: 1,
      out: expect.stringContaining('not done after 150 ms'),
    });
    expect((await on('shadow', 'set', 'Someone', 'a.b=1', 'c=text', '--name', 'extra')).out).toContain(
      'still to do: {"a":{"b":1},"c":"text"}',
    );
    expect((await on('shadow', 'list', 'Someone')).out).toBe('extra\n');
    expect((await on('shadow', 'delete', 'Someone', '--name', 'extra')).out).toBe(
      'Someone: deleted at version 1\n',
    );
    expect(await on('shadow', 'get', 'Someone', '--name', 'extra')).toMatchObject({
      code: 1,
      err: expect.stringContaining('No shadow exists with name'),
    });
    expect(await on('shadow', 'set', 'Bad Name', 'a=1')).toMatchObject({
      code: 1,
      err: expect.stringContaining('ThingName'),
    });
  });

  it('watches changes until Ctrl-C', async () => {
    const { stateDir } = await runApp(QUIET);
    const ctrlC = new AbortController();
    let seen = '';
    const watching = cli(['shadow', 'watch', 'GG_TrafficLight', '--state', stateDir], {
      signal: ctrlC.signal,
      onOut: (text) => {
        seen += text;
        if (seen.includes('reported {"property":"Y"}')) ctrlC.abort();
      },
    });
    await expect.poll(() => seen, { interval: 10 }).toContain('"R"');
    await cli(['shadow', 'set', 'GG_TrafficLight', 'property=Y', '--state', stateDir]);
    expect((await watching).code).toBe(0);
  });

  it('reads values as JSON where they are JSON', () => {
    expect(parseValues(['a=1', 'b=x', 'c=null', 'd.e.f=true', 'd.e.g="q"', 'h=[1,2]'])).toEqual({
      a: 1,
      b: 'x',
      c: null,
      d: { e: { f: true, g: 'q' } },
      h: [1, 2],
    });
    expect(parseValues(['{"a":{"b":null}}'])).toEqual({ a: { b: null } });
    expect(parseValues(['{broken'])).toBeUndefined();
    expect(parseValues(['=1'])).toBeUndefined();
  });
});

describe('thing', () => {
  it('adds, lists, renews and revokes while the core runs, and on its folder when it does not', async () => {
    const { stateDir, stop } = await runApp(QUIET);
    const out = await temporaryFolder();
    const on = (...argv: string[]) => cli(['thing', ...argv, '--state', stateDir]);
    for (const name of ['Running', 'Stopped']) {
      if (name === 'Stopped') await stop();
      const folder = join(out, name);
      expect((await on('add', name, '--out', folder)).code).toBe(0);
      expect((await stat(join(folder, `${name}.private.key`))).mode & 0o777).toBe(0o600);
      expect(await readFile(join(folder, `${name}.cert.pem`), 'utf8')).toContain('BEGIN CERTIFICATE');
      expect(await readFile(join(folder, 'root.ca.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
      expect(await on('add', name, '--out', folder)).toMatchObject({
        code: 1,
        err: expect.stringContaining('already has a certificate'),
      });
      expect((await on('renew', name, '--out', folder)).code).toBe(0);
      expect((await on('list')).out).toMatch(new RegExp(`^${name} +member`, 'm'));
      expect((await on('revoke', name)).out).toBe(`${name} is revoked\n`);
      expect(JSON.parse((await on('list', '--json')).out)).toEqual(
        expect.arrayContaining([expect.objectContaining({ name, revoked: expect.any(String) })]),
      );
    }
    expect((await on('import', 'Foreign', 'ab'.repeat(32))).out).toBe(
      'Foreign may now connect with that certificate\n',
    );
    expect(await on('import', 'Foreign', join(out, 'none.pem'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('none.pem'),
    });
    expect(await on('add', '../x', '--out', out)).toMatchObject({
      code: 1,
      err: expect.stringContaining('../x'),
    });
    await writeFile(join(out, 'a-file'), '');
    expect(await on('add', 'Other', '--out', join(out, 'a-file'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('could not be written'),
    });
    await mkdir(join(out, 'unused'));
  });
});

describe('status, stats, subscriptions, why', () => {
  it('answers for people and as JSON', async () => {
    const { app, stateDir } = await runApp(FAST_CROSSING);
    await eventually(app, 'green', ({ batch }) => batch !== undefined);
    const on = (...argv: string[]) => cli([...argv, '--state', stateDir]);
    expect((await on('status')).out).toMatch(
      /^crossing: ok, up \d+ s, version \S+, pid \d+\n\nPART +KIND +STATE +DETAIL\n/,
    );
    expect(JSON.parse((await on('status', '--json')).out).state).toBe('ok');
    expect((await on('stats')).out).toMatch(
      /^GG_TrafficLight: \d+ greens, \d+ cars, \d+ to \d+ a green\n\nTime /,
    );
    expect(JSON.parse((await on('stats', '--json')).out).rows[0].TotalGreenlights).toBe(3);
    expect((await on('subscriptions')).out).toContain('GG_Switch');
    expect(JSON.parse((await on('subscriptions', '--json')).out)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          source: 'HelloWorld_Publisher',
          subject: 'hello/world/pubsub',
          target: 'HelloWorld_Subscriber',
          origin: 'role',
        }),
      ]),
    );
    const passes = await on(
      'why',
      'HelloWorld_Publisher',
      'publish',
      'hello/world/pubsub',
      '--to',
      'HelloWorld_Subscriber',
    );
    expect(passes).toMatchObject({ code: 0, out: expect.stringContaining('hello/world/pubsub') });
    expect(
      (await on('why', 'HelloWorld_Publisher', 'publish', 'hello/moon', '--to', 'HelloWorld_Subscriber'))
        .code,
    ).toBe(1);
  });
});

describe('gpio', () => {
  it('lists drivers, chips and lines, and says why a driver cannot be had', async () => {
    const all = await cli(['gpio', '--driver', 'mock']);
    expect(all.code).toBe(0);
    expect(all.out).toMatch(/^mock +chosen +asked for by name$/m);
    expect(all.out).toMatch(/^GPIO17 +J8:11 +mock-bcm2711 +17 +input$/m);
    expect(
      JSON.parse((await cli(['gpio', '--json'], { env: { GREENLIGHT_HAL_DRIVER: 'mock' } })).out).chips[0]
        .lines,
    ).toBe(54);
    expect(await cli(['gpio', '--driver', 'arduino'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('chardev'),
    });
    expect(await cli(['gpio', 'blink', 'GPIO99', '--driver', 'mock'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('GPIO9'),
    });
  });

  it('blinks, watches and looks for a wire', async () => {
    expect(
      (await cli(['gpio', 'blink', 'GPIO5', '--driver', 'mock', '--times', '2', '--every', '1'])).code,
    ).toBe(0);
    expect(await cli(['gpio', 'blink', 'GPIO5', '--driver', 'mock', '--every', 'often'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('--every often'),
    });
    const ctrlC = new AbortController();
    const watching = await cli(['gpio', 'watch', 'J8:29', '--driver', 'mock', '--bias', 'pull-up'], {
      signal: ctrlC.signal,
      onOut: () => ctrlC.abort(),
    });
    expect(watching).toMatchObject({ code: 0, out: 'J8:29 is active\n' });
    expect((await cli(['gpio', 'watch', 'GPIO5', '--driver', 'mock', '--bias', 'strong'])).err).toContain(
      'pull-down',
    );
    expect(await cli(['gpio', 'loopback', 'GPIO5', 'GPIO6', '--driver', 'mock'])).toMatchObject({
      code: 1,
      out: expect.stringContaining('is there a wire between them?'),
    });
  });
});

describe('mqtt', () => {
  it('publishes and subscribes with the certificate of a thing', async () => {
    const { stateDir } = await runApp(
      `${QUIET}subscriptions:\n  - { source: Me, subject: to/me, target: Me }\n`.replace(
        'things:\n',
        'things:\n  - { name: Me }\n',
      ),
    );
    const certs = await temporaryFolder();
    await cli(['thing', 'add', 'Me', '--out', certs, '--state', stateDir]);
    const on = (...argv: string[]) => cli(['mqtt', ...argv, '--certs', certs, '--state', stateDir]);
    expect(await on('pub', 'Me', 'to/me', 'x')).toMatchObject({ code: 0, err: '' });
    expect(await on('pub', 'Me', 'to/nobody', 'x')).toMatchObject({
      code: 1,
      err: expect.stringContaining('to/nobody'),
    });
    let ended = false;
    const update = on('sub', 'Me', '$aws/things/Me/shadow/update/accepted', '--count', '1').finally(() => {
      ended = true;
    });
    // the shadow answers whoever is there: asked until the subscription stands
    while (!ended) await cli(['shadow', 'set', 'Me', 'a=1', '--state', stateDir]);
    expect(await update).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\$aws\/things\/Me\/shadow\/update\/accepted {2}\{.*"a":1/),
    });
    expect(await cli(['mqtt', 'pub', 'Nobody', 'a', 'x', '--state', stateDir])).toMatchObject({
      code: 1,
      err: expect.stringContaining('greenlight thing add Nobody'),
    });
    expect((await on('sub', 'Me', 'a', '--count', 'many')).code).toBe(2);
    await cli(['thing', 'revoke', 'Me', '--state', stateDir]);
    expect(await on('pub', 'Me', 'to/me', 'x')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Me could not connect'),
    });
  });
});

describe('tables', () => {
  it('puts numbers to the right and leaves no blanks at line ends', () => {
    expect(
      formatTable(
        ['A', 'N'],
        [
          ['x', 5],
          ['longer', 12],
        ],
      ),
    ).toBe('A        N\nx        5\nlonger  12\n');
    expect(formatTable(['A', 'B'], [])).toBe('A  B\n');
  });
});
