import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SILENT, VirtualClock } from '../../hal/index.js';
import { CarAggregator, readTotals } from '../../src/aggregator/car-aggregator.js';
import { LocalSink, readRows } from '../../src/aggregator/local-sink.js';
import type { FunctionContext } from '../../src/core/functions/contract.js';
import type { StoreOperation } from '../../src/store/contract.js';
import { MemoryStore } from '../../src/store/memory.js';

const TOPIC = '$aws/things/L/shadow/update/documents';

interface Light {
  version: number;
  colour: string | undefined;
}

function rig(store = new MemoryStore(), options: { counter?: string; batchEvery?: number } = {}) {
  const light: Light = { version: 0, colour: undefined };
  const clock = new VirtualClock();
  const section = store.section('cars');
  const make = () =>
    new CarAggregator(
      {
        watch: 'L',
        batchEvery: options.batchEvery ?? 3,
        randomCars: { min: 1, max: 20 },
        ...(options.counter && { counter: options.counter }),
      },
      { section, sink: new LocalSink(section, SILENT), clock, random: () => 0.5 },
    );
  const document = () => ({
    version: light.version,
    state: light.colour === undefined ? {} : { reported: { property: light.colour } },
  });
  const context = {
    name: 'A',
    log: SILENT,
    signal: new AbortController().signal,
    publish: async () => {},
    getShadow: async () => (light.version === 0 ? undefined : document()),
    updateShadow: async () => ({}),
  } satisfies FunctionContext;
  return { light, clock, section, store, make, context, document };
}

const invocation = (event: object, topic = TOPIC) => ({
  topic,
  event: event as never,
  from: 'GGShadowService',
});

describe('car aggregator', () => {
  it('counts a green once, however many documents mention it, and writes a row on every third', async () => {
    const r = rig();
    const aggregator = r.make();
    await aggregator.start(r.context);
    const see = async (colour: string) => {
      r.light.version += 1;
      r.light.colour = colour;
      await aggregator.invoke(invocation({ current: r.document() }));
    };
    for (let i = 0; i < 7; i++) {
      await see('G');
      await see('G');
      await r.clock.advance(1000);
      await see('Y');
      await see('R');
    }
    expect(aggregator.totals).toEqual({ totalTraffic: 77, totalGreenlights: 7, minCars: 11, maxCars: 11 });
    const rows = await readRows(r.section);
    expect(rows.map((row) => [row.Window, row.TotalGreenlights, row.TotalTraffic])).toEqual([
      [1, 3, 33],
      [2, 6, 66],
    ]);
    expect(rows[0]).toMatchObject({ Thing: 'L', MinCarsPassing: 11, MaxCarsPassing: 11 });
    expect(rows[0]!.Time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
    expect(aggregator.status()).toEqual({ watch: 'L', greens: 7, batches: 2, untilNextBatch: 2 });
  });

  it('ignores what is no document, and documents without reported', async () => {
    const r = rig();
    const aggregator = r.make();
    await aggregator.start(r.context);
    for (const event of [
      {},
      { current: 3 },
      { current: { version: 'x' } },
      { current: { version: 1, state: { desired: { property: 'G' } } } },
    ]) {
      await aggregator.invoke(invocation(event));
    }
    expect(aggregator.totals.totalGreenlights).toBe(0);
  });

  it('counts edges of a counter during the green when it has one', async () => {
    const r = rig(undefined, { counter: 'C', batchEvery: 1 });
    const aggregator = r.make();
    await aggregator.start(r.context);
    const see = async (colour: string) => {
      r.light.version += 1;
      r.light.colour = colour;
      await aggregator.invoke(invocation({ current: r.document() }));
    };
    const cars = (total: number, since = 1) =>
      aggregator.invoke({ topic: 'cars/C', event: { total, since }, from: 'C' });
    await cars(10);
    await see('G');
    await cars(14);
    await see('Y');
    // late, and from a counter that began anew
    await cars(15);
    await see('G');
    await cars(2, 2);
    await see('R');
    expect(aggregator.totals).toEqual({ totalTraffic: 7, totalGreenlights: 2, minCars: 3, maxCars: 4 });
    expect((await readRows(r.section)).map((row) => row.TotalTraffic)).toEqual([4, 7]);
  });

  it('equals a count of transitions whatever colours come, and wherever the process dies between two steps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            colour: fc.constantFrom('G', 'Y', 'R'),
            crash: fc.constantFrom(undefined, 'before', 'after'),
          }),
          { maxLength: 40 },
        ),
        async (steps) => {
          const r = rig();
          let aggregator = r.make();
          await aggregator.start(r.context);
          let greens = 0;
          let last: string | undefined;
          for (const { colour, crash } of steps) {
            if (colour === 'G' && last !== 'G') greens += 1;
            last = colour;
            r.light.version += 1;
            r.light.colour = colour;
            // the document is stored; the process dies before or after the function got it
            if (crash !== 'before') await aggregator.invoke(invocation({ current: r.document() }));
            if (crash) {
              aggregator = r.make();
              await aggregator.start(r.context);
            }
          }
          expect(aggregator.totals.totalGreenlights).toBe(greens);
          const rows = await readRows(r.section);
          expect(rows.map((row) => row.TotalGreenlights)).toEqual(
            Array.from({ length: Math.floor(greens / 3) }, (_, i) => (i + 1) * 3),
          );
          if (greens > 0) expect((await readTotals(r.section))[0]!.totals.totalGreenlights).toBe(greens);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('does not count what could not be written', async () => {
    const r = rig();
    const aggregator = r.make();
    await aggregator.start(r.context);
    const write = r.store.write.bind(r.store);
    r.store.write = async (_: readonly StoreOperation[]) => {
      throw new Error('disk full');
    };
    const green = invocation({ current: { version: 1, state: { reported: { property: 'G' } } } });
    await expect(aggregator.invoke(green)).rejects.toThrow('disk full');
    expect(aggregator.totals.totalGreenlights).toBe(0);
    r.store.write = write;
    await aggregator.invoke(green);
    expect(aggregator.totals.totalGreenlights).toBe(1);
  });
});
