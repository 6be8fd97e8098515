import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BoardLine, MockBoard, MockDriver, overlaps } from '../../../hal/drivers/mock/index.js';
import { type EdgeEvent, VirtualClock } from '../../../hal/index.js';

interface Bench {
  readonly clock: VirtualClock;
  readonly board: MockBoard;
  readonly gpio: MockDriver;
}

async function bench(historyLimit = 256): Promise<Bench> {
  const clock = new VirtualClock();
  const board = new MockBoard({ clock, historyLimit });
  const gpio = new MockDriver(board);
  await gpio.start(new AbortController().signal);
  return { clock, board, gpio };
}

describe('the board', () => {
  it('is a Pi: 54 lines, the header where it belongs, pulls as after reset', async () => {
    const { board, gpio } = await bench();
    expect(board.lines()).toHaveLength(54);
    expect(board.line('J8:11')).toMatchObject({ name: 'GPIO17', offset: 17, pin: 11, chip: 'mock-bcm2711' });
    expect(board.line('GPIO2').special).toContain('I2C');
    expect(board.line('STATUS_LED_G_CLK')).toMatchObject({ offset: 42, pin: undefined });
    expect(board.line('GPIO8').level).toBe('high');
    expect(board.line('GPIO9').level).toBe('low');
    const header = board.header();
    expect(header.map((pin) => pin.name)).toHaveLength(40);
    expect(header[0]).toEqual({ pin: 1, name: '3V3' });
    expect(header[10]).toEqual({ pin: 11, name: 'GPIO17' });
    for (const { pin, name } of header) if (name.startsWith('GPIO')) expect(board.line(name).pin).toBe(pin);
    expect(new Set(header.filter((pin) => pin.name.startsWith('GPIO')).map((pin) => pin.name)).size).toBe(28);
    expect(await gpio.resolve('GPIO17')).toEqual({ chip: 'mock-bcm2711', offset: 17, name: 'GPIO17' });
  });

  it('names the nearest lines for one it does not have', async () => {
    const { board } = await bench();
    expect(() => board.line('GPIO177')).toThrow('the nearest names are GPIO17, GPIO1, GPIO7');
  });

  it('keeps the pull of an input after it was let go, and an output at its safe value', async () => {
    const { board, gpio } = await bench();
    await (await gpio.input('GPIO20', 'x', { bias: 'pull-up' })).close();
    expect(board.line('GPIO20').level).toBe('high');
    await (await gpio.output('GPIO21', 'x', { initial: 'inactive', safe: 'active' })).close();
    expect(board.line('GPIO21')).toMatchObject({ level: 'high', consumer: undefined, direction: 'output' });
  });

  it('lets open-drain lines share a wire', async () => {
    const { board, gpio } = await bench();
    board.connect('GPIO17', 'GPIO27');
    const settings = { initial: 'active', drive: 'open-drain', bias: 'pull-up' } as const;
    const a = await gpio.output('GPIO17', 'a', settings);
    const b = await gpio.output('GPIO27', 'b', settings);
    expect(await a.read()).toBe('active');
    await b.write('inactive');
    expect(await a.read()).toBe('inactive');
    expect(board.line('GPIO17').conflict).toBe(false);
  });

  it('shows two outputs that fight on a wire', async () => {
    const { board, gpio } = await bench();
    await gpio.output('GPIO17', 'a', { initial: 'active' });
    await gpio.output('GPIO27', 'b', { initial: 'inactive' });
    const cut = board.connect('GPIO17', 'GPIO27');
    expect(board.line('GPIO17')).toMatchObject({ level: 'low', conflict: true });
    expect(board.wires()).toEqual([{ from: 'GPIO17', to: 'GPIO27' }]);
    cut();
    expect(board.line('GPIO17')).toMatchObject({ level: 'high', conflict: false });
    expect(board.wires()).toEqual([]);
  });

  it('has the wires it was made with', () => {
    const board = new MockBoard({ clock: new VirtualClock(), wires: [{ from: 'GPIO27', to: 'J8:11' }] });
    board.drive('GPIO17', 'high');
    expect(board.line('GPIO27').level).toBe('high');
    expect(board.wires()).toEqual([{ from: 'GPIO17', to: 'GPIO27' }]);
  });

  it('carries a level over several wires, and an edge to an input at their end', async () => {
    const { board, gpio, clock } = await bench();
    board.connect('GPIO5', 'GPIO6');
    board.connect('GPIO6', 'GPIO13');
    const input = await gpio.input('GPIO13', 'in');
    const edges: EdgeEvent[] = [];
    input.onEdge((event) => edges.push(event));
    await clock.advance(7);
    board.drive('GPIO5', 'low');
    board.drive('GPIO5', 'high');
    await clock.advance(0);
    expect(edges.map((event) => event.edge)).toEqual(['falling', 'rising']);
    expect(JSON.parse(JSON.stringify(board.line('GPIO13'))).lastEdge).toEqual({
      edge: 'rising',
      sequence: 2,
      atMs: 7,
    });
  });

  it('calls no listener from inside a write', async () => {
    const { board, gpio } = await bench();
    board.connect('GPIO17', 'GPIO27');
    const input = await gpio.input('GPIO27', 'in');
    const output = await gpio.output('GPIO17', 'out', { initial: 'inactive' });
    let called = 0;
    input.onEdge(() => called++);
    const written = output.write('active');
    expect(called).toBe(0);
    await written;
    await Promise.resolve();
    expect(called).toBe(1);
  });

  it('presses against the pull of the line', async () => {
    const { board, clock } = await bench();
    board.press('GPIO5', 50);
    expect(board.line('GPIO5').level).toBe('low');
    board.press('GPIO20', 50);
    expect(board.line('GPIO20').level).toBe('high');
    await clock.advance(50);
    expect(board.line('GPIO5').level).toBe('high');
    expect(board.line('GPIO20').level).toBe('low');
  });

  it('bounces as often as it is told', async () => {
    const { board, clock } = await bench();
    const contact = board.button('GPIO5', { bounces: 3, bounceMs: 6 });
    contact.press();
    expect(contact.pressed).toBe(true);
    await clock.advance(10);
    expect(board.history('GPIO5').map((entry) => entry.level)).toEqual([
      'low',
      'high',
      'low',
      'high',
      'low',
      'high',
      'low',
    ]);
  });

  it('tells its subscribers each change until they leave', async () => {
    const { board, gpio } = await bench();
    const seen: BoardLine[] = [];
    const leave = board.subscribe((line) => seen.push(line));
    const line = await gpio.output('GPIO17', 'lamp', { initial: 'active' });
    const pwm = await gpio.pwm('GPIO18', 'dim', { frequencyHz: 100, duty: 0 });
    await pwm.setDuty(0.5);
    const servo = await gpio.servo('GPIO12', 'arm');
    await servo.setPulseWidth(1_500);
    leave();
    await line.write('inactive');
    expect(
      seen.map((each) => [each.name, each.level, each.consumer, each.duty ?? each.pulseWidthUs]),
    ).toEqual([
      ['GPIO17', 'high', 'lamp', undefined],
      ['GPIO18', 'low', 'dim', 0],
      ['GPIO18', 'high', 'dim', 0.5],
      ['GPIO12', 'low', 'arm', 0],
      ['GPIO12', 'low', 'arm', 1_500],
    ]);
  });

  it('stops outputs that end inactive before those that end active', async () => {
    const { board, gpio } = await bench();
    await gpio.output('GPIO17', 'red', { initial: 'inactive', safe: 'active' });
    await gpio.output('GPIO22', 'green', { initial: 'active' });
    await gpio.stop();
    expect(board.line('GPIO17').value).toBe('active');
    expect(overlaps(board.journal(), ['GPIO17', 'GPIO22'])).toEqual([]);
  });
});

describe('history', () => {
  it('keeps the latest changes only, in order', async () => {
    const { board, gpio } = await bench(4);
    const line = await gpio.output('GPIO17', 'lamp', { initial: 'inactive' });
    for (let turn = 0; turn < 5; turn++) {
      await line.write('active');
      await line.write('inactive');
    }
    const history = board.history('GPIO17');
    expect(history.map((entry) => entry.value)).toEqual(['active', 'inactive', 'active', 'inactive']);
    expect(history.map((entry) => entry.ordinal)).toEqual([8, 9, 10, 11]);
  });

  it('finds two lamps that were lit together, and only driven ones', async () => {
    const { board, gpio, clock } = await bench();
    const red = await gpio.output('GPIO17', 'light', { initial: 'active' });
    const green = await gpio.output('GPIO22', 'light', { initial: 'inactive' });
    board.drive('GPIO27', 'high');
    await clock.advance(5);
    await green.write('active');
    await red.write('inactive');
    expect(overlaps(board.journal(), ['GPIO17', 'GPIO22', 'GPIO27'])).toEqual([
      { atNs: 5_000_000n, lines: ['GPIO17', 'GPIO22'] },
    ]);
  });
});

describe('faults', () => {
  it('fail an operation as often as told, with the error given', async () => {
    const { board, gpio } = await bench();
    const line = await gpio.output('GPIO17', 'lamp', { initial: 'inactive' });
    board.fail('GPIO17', 'write', { times: 2 });
    board.fail('GPIO17', 'read', { error: new Error('odd') });
    await expect(line.write('active')).rejects.toMatchObject({ code: 'HAL_IO' });
    await expect(line.write('active')).rejects.toThrow('injected fault');
    expect(board.line('GPIO17').value).toBe('inactive');
    await line.write('active');
    await expect(line.read()).rejects.toThrow('odd');
    expect(await line.read()).toBe('active');
    board.fail('GPIO27', 'request', { times: Number.POSITIVE_INFINITY });
    await expect(gpio.input('GPIO27', 'x')).rejects.toMatchObject({ code: 'HAL_IO' });
    board.clearFaults();
    await gpio.input('GPIO27', 'x');
  });

  it('lose an edge and leave a gap in the sequence', async () => {
    const { board, gpio, clock } = await bench();
    const line = await gpio.input('GPIO17', 'x');
    const events: EdgeEvent[] = [];
    line.onEdge((event) => events.push(event));
    board.drive('GPIO17', 'high');
    board.fail('GPIO17', 'edge');
    board.drive('GPIO17', 'low');
    board.drive('GPIO17', 'high');
    await clock.advance(0);
    expect(events.map((event) => event.sequence)).toEqual([1, 3]);
  });

  it('take a line away from its holder, who is told, and bring it back', async () => {
    const { board, gpio, clock } = await bench();
    const input = await gpio.input('GPIO17', 'x');
    const output = await gpio.output('GPIO27', 'x', { initial: 'active' });
    const errors: Error[] = [];
    input.onError((error) => errors.push(error));
    board.remove('GPIO17');
    board.remove('GPIO27');
    await clock.advance(0);
    expect(errors).toMatchObject([{ code: 'HAL_IO' }]);
    await expect(input.read()).rejects.toMatchObject({ code: 'HAL_IO' });
    await expect(output.write('active')).rejects.toMatchObject({ code: 'HAL_IO' });
    expect(board.line('GPIO27')).toMatchObject({ gone: true, level: 'low' });
    await input.close();
    await output.close();
    board.restore('GPIO17');
    await gpio.input('GPIO17', 'x');
  });

  it('hold a line in the name of another', async () => {
    const { board, gpio } = await bench();
    const release = board.hold('GPIO4', 'w1');
    await expect(gpio.input('GPIO4', 'dht')).rejects.toMatchObject({
      code: 'HAL_LINE_BUSY',
      message: 'GPIO4 is held by "w1"',
    });
    release();
    const line = await gpio.input('GPIO4', 'dht');
    release();
    expect(board.line('GPIO4').consumer).toBe('dht');
    await line.close();
  });
});

describe('pulse capture', () => {
  const request = {
    consumer: 'dht',
    driveMs: 18,
    edge: 'both',
    bias: 'pull-up',
    count: 4,
    timeoutMs: 10,
  } as const;

  it('answers with the edges of the device on the line, timed from the release', async () => {
    const { board, gpio, clock } = await bench();
    const detach = board.attachPulses('GPIO4', (line, asked) => {
      expect(line.name).toBe('GPIO4');
      expect(asked.driveMs).toBe(18);
      return [
        { level: 'high', us: 30 },
        { level: 'low', us: 80 },
        { level: 'high', us: 80 },
        { level: 'low', us: 50 },
        { level: 'high', us: 26 },
      ];
    });
    const work = gpio.pulses.capture('GPIO4', request);
    await clock.advance(10);
    expect(board.line('GPIO4')).toMatchObject({ level: 'low', consumer: 'dht' });
    await clock.advance(20);
    expect(await work).toEqual([
      { edge: 'rising', timestampNs: 18_000_000n, sequence: 1 },
      { edge: 'falling', timestampNs: 18_030_000n, sequence: 2 },
      { edge: 'rising', timestampNs: 18_110_000n, sequence: 3 },
      { edge: 'falling', timestampNs: 18_190_000n, sequence: 4 },
    ]);
    expect(board.line('GPIO4')).toMatchObject({ level: 'high', consumer: undefined });
    detach();
    const nothing = gpio.pulses.capture('GPIO4', request);
    await clock.advance(28);
    expect((await nothing).map((event) => event.edge)).toEqual(['rising']);
  });
});

describe('levels', () => {
  it('follow their rule, and values their polarity, after any sequence of events', async () => {
    const lines = ['GPIO5', 'GPIO17', 'GPIO22'];
    const event = fc.record({
      line: fc.constantFrom(...lines),
      other: fc.constantFrom(...lines),
      kind: fc.constantFrom('drive', 'wire', 'cut', 'output', 'input', 'write', 'close'),
      level: fc.constantFrom('high' as const, 'low' as const, undefined),
      activeLow: fc.boolean(),
      bias: fc.constantFrom('as-is' as const, 'pull-up' as const, 'pull-down' as const, 'disabled' as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const { board, gpio } = await bench();
        const held = new Map<
          string,
          { close(): Promise<void>; write?: (value: 'active' | 'inactive') => Promise<void> }
        >();
        const cuts: (() => void)[] = [];
        for (const { line, other, kind, level, activeLow, bias } of events) {
          const value = level === 'high' ? 'active' : 'inactive';
          if (kind === 'drive') board.drive(line, level);
          else if (kind === 'wire' && line !== other) cuts.push(board.connect(line, other));
          else if (kind === 'cut') cuts.pop()?.();
          else if (kind === 'output' && !held.has(line)) {
            const output = await gpio.output(line, 'x', { initial: value, activeLow, bias });
            held.set(line, { close: () => output.close(), write: (next) => output.write(next) });
          } else if (kind === 'input' && !held.has(line))
            held.set(line, await gpio.input(line, 'x', { activeLow, bias }));
          else if (kind === 'write') await held.get(line)?.write?.(value);
          else if (kind === 'close') {
            await held.get(line)?.close();
            held.delete(line);
          }
        }
        for (const name of lines) {
          const line = board.line(name);
          expect(line.value).toBe((line.level === 'high') !== line.activeLow ? 'active' : 'inactive');
          if (line.external !== undefined && board.wires().length === 0)
            expect(line.level).toBe(line.external);
          expect(board.history(name).at(-1)?.level ?? line.level).toBe(line.level);
        }
        for (const { from, to } of board.wires()) {
          expect(board.line(from).conflict).toBe(board.line(to).conflict);
        }
      }),
      { numRuns: 100 },
    );
  });
});
