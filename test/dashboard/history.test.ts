import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../hal/index.js';
import { rowOf } from '../../src/aggregator/batch.js';
import { History, type HistoryDeps, POINTS, RANGES } from '../../src/dashboard/history.js';
import { ask, CROSSING, runPage } from './support.js';

const SENSOR = CROSSING.replace(
  '  - { name: Elsewhere }',
  '  - { name: GG_Weather, role: climate, line: GPIO4, sample: 2s }',
);

type Records = { readonly at: number; readonly values: Record<string, number | string | boolean> }[];

/** What is kept, in parts of at most `part` records. */
function historyOf(records: Records, part = 1_000, more: Partial<HistoryDeps> = {}) {
  const clock = new VirtualClock();
  let reads = 0;
  const deps: HistoryDeps = {
    clock,
    cars: async () => ({ rows: [] }),
    telemetry: {
      things: async () => ['A'],
      read: async (_thing, { since = 0, next }) => {
        reads += 1;
        const from = next === undefined ? records.findIndex(({ at }) => at >= since) : Number(next);
        if (from < 0) return { records: [] };
        const end = from + part;
        return { records: records.slice(from, end), ...(end < records.length && { next: String(end) }) };
      },
    },
    ...more,
  };
  return { clock, history: new History(deps), reads: () => reads };
}

describe('curves of what sensors measured', () => {
  it('have a bounded number of points, and lose neither a peak nor a record', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ ago: fc.nat(RANGES['1h']), value: fc.integer({ min: -40, max: 80 }) }), {
          maxLength: 600,
        }),
        fc.integer({ min: 1, max: 700 }),
        async (made, part) => {
          const now = new VirtualClock().now();
          const records = made
            .map(({ ago, value }) => ({ at: now - ago, values: { value } }))
            .sort((a, b) => a.at - b.at);
          const { fields } = await historyOf(records, part).history.telemetry('A', '1h');
          const curve = fields.value;
          expect(curve === undefined).toBe(records.length === 0);
          if (curve === undefined) return;
          const values = records.map(({ values: { value } }) => value);
          expect(curve.time.length).toBeLessThanOrEqual(POINTS);
          expect(Math.min(...curve.least)).toBe(Math.min(...values));
          expect(Math.max(...curve.most)).toBe(Math.max(...values));
          expect([...curve.time]).toEqual([...curve.time].sort((a, b) => a - b));
          curve.mean.forEach((mean, i) => {
            expect(mean).toBeGreaterThanOrEqual(curve.least[i]!);
            expect(mean).toBeLessThanOrEqual(curve.most[i]!);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are of numbers that were measured: no times, no texts, at most six', async () => {
    const at = new VirtualClock().now();
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`n${i}`, i]));
    const { history } = historyOf([
      { at, values: { at, measuredAt: at, quality: 'good', ok: true, temperatureC: 21, ...many } },
    ]);
    const { fields } = await history.telemetry('A', '1d');
    expect(Object.keys(fields)).toEqual(['temperatureC', 'n0', 'n1', 'n2', 'n3', 'n4']);
  });

  it('are made once for all who ask at about the same time', async () => {
    const { history, clock, reads } = historyOf([]);
    await Promise.all(Array.from({ length: 20 }, () => history.telemetry('A', '1h')));
    expect(reads()).toBe(1);
    await clock.advance(2_000);
    await history.telemetry('A', '1h');
    expect(reads()).toBe(2);
  });

  it('can be asked for again after the disk failed', async () => {
    let fail = true;
    const { history } = historyOf([], 1, {
      telemetry: {
        things: async () => [],
        read: async () => {
          if (fail) throw new Error('the disk is gone');
          return { records: [] };
        },
      },
    });
    await expect(history.telemetry('A', '1h')).rejects.toThrow('the disk is gone');
    fail = false;
    expect(await history.telemetry('A', '1h')).toMatchObject({ fields: {} });
  });
});

describe('curves of cars', () => {
  it('tell the total, and how many passed since the batch before', async () => {
    const now = new VirtualClock().now();
    const batch = (window: number, totalTraffic: number, ago: number) =>
      rowOf({
        thing: 'Light',
        window,
        at: now - ago,
        totalTraffic,
        totalGreenlights: window * 3,
        minCars: 1,
        maxCars: 20,
      });
    const { history } = historyOf([], 1, {
      cars: async () => ({ rows: [batch(4, 100, 600_000), batch(5, 130, 300_000), batch(6, 170, 60_000)] }),
    });
    const { things } = await history.cars('1h');
    expect(things.Light).toEqual({
      time: [600_000, 300_000, 60_000].map((ago) => (now - ago) / 1000),
      total: [100, 130, 170],
      // the batch before the first is out of range
      passed: [null, 30, 40],
    });
  });
});

describe('what is kept, over the page', () => {
  it('gives telemetry as a curve and as a table, and refuses what it does not know', async () => {
    const { url, app } = await runPage(SENSOR);
    const port = app.core!.broker.port('GG_Weather');
    for (const temperatureC of [20, 22]) {
      await port.publish({
        topic: 'climate/GG_Weather',
        payload: JSON.stringify({ temperatureC, humidityPercent: 50, note: '=cmd(), "x"' }),
      });
    }
    port.close();
    const table = async () => (await ask(`${url}/api/history/things/GG_Weather.csv?range=7d`)).body;
    await expect.poll(table, { timeout: 10_000 }).toMatch(/,22,50,/);
    const [head, ...rows] = (await table()).trimEnd().split('\r\n');
    expect(head).toMatch(/^at,/);
    expect(head).toContain('temperatureC');
    expect(rows.some((row) => /^\d{4}-\d\d-\d\dT.*Z,/.test(row) && row.includes(`"'=cmd(), ""x"""`))).toBe(
      true,
    );

    const { things } = JSON.parse((await ask(`${url}/api/history/things`)).body);
    expect(things).toContain('GG_Weather');
    const { fields } = JSON.parse((await ask(`${url}/api/history/things/GG_Weather?range=1h`)).body);
    expect(Math.max(...fields.temperatureC.most)).toBeGreaterThanOrEqual(22);
    expect((await ask(`${url}/api/history/things/GG_Weather?range=1y`)).status).toBe(400);
    expect((await ask(`${url}/api/history/things/..%2Fca`)).status).toBe(404);
    expect(JSON.parse((await ask(`${url}/api/history/cars?range=7d`)).body)).toMatchObject({ things: {} });
  });
});
