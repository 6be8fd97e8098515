import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MockBoard, MockDriver } from '../../hal/drivers/mock/index.js';
import { type EdgeEvent, type InputLine, SILENT, VirtualClock } from '../../hal/index.js';
import { debounced, tracedInput, tracedOutput } from '../../hal/lines/index.js';

interface Bench {
  readonly clock: VirtualClock;
  readonly board: MockBoard;
  readonly raw: InputLine;
  readonly gpio: MockDriver;
}

async function bench(): Promise<Bench> {
  const clock = new VirtualClock();
  const board = new MockBoard({ clock, historyLimit: 4096 });
  const gpio = new MockDriver(board);
  await gpio.start(new AbortController().signal);
  const raw = await gpio.input('GPIO17', 'test', { bias: 'pull-down' });
  return { clock, board, raw, gpio };
}

describe('debounced', () => {
  it('logs a listener that fails, and still tells the others', async () => {
    const { clock, board, raw } = await bench();
    const logged: string[] = [];
    const log = { ...SILENT, error: (_fields: object, message: string) => void logged.push(message) };
    const line = debounced(raw, { clock, log, periodMs: 20 });
    line.onEdge(() => {
      throw new Error('of its own');
    });
    const heard: string[] = [];
    line.onEdge(({ edge }) => heard.push(edge));
    board.drive('GPIO17', 'high');
    await clock.advance(21);
    expect(heard).toEqual(['rising']);
    expect(logged).toEqual(['a listener of this line failed']);
  });

  it('delivers an edge when the line was stable, with the time of the last raw edge', async () => {
    const { clock, board, raw } = await bench();
    const line = debounced(raw, { clock, log: SILENT, periodMs: 20 });
    const events: EdgeEvent[] = [];
    line.onEdge((event) => events.push(event));
    board.button('GPIO17', { to: 'high', bounces: 3, bounceMs: 6 }).press();
    await clock.advance(25);
    expect(events).toEqual([]);
    expect(await line.read()).toBe('inactive');
    await clock.advance(1);
    expect(events).toEqual([{ edge: 'rising', timestampNs: 6_000_000n, sequence: 1 }]);
    expect(await line.read()).toBe('active');
  });

  it('reads the line again when raw edges were lost, and leaves out a number', async () => {
    const { clock, board, raw } = await bench();
    const line = debounced(raw, { clock, log: SILENT, periodMs: 20 });
    const events: EdgeEvent[] = [];
    line.onEdge((event) => events.push(event));
    const step = async (level: 'high' | 'low', lost = false): Promise<void> => {
      if (lost) board.fail('GPIO17', 'edge');
      board.drive('GPIO17', level);
      await clock.advance(1);
    };
    await step('high');
    await clock.advance(50);
    await step('low');
    await step('high', true);
    await step('low');
    await step('high', true);
    await step('low');
    await clock.advance(50);
    expect(events.map((event) => [event.edge, event.sequence])).toEqual([
      ['rising', 1],
      ['falling', 4],
    ]);
    expect(await line.read()).toBe('inactive');
  });

  it('passes errors on and closes the raw line with no timer left', async () => {
    const { clock, board, raw } = await bench();
    const line = debounced(raw, { clock, log: SILENT, periodMs: 20 });
    const errors: Error[] = [];
    line.onError((error) => errors.push(error));
    board.drive('GPIO17', 'high');
    await clock.advance(1);
    board.remove('GPIO17');
    await clock.advance(1);
    expect(errors.map((error) => error.message)).toEqual(['GPIO17 is gone: its chip was removed']);
    await line.close();
    await line.close();
    expect(clock.pending).toBe(0);
    expect(board.line('GPIO17').consumer).toBeUndefined();
  });

  it('alternates, ends at the level of the line, and keeps its period between edges, whatever comes in', async () => {
    const move = fc.record({ high: fc.boolean(), ms: fc.integer({ min: 0, max: 60 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 60 }), async (moves) => {
        const { clock, board, raw } = await bench();
        const line = debounced(raw, { clock, log: SILENT, periodMs: 20 });
        const events: EdgeEvent[] = [];
        const seenAt: bigint[] = [];
        line.onEdge((event) => {
          events.push(event);
          seenAt.push(clock.monotonicNs());
        });
        for (const { high, ms } of moves) {
          board.drive('GPIO17', high ? 'high' : 'low');
          await clock.advance(ms);
        }
        await clock.advance(20);
        expect(events.map((event) => event.edge)).toEqual(
          events.map((_, index) => (index % 2 === 0 ? 'rising' : 'falling')),
        );
        expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1));
        expect(events.length % 2 === 1).toBe(board.line('GPIO17').level === 'high');
        for (const [index, at] of seenAt.entries()) {
          const before = seenAt[index - 1];
          if (before !== undefined) expect(at - before).toBeGreaterThanOrEqual(20_000_000n);
        }
        await line.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('traced', () => {
  it('is the same line, with a debug line for what happens', async () => {
    const { clock, board, raw, gpio } = await bench();
    const messages: [object, string][] = [];
    const log = { ...SILENT, debug: (fields: object, message: string) => messages.push([fields, message]) };
    const input = tracedInput(raw, log);
    const output = tracedOutput(await gpio.output('GPIO27', 'test', { initial: 'inactive' }), log);
    const edges: string[] = [];
    input.onEdge((event) => edges.push(event.edge));
    board.connect('GPIO27', 'GPIO17');
    await output.write('active');
    await clock.advance(0);
    expect(await input.read()).toBe('active');
    expect(await output.read()).toBe('active');
    expect(edges).toEqual(['rising']);
    await input.close();
    await output.close();
    expect(board.line('GPIO27').consumer).toBeUndefined();
    expect(messages).toEqual([
      [{ line: 'GPIO17', edge: 'rising', sequence: 1, timestampNs: '0' }, 'GPIO17 has a rising edge'],
      [{ line: 'GPIO27', value: 'active' }, 'GPIO27 is active'],
      [{ line: 'GPIO17' }, 'GPIO17 is let go'],
      [{ line: 'GPIO27' }, 'GPIO27 is let go'],
    ]);
  });
});
