import { get } from 'node:https';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MockBoard, MockDriver } from '../../hal/drivers/mock/index.js';
import { SILENT, SystemClock } from '../../hal/index.js';
import {
  type BoardLineView,
  type DashboardDeps,
  DashboardServer,
  LogTail,
  WatchedLines,
} from '../../src/dashboard/index.js';
import { runApp } from '../support/app.js';
import { CROSSING, emptyDeps, post, runPage } from './support.js';

describe('the mirror of a real board', () => {
  it('shows what the parts write and read, and lets go of what they close', async () => {
    const board = new MockBoard({ clock: new SystemClock() });
    const watched = new WatchedLines(new MockDriver(board));
    const driver = watched.over();
    await driver.start(new AbortController().signal);
    onTestFinished(() => driver.stop());
    const told: BoardLineView[] = [];
    watched.subscribe((line) => told.push(line));
    const lamp = await driver.output('GPIO17', 'lamp', { initial: 'inactive' });
    await lamp.write('active');
    const button = await driver.input('GPIO23', 'button', { bias: 'pull-up', activeLow: true });
    board.drive('GPIO23', 'low');
    await expect
      .poll(() => told.at(-1))
      .toMatchObject({ name: 'GPIO23', value: 'active', lastEdge: { edge: 'rising' } });
    const lines = await watched.lines();
    expect(lines.find(({ name }) => name === 'GPIO17')).toMatchObject({
      consumer: 'lamp',
      value: 'active',
      direction: 'output',
    });
    expect(lines.find(({ name }) => name === 'GPIO18')?.value).toBeUndefined();
    await lamp.close();
    await button.close();
    expect((await watched.lines()).find(({ name }) => name === 'GPIO17')).toMatchObject({
      consumer: undefined,
      value: undefined,
    });
  });

  it('changes nothing unless it is unlocked', async () => {
    const watched = new WatchedLines(new MockDriver(new MockBoard({ clock: new SystemClock() })));
    const server = new DashboardServer(mirrorDeps(watched));
    onTestFinished(() => server.stop());
    await server.start(new AbortController().signal);
    for (const [path, body] of [
      ['/api/desired', { thing: 'GG_Relay', desired: { on: true } }],
      ['/api/line', { line: 'GPIO23', level: 'low' }],
    ] as const) {
      const { status, body: text } = await post(server.url + path, body);
      expect(status).toBe(403);
      expect(JSON.parse(text).code).toBe('DASHBOARD_LOCKED');
    }
  });
});

describe('where the page listens', () => {
  it('says which port is taken', async () => {
    const { url } = await runPage();
    const taken = CROSSING.replace('{ port: 0 }', `{ port: ${new URL(url).port} }`);
    await expect(runApp(taken)).rejects.toMatchObject({ code: 'DASHBOARD_LISTEN' });
  });

  it('speaks TLS beyond loopback, with the certificate of the core', async () => {
    // a name, as far as the configuration can tell; the system finds loopback behind it
    const { url } = await runPage(
      CROSSING.replace('{ port: 0 }', '{ host: "127.1", port: 0, token: a-token-of-many-letters }'),
    );
    expect(url).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) => {
      get(`${url}/api/state`, { rejectUnauthorized: false, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(401);
  });
});

function mirrorDeps(board: WatchedLines): DashboardDeps {
  const clock = new SystemClock();
  const deps = emptyDeps({ clock, log: SILENT, tail: new LogTail(() => clock.now()) });
  return { ...deps, board: () => board };
}
