/** Edges: which come, in what order, when, and to whom. */
import assert from 'node:assert/strict';
import type { EdgeEvent } from '../../../hal/index.js';
import { CONSUMER, collect, debounceOf, type GpioCase, lineOf, listening } from './bench.js';

export const EDGES: readonly GpioCase[] = [
  {
    title: 'delivers both edges in order, numbered from 1, with rising timestamps',
    needs: ['drive', 'edges'],
    async run(rig) {
      const { events, put } = await listening(rig, 0, 'low');
      for (const [index, level] of (['high', 'low', 'high', 'low'] as const).entries()) {
        await put(level);
        await collect(rig, events, index + 1);
      }
      assert.deepEqual(
        events.map((event) => event.edge),
        ['rising', 'falling', 'rising', 'falling'],
      );
      assert.deepEqual(
        events.map((event) => event.sequence),
        [1, 2, 3, 4],
      );
      const times = events.map((event) => event.timestampNs);
      assert.ok(
        times.every((time, index) => index === 0 || time > (times[index - 1] ?? time)),
        times.join(),
      );
    },
  },
  {
    title: 'calls inactive to active rising on an active-low line',
    needs: ['drive', 'edges'],
    async run(rig) {
      const { events, put } = await listening(rig, 0, 'high', { activeLow: true });
      await put('low');
      await collect(rig, events, 1);
      assert.equal(events[0]?.edge, 'rising');
    },
  },
  {
    title: 'delivers only the edges that were selected',
    needs: ['drive', 'edges'],
    async run(rig) {
      for (const [index, edge] of (['rising', 'falling'] as const).entries()) {
        const { events, put } = await listening(rig, index, 'low', { edge });
        await put('high');
        await rig.pass(20);
        await put('low');
        await collect(rig, events, 1);
        assert.equal(events[0]?.edge, edge);
      }
    },
  },
  {
    title: 'delivers nothing from before the listener, though it counts it',
    needs: ['drive', 'edges'],
    async run(rig) {
      const address = lineOf(rig, 0);
      await rig.drive?.(address, 'low');
      const input = await rig.driver.input(address, CONSUMER);
      await rig.pass(5);
      await rig.drive?.(address, 'high');
      await rig.pass(50);
      const events: EdgeEvent[] = [];
      input.onEdge((event) => events.push(event));
      await rig.drive?.(address, 'low');
      await collect(rig, events, 1);
      assert.equal(events[0]?.edge, 'falling');
      assert.equal(events[0]?.sequence, 2);
    },
  },
  {
    title: 'serves several listeners and stops serving the one that left',
    needs: ['drive', 'edges'],
    async run(rig) {
      const address = lineOf(rig, 0);
      await rig.drive?.(address, 'low');
      const input = await rig.driver.input(address, CONSUMER);
      await rig.pass(5);
      const first: EdgeEvent[] = [];
      const second: EdgeEvent[] = [];
      const leave = input.onEdge((event) => first.push(event));
      input.onEdge((event) => second.push(event));
      await rig.drive?.(address, 'high');
      await collect(rig, second, 1);
      leave();
      leave();
      await rig.drive?.(address, 'low');
      await collect(rig, second, 2);
      assert.equal(first.length, 1);
    },
  },
  {
    title: 'keeps several inputs apart',
    needs: ['drive', 'edges'],
    async run(rig) {
      const inputs = [];
      for (const index of [0, 1, 2]) inputs.push(await listening(rig, index, 'low'));
      await inputs[1]?.put('high');
      await rig.pass(20);
      await inputs[2]?.put('high');
      await rig.pass(20);
      await inputs[2]?.put('low');
      for (const [index, count] of [0, 1, 2].entries())
        await collect(rig, inputs[index]?.events ?? [], count);
    },
  },
  {
    title: 'delivers nothing after the line was closed',
    needs: ['drive', 'edges'],
    async run(rig) {
      const address = lineOf(rig, 0);
      await rig.drive?.(address, 'low');
      const input = await rig.driver.input(address, CONSUMER);
      const events: EdgeEvent[] = [];
      input.onEdge((event) => events.push(event));
      await rig.pass(5);
      await input.close();
      await rig.drive?.(address, 'high');
      await rig.pass(50);
      assert.equal(events.length, 0);
    },
  },
  {
    title: 'lets a bouncing contact through once, with debounce',
    needs: ['drive', 'edges'],
    async run(rig) {
      const debounceMs = debounceOf(rig);
      const { events, put, read } = await listening(rig, 0, 'low', { debounceMs });
      for (const level of ['high', 'low', 'high', 'low', 'high'] as const) await put(level);
      await rig.pass(debounceMs * 1.5);
      await collect(rig, events, 1);
      assert.equal(events[0]?.edge, 'rising');
      assert.equal(await read(), 'active');
      await put('low');
      await rig.pass(debounceMs * 1.5);
      await collect(rig, events, 2);
      assert.equal(events[1]?.edge, 'falling');
      assert.equal(events[1]?.sequence, 2);
    },
  },
  {
    title: 'drops a pulse that is shorter than the debounce time',
    needs: ['drive', 'edges'],
    async run(rig) {
      const debounceMs = debounceOf(rig);
      const { events, put } = await listening(rig, 0, 'low', { debounceMs });
      await put('high');
      await put('low');
      await rig.pass(debounceMs * 2);
      assert.deepEqual(events, []);
    },
  },
];
