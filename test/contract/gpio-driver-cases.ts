/**
 * What every GPIO driver must do, as a table that needs no test runner: vitest runs it through `gpio-driver.ts`, a plain
 * script can run it on a machine that has only Node. Levels are electrical, values logical.
 */
import assert from 'node:assert/strict';
import {
  type EdgeEvent,
  type GpioDriver,
  HalError,
  type HalErrorCode,
  type InputSettings,
  type LineAddress,
  type LineInfo,
} from '../../hal/index.js';

export type Level = 'high' | 'low';

/** A started driver and the bench around it, new for each case. */
export interface GpioRig {
  readonly driver: GpioDriver;
  /** At least three lines that nobody holds, whose names stand in `lines()`. */
  readonly free: readonly LineAddress[];
  /** Lets time pass, in ms; what happens in it has been delivered when it resolves. */
  pass(ms: number): Promise<void>;
  /** Puts a level on a free line from outside; undefined lets it float. */
  drive?(line: LineAddress, level: Level | undefined): Promise<void>;
  /** The longest time in ms that one {@link drive} takes; default 10. Bounces are made of drives. */
  readonly driveMs?: number;
  /** The level of a line, seen from outside. */
  observe?(line: LineAddress): Promise<Level>;
  /** Stops the driver if the case did not, and whatever else is there. */
  close(): Promise<void>;
}

export type Need =
  | 'drive'
  | 'observe'
  | 'bias'
  | 'no bias'
  | 'drive mode'
  | 'no drive mode'
  | 'edges'
  | 'pwm'
  | 'no pwm'
  | 'servo'
  | 'no servo'
  | 'pulse capture'
  | 'no pulse capture';

export interface GpioCase {
  readonly title: string;
  readonly needs: readonly Need[];
  run(rig: GpioRig): Promise<void>;
}

/** Why a case cannot run on this rig, or undefined when it can. */
export function unmet(rig: GpioRig, needs: readonly Need[]): string | undefined {
  const { capabilities, name } = rig.driver;
  const met: Readonly<Record<Need, boolean>> = {
    drive: rig.drive !== undefined,
    observe: rig.observe !== undefined,
    bias: capabilities.bias,
    'no bias': !capabilities.bias,
    'drive mode': capabilities.drive,
    'no drive mode': !capabilities.drive,
    edges: capabilities.edges,
    pwm: capabilities.pwm,
    'no pwm': !capabilities.pwm,
    servo: capabilities.servo,
    'no servo': !capabilities.servo,
    'pulse capture': capabilities.pulseCapture,
    'no pulse capture': !capabilities.pulseCapture,
  };
  const reasons = needs
    .filter((need) => !met[need])
    .map((need) => {
      if (need === 'drive') return 'lines cannot be driven from outside here';
      if (need === 'observe') return 'lines cannot be observed from outside here';
      return need.startsWith('no ') ? `${name} has ${need.slice(3)}` : `${name} has no ${need}`;
    });
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

const CONSUMER = 'contract';

async function rejects(work: Promise<unknown>, code: HalErrorCode, words?: RegExp): Promise<void> {
  let error: unknown;
  try {
    await work;
  } catch (caught) {
    error = caught;
  }
  assert.ok(error instanceof HalError, `expected ${code}, got ${error}`);
  assert.equal(error.code, code, error.message);
  if (words !== undefined) assert.match(error.message, words);
}

function lineOf(rig: GpioRig, index: number): LineAddress {
  const line = rig.free[index];
  assert.ok(line !== undefined, `the rig has no free line ${index}`);
  return line;
}

async function listed(rig: GpioRig, address: LineAddress): Promise<LineInfo> {
  const { chip, offset } = await rig.driver.resolve(address);
  const found = (await rig.driver.lines()).find((each) => each.chip === chip && each.offset === offset);
  assert.ok(found !== undefined, `${chip}:${offset} is not listed`);
  return found;
}

/** Waits until as many edges came, then a little longer for those that should not. */
async function collect(rig: GpioRig, events: readonly EdgeEvent[], count: number): Promise<void> {
  for (let waited = 0; events.length < count && waited < 2_000; waited += 5) await rig.pass(5);
  await rig.pass(20);
  assert.equal(
    events.length,
    count,
    `${events.length} edges came: ${events.map((each) => each.edge).join(', ')}`,
  );
}

/** An input whose line rests at a level, and the edges that it delivers. */
async function listening(
  rig: GpioRig,
  index: number,
  rest: Level,
  settings: InputSettings = {},
): Promise<{ events: EdgeEvent[]; put: (level: Level) => Promise<void>; read: () => Promise<string> }> {
  const address = lineOf(rig, index);
  await rig.drive?.(address, rest);
  const input = await rig.driver.input(address, CONSUMER, settings);
  await rig.pass(5);
  const events: EdgeEvent[] = [];
  input.onEdge((event) => events.push(event));
  return { events, put: async (level) => rig.drive?.(address, level), read: () => input.read() };
}

const ADDRESSES: readonly GpioCase[] = [
  {
    title: 'lists its chips and their lines',
    needs: [],
    async run(rig) {
      const chips = await rig.driver.chips();
      const lines = await rig.driver.lines();
      assert.ok(chips.length > 0);
      for (const chip of chips) {
        assert.equal(lines.filter((line) => line.chip === chip.label).length, chip.lines, chip.label);
      }
      for (const address of rig.free) assert.equal((await listed(rig, address)).consumer, undefined);
    },
  },
  {
    title: 'finds the same line by name and by chip and offset',
    needs: [],
    async run(rig) {
      const found = await rig.driver.resolve(lineOf(rig, 0));
      assert.deepEqual(await rig.driver.resolve({ chip: found.chip, offset: found.offset }), found);
      if (found.name !== '') assert.deepEqual(await rig.driver.resolve(found.name), found);
    },
  },
  {
    title: 'rejects a line that no chip has with HAL_LINE_UNKNOWN, by name, chip or offset',
    needs: [],
    async run(rig) {
      const { chip } = await rig.driver.resolve(lineOf(rig, 0));
      await rejects(rig.driver.resolve('NO_SUCH_LINE'), 'HAL_LINE_UNKNOWN', /NO_SUCH_LINE/);
      await rejects(rig.driver.resolve({ chip, offset: 4_000 }), 'HAL_LINE_UNKNOWN', /4000/);
      await rejects(
        rig.driver.resolve({ chip: 'no-such-chip', offset: 0 }),
        'HAL_LINE_UNKNOWN',
        /no-such-chip/,
      );
      await rejects(rig.driver.output('NO_SUCH_LINE', CONSUMER, { initial: 'inactive' }), 'HAL_LINE_UNKNOWN');
    },
  },
  {
    title: 'rejects an address of no known form with HAL_ARGUMENT',
    needs: [],
    async run(rig) {
      await rejects(rig.driver.resolve('J8:1'), 'HAL_ARGUMENT', /carries no GPIO/);
      await rejects(rig.driver.resolve('17 or so'), 'HAL_ARGUMENT');
      await rejects(rig.driver.input('17 or so', CONSUMER), 'HAL_ARGUMENT');
    },
  },
  {
    title: 'names the holder of a line, in the list and to whoever wants it too',
    needs: [],
    async run(rig) {
      const address = lineOf(rig, 0);
      const line = await rig.driver.output(address, 'front lamp', { initial: 'inactive' });
      const info = await listed(rig, address);
      assert.equal(info.direction, 'output');
      assert.equal(info.consumer, 'front lamp');
      await rejects(rig.driver.input(address, CONSUMER), 'HAL_LINE_BUSY', /front lamp/);
      await rejects(
        rig.driver.output(address, CONSUMER, { initial: 'active' }),
        'HAL_LINE_BUSY',
        /front lamp/,
      );
      await line.close();
      assert.equal((await listed(rig, address)).consumer, undefined);
      await (await rig.driver.input(address, CONSUMER)).close();
    },
  },
  {
    title: 'keeps 31 bytes of a long consumer',
    needs: [],
    async run(rig) {
      const address = lineOf(rig, 0);
      const line = await rig.driver.output(address, 'a consumer whose name is longer than the kernel keeps', {
        initial: 'inactive',
      });
      assert.equal((await listed(rig, address)).consumer, 'a consumer whose name is longer');
      await line.close();
    },
  },
];

const OUTPUTS: readonly GpioCase[] = [
  {
    title: 'reads back the initial value and each value written',
    needs: [],
    async run(rig) {
      for (const activeLow of [false, true]) {
        for (const initial of ['active', 'inactive'] as const) {
          const line = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial, activeLow });
          assert.equal(await line.read(), initial);
          for (const value of ['active', 'active', 'inactive', 'active'] as const) {
            await line.write(value);
            assert.equal(await line.read(), value);
          }
          await line.close();
        }
      }
    },
  },
  {
    title: 'puts the level on the line that value and polarity ask for',
    needs: ['observe'],
    async run(rig) {
      const address = lineOf(rig, 0);
      for (const activeLow of [false, true]) {
        const line = await rig.driver.output(address, CONSUMER, { initial: 'active', activeLow });
        assert.equal(await rig.observe?.(address), activeLow ? 'low' : 'high');
        await line.write('inactive');
        assert.equal(await rig.observe?.(address), activeLow ? 'high' : 'low');
        await line.close();
      }
    },
  },
  {
    title: 'leaves the safe value on the line when it is closed, inactive by default',
    needs: ['observe'],
    async run(rig) {
      const address = lineOf(rig, 0);
      const plain = await rig.driver.output(address, CONSUMER, { initial: 'active' });
      await plain.close();
      assert.equal(await rig.observe?.(address), 'low');
      const red = await rig.driver.output(address, CONSUMER, { initial: 'inactive', safe: 'active' });
      await red.close();
      assert.equal(await rig.observe?.(address), 'high');
      const relay = await rig.driver.output(address, CONSUMER, { initial: 'active', activeLow: true });
      await relay.close();
      assert.equal(await rig.observe?.(address), 'high');
    },
  },
  {
    title: 'gives every line its safe value when the driver stops',
    needs: ['observe'],
    async run(rig) {
      const [a, b] = [lineOf(rig, 0), lineOf(rig, 1)];
      await rig.driver.output(a, CONSUMER, { initial: 'active' });
      await rig.driver.output(b, CONSUMER, { initial: 'inactive', safe: 'active' });
      await rig.driver.stop();
      assert.equal(await rig.observe?.(a), 'low');
      assert.equal(await rig.observe?.(b), 'high');
    },
  },
  {
    title: 'writes in call order, also when nobody waits',
    needs: [],
    async run(rig) {
      const line = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive' });
      for (const last of ['active', 'inactive'] as const) {
        const writes = Array.from({ length: 41 }, (_, index) =>
          line.write(index % 2 === 0 ? last : last === 'active' ? 'inactive' : 'active'),
        );
        await Promise.all(writes);
        assert.equal(await line.read(), last);
      }
      await line.close();
    },
  },
  {
    title: 'refuses a drive mode that it does not have, and names the setting',
    needs: ['no drive mode'],
    async run(rig) {
      await rejects(
        rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive', drive: 'open-drain' }),
        'HAL_UNSUPPORTED',
        /open-drain|drive/,
      );
      assert.equal((await listed(rig, lineOf(rig, 0))).consumer, undefined);
    },
  },
];

const INPUTS: readonly GpioCase[] = [
  {
    title: 'reads what is on the line, after polarity',
    needs: ['drive'],
    async run(rig) {
      const address = lineOf(rig, 0);
      for (const activeLow of [false, true]) {
        const line = await rig.driver.input(address, CONSUMER, { activeLow });
        for (const level of ['high', 'low', 'high'] as const) {
          await rig.drive?.(address, level);
          assert.equal(await line.read(), (level === 'high') !== activeLow ? 'active' : 'inactive');
        }
        await line.close();
      }
    },
  },
  {
    title: 'pulls a floating line as its bias says',
    needs: ['drive', 'bias'],
    async run(rig) {
      const address = lineOf(rig, 0);
      await rig.drive?.(address, undefined);
      for (const [bias, value] of [
        ['pull-up', 'active'],
        ['pull-down', 'inactive'],
        ['pull-up', 'active'],
      ] as const) {
        const line = await rig.driver.input(address, CONSUMER, { bias });
        assert.equal(await line.read(), value, bias);
        await line.close();
      }
    },
  },
  {
    title: 'refuses a bias that it does not have, and names the setting',
    needs: ['no bias'],
    async run(rig) {
      await rejects(
        rig.driver.input(lineOf(rig, 0), CONSUMER, { bias: 'pull-up' }),
        'HAL_UNSUPPORTED',
        /pull-up|bias/,
      );
      assert.equal((await listed(rig, lineOf(rig, 0))).consumer, undefined);
    },
  },
  {
    title: 'rejects a debounce time that is none with HAL_ARGUMENT',
    needs: [],
    async run(rig) {
      for (const debounceMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
        await rejects(rig.driver.input(lineOf(rig, 0), CONSUMER, { debounceMs }), 'HAL_ARGUMENT');
      }
    },
  },
];

const EDGES: readonly GpioCase[] = [
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

/** Long enough that two drives in a row are a bounce on this rig. */
function debounceOf(rig: GpioRig): number {
  return Math.max(200, (rig.driveMs ?? 10) * 5);
}

const ENDS: readonly GpioCase[] = [
  {
    title: 'rejects every use of a closed line with HAL_CLOSED, and closes twice without complaint',
    needs: [],
    async run(rig) {
      const output = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive' });
      const input = await rig.driver.input(lineOf(rig, 1), CONSUMER);
      await output.close();
      await output[Symbol.asyncDispose]();
      await input[Symbol.asyncDispose]();
      await input.close();
      await rejects(output.write('active'), 'HAL_CLOSED');
      await rejects(output.read(), 'HAL_CLOSED');
      await rejects(input.read(), 'HAL_CLOSED');
    },
  },
  {
    title: 'closes its lines and refuses new ones after stop, twice without complaint',
    needs: [],
    async run(rig) {
      const output = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive' });
      const input = await rig.driver.input(lineOf(rig, 1), CONSUMER, { debounceMs: 5 });
      await rig.driver.stop();
      await rig.driver.stop();
      await rejects(output.write('active'), 'HAL_CLOSED');
      await rejects(input.read(), 'HAL_CLOSED');
      await rejects(rig.driver.input(lineOf(rig, 1), CONSUMER), 'HAL_CLOSED');
      await output.close();
      await input.close();
    },
  },
  {
    title: 'starts again after stop, with its lines free',
    needs: [],
    async run(rig) {
      await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive' });
      await rig.driver.stop();
      await rig.driver.start(new AbortController().signal);
      const line = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'active' });
      assert.equal(await line.read(), 'active');
    },
  },
];

const EXTRAS: readonly GpioCase[] = [
  {
    title: 'takes duties within 0..1 and no others',
    needs: ['pwm'],
    async run(rig) {
      const line = await rig.driver.pwm(lineOf(rig, 0), CONSUMER, { frequencyHz: 1_000, duty: 0 });
      for (const duty of [0, 0.25, 1]) await line.setDuty(duty);
      for (const duty of [-0.1, 1.1, Number.NaN]) await rejects(line.setDuty(duty), 'HAL_ARGUMENT');
      await line.close();
      await rejects(line.setDuty(0.5), 'HAL_CLOSED');
      await rejects(rig.driver.pwm(lineOf(rig, 0), CONSUMER, { frequencyHz: 0, duty: 0 }), 'HAL_ARGUMENT');
    },
  },
  {
    title: 'says that it has no PWM',
    needs: ['no pwm'],
    run: (rig) =>
      rejects(rig.driver.pwm(lineOf(rig, 0), CONSUMER, { frequencyHz: 1_000, duty: 0 }), 'HAL_UNSUPPORTED'),
  },
  {
    title: 'takes pulse widths of 500..2500 µs and 0, and no others',
    needs: ['servo'],
    async run(rig) {
      const line = await rig.driver.servo(lineOf(rig, 0), CONSUMER);
      for (const us of [500, 1_500, 2_500, 0]) await line.setPulseWidth(us);
      for (const us of [1, 499, 2_501, -1, Number.NaN]) await rejects(line.setPulseWidth(us), 'HAL_ARGUMENT');
      await line.close();
      await rejects(line.setPulseWidth(1_500), 'HAL_CLOSED');
    },
  },
  {
    title: 'says that it drives no servo',
    needs: ['no servo'],
    run: (rig) => rejects(rig.driver.servo(lineOf(rig, 0), CONSUMER), 'HAL_UNSUPPORTED'),
  },
  {
    title: 'captures no more edges than asked for, in order, and lets the line go',
    needs: ['pulse capture'],
    async run(rig) {
      const address = lineOf(rig, 0);
      const request = {
        consumer: CONSUMER,
        driveMs: 2,
        edge: 'both',
        bias: 'as-is',
        count: 4,
        timeoutMs: 20,
      } as const;
      assert.ok(rig.driver.pulses !== undefined);
      let done = false;
      const work = rig.driver.pulses.capture(address, request).finally(() => {
        done = true;
      });
      for (let waited = 0; !done && waited < 2_000; waited += 5) await rig.pass(5);
      const edges = await work;
      assert.ok(edges.length <= 4);
      assert.equal((await listed(rig, address)).consumer, undefined);
      for (const count of [0, 1_025, 1.5]) {
        await rejects(rig.driver.pulses.capture(address, { ...request, count }), 'HAL_ARGUMENT');
      }
    },
  },
  {
    title: 'has no pulse capture and says so',
    needs: ['no pulse capture'],
    async run(rig) {
      assert.equal(rig.driver.pulses, undefined);
    },
  },
];

export const GPIO_CASES: readonly GpioCase[] = [
  ...ADDRESSES,
  ...OUTPUTS,
  ...INPUTS,
  ...EDGES,
  ...ENDS,
  ...EXTRAS,
];
