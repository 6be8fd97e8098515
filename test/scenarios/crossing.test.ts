import { describe, expect, it } from 'vitest';
import { overlaps } from '../../hal/drivers/mock/index.js';
import type { CarStatsRow } from '../../src/aggregator/batch.js';
import type { Totals } from '../../src/aggregator/statistics.js';
import type { AppStatus } from '../../src/status.js';
import { eventually, FAST_CROSSING, runApp } from '../support/app.js';

interface Stats {
  readonly totals: readonly { readonly thing: string; readonly totals: Totals }[];
  readonly rows: readonly CarStatsRow[];
}

const LAMPS = ['GPIO17', 'GPIO27', 'GPIO22'] as const;

describe('the crossing', () => {
  it('goes from a desired colour to lamps, reported state and a row on every third green', async () => {
    const { app, control, board } = await runApp(FAST_CROSSING);
    const { batch } = await eventually(app, 'green', ({ batch }) => batch?.window === 2);
    expect(batch!.totalGreenlights).toBe(6);
    const stats = (await control.call('GET', '/stats')) as unknown as Stats;
    expect(stats.rows.slice(0, 2).map((row) => [row.Window, row.TotalGreenlights])).toEqual([
      [1, 3],
      [2, 6],
    ]);
    const [first] = stats.rows;
    expect(first!.MinCarsPassing).toBeGreaterThanOrEqual(1);
    expect(first!.MaxCarsPassing).toBeLessThanOrEqual(20);
    expect(first!.TotalTraffic).toBeGreaterThanOrEqual(3);
    expect(overlaps(board.journal(), LAMPS)).toEqual([]);
  });

  it('carries the publisher to the subscriber', async () => {
    const { app } = await runApp(FAST_CROSSING);
    const { state } = await eventually(
      app,
      'thing',
      ({ name, state }) => name === 'HelloWorld_Subscriber' && Number(state.received) >= 3,
    );
    expect(state).toMatchObject({ received: expect.any(Number) });
  });

  it('stops with red lit and nothing else, in whatever state it was', async () => {
    for (const colour of ['R', 'Y', 'G']) {
      const { app, board, stop } = await runApp(FAST_CROSSING);
      await eventually(
        app,
        'thing',
        ({ name, state }) => name === 'GG_TrafficLight' && state.property === colour,
      );
      await stop();
      expect(LAMPS.map((lamp) => board.line(lamp).level)).toEqual(['high', 'low', 'low']);
      expect(LAMPS.map((lamp) => board.line(lamp).consumer)).toEqual([undefined, undefined, undefined]);
    }
  });

  it('says of every part that it is well', async () => {
    const { app, control } = await runApp(FAST_CROSSING);
    await eventually(app, 'green', () => true);
    const status = (await control.call('GET', '/status')) as unknown as AppStatus;
    expect(status.parts.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(status).toMatchObject({ group: 'crossing', state: 'ok', pid: process.pid });
    expect(status.parts.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'mock',
        'broker',
        'shadows',
        'subscriptions',
        'mqtt',
        'discovery',
        'GG_TrafficLight',
        'GG_Switch',
        'GG_Car_Aggregator',
      ]),
    );
  });

  it('says what it cannot do in reported.error, keeps reporting the truth, and forgets the error when it is over', async () => {
    const { control } = await runApp(FAST_CROSSING.replace(/.*GG_Switch.*\n/, ''));
    const set = (property: unknown) =>
      control.call('POST', '/shadow/GG_TrafficLight', { state: { desired: { property } } } as never);
    const settled = async (ms: number) =>
      (await control.call('GET', `/shadow/GG_TrafficLight?settle=${ms}`)) as { state: { reported: object } };
    await set('blue');
    await expect
      .poll(async () => (await settled(1)).state.reported, { interval: 10, timeout: 5_000 })
      .toMatchObject({
        property: 'R',
        error: { code: 'DEVICE_VALUE', property: 'property', message: expect.stringContaining('blue') },
      });
    await set('G');
    expect((await settled(5_000)).state.reported).toEqual({ property: 'G' });
  });

  it('reports a line that fails, and goes on when it works again', async () => {
    const { control, board } = await runApp(FAST_CROSSING.replace(/.*GG_Switch.*\n/, ''));
    const set = (property: string) =>
      control.call('POST', '/shadow/GG_TrafficLight', { state: { desired: { property } } });
    const reported = async () =>
      ((await control.call('GET', '/shadow/GG_TrafficLight')) as { state: { reported: object } }).state
        .reported;
    await set('Y');
    await expect.poll(reported, { interval: 10 }).toEqual({ property: 'Y' });
    board.fail('GPIO22', 'write');
    await set('G');
    await expect.poll(reported, { interval: 10 }).toMatchObject({ error: { code: 'HAL_IO' } });
    await set('R');
    await set('G');
    await expect.poll(reported, { interval: 10 }).toEqual({ property: 'G' });
  });

  it('goes on after a restart where it was: totals, versions, certificates', async () => {
    const first = await runApp(FAST_CROSSING);
    await eventually(first.app, 'green', ({ totals }) => totals.totalGreenlights >= 4);
    await first.stop();
    const second = await runApp(FAST_CROSSING, { stateDir: first.stateDir });
    const { totals } = await eventually(second.app, 'green', () => true);
    expect(totals.totalGreenlights).toBeGreaterThanOrEqual(5);
    const { rows } = (await second.control.call('GET', '/stats')) as unknown as Stats;
    expect(rows[0]!.TotalGreenlights).toBe(3);
  });

  it('is refused on a state folder that another instance holds, with its pid', async () => {
    const { stateDir } = await runApp(FAST_CROSSING);
    await expect(runApp(FAST_CROSSING, { stateDir })).rejects.toMatchObject({
      code: 'CONTROL_TAKEN',
      message: expect.stringContaining(`pid ${process.pid}`),
    });
  });
});
