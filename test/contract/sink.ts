import { describe, expect, it } from 'vitest';
import { type Batch, type BatchSink, type CarStatsRow, rowOf } from '../../src/aggregator/batch.js';
import type { Store } from '../../src/store/contract.js';
import { until } from '../support/until.js';

export interface SinkUnderTest {
  readonly sink: BatchSink;
  /** The section for which the operations are. */
  readonly section: Store;
  /** What arrived at the destination so far, in order of windows. */
  rows(): Promise<readonly CarStatsRow[]>;
  /** As after the end of the process: a new sink on the same section. */
  restart(): Promise<BatchSink>;
}

/** What every {@link BatchSink} must do. The destination is real. */
export function describeSink(name: string, make: () => Promise<SinkUnderTest>): void {
  describe(`sink: ${name}`, () => {
    const batch = (window: number, thing = 'L'): Batch => ({
      thing,
      window,
      at: Date.UTC(2026, 10, 23, 12, 0, window),
      totalTraffic: window * 30,
      totalGreenlights: window * 3,
      minCars: 1,
      maxCars: 20,
    });
    const hand = async (sink: BatchSink, section: Store, what: Batch) => {
      await section.write([{ type: 'put', key: 'totals', value: String(what.window) }, ...sink.accept(what)]);
      sink.accepted(what);
    };

    it('brings every batch that was written, each once', async () => {
      const { sink, section, rows } = await make();
      for (let window = 1; window <= 5; window++) await hand(sink, section, batch(window));
      await until(async () => (await rows()).length >= 5);
      expect(await rows()).toEqual([1, 2, 3, 4, 5].map((window) => rowOf(batch(window))));
    });

    it('does not bring a batch that was not written', async () => {
      const { sink, section, rows } = await make();
      sink.accept(batch(1));
      await hand(sink, section, batch(1));
      await hand(sink, section, batch(2));
      await until(async () => (await rows()).length >= 2);
      expect((await rows()).map(({ Window }) => Window)).toEqual([1, 2]);
    });

    it('brings what was written but not accepted before the process ended', async () => {
      const { sink, section, rows, restart } = await make();
      await section.write(sink.accept(batch(1)));
      const next = await restart();
      await hand(next, section, batch(2));
      await until(async () => (await rows()).length >= 2);
      expect((await rows()).map(({ Window }) => Window)).toEqual([1, 2]);
    });
  });
}
