import { describe, expect, it } from 'vitest';
import { distance } from '../../devices/distance.js';
import { MockBoard, MockDriver } from '../../hal/drivers/mock/index.js';
import { type JsonObject, VirtualClock } from '../../hal/index.js';
import { openDistanceSensor } from '../../hal/sensors/index.js';
import { makeRole, type RoleRig } from './rig.js';

const LINES = { trigger: 'GPIO20', echo: 'GPIO21' };
const NEVER = new AbortController().signal;
/** Of an HC-SR04, by its data sheet. */
const US_PER_CM = 58.3;

/** What an HC-SR04 does on its two lines: it waits a while after the trigger fell, then answers. */
function ultrasonic(board: MockBoard, clock: VirtualClock, cm: () => number | 'deaf' | 'stuck'): void {
  let high = false;
  board.drive(LINES.echo, 'low');
  board.subscribe((line) => {
    if (line.name !== LINES.trigger) return;
    const fell = high && line.level === 'low';
    high = line.level === 'high';
    const far = cm();
    if (!fell || far === 'deaf') return;
    clock.after(0.5, () => board.drive(LINES.echo, 'high'));
    if (far !== 'stuck') clock.after(0.5 + (far * US_PER_CM) / 1e3, () => board.drive(LINES.echo, 'low'));
  });
}

async function makeSensor(cm: () => number | 'deaf' | 'stuck') {
  const clock = new VirtualClock();
  const board = new MockBoard({ clock });
  const gpio = new MockDriver(board);
  await gpio.start(NEVER);
  ultrasonic(board, clock, cm);
  const sensor = await openDistanceSensor({ ...LINES, method: 'edges', consumer: 'Gate' }, { gpio, clock });
  const measure = async (signal = NEVER) => {
    const measured = sensor.measure(signal);
    measured.catch(() => {});
    await clock.advance(200);
    return measured;
  };
  return { sensor, measure, board, clock };
}

describe('an ultrasonic sensor, by the edges of its echo', () => {
  it.each([2, 33.3, 150, 399])('measures %d cm', async (cm) => {
    const { measure } = await makeSensor(() => cm);
    expect((await measure()).distanceCm).toBeCloseTo(cm, 0);
  });

  it('tells that nothing is within reach', async () => {
    const { measure } = await makeSensor(() => 650);
    expect((await measure()).distanceCm).toBeUndefined();
  });

  it.each([
    ['deaf', /no echo; are the lines right/],
    ['stuck', /the echo did not end/],
  ] as const)('says in words when it is %s, and measures again after it', async (how, message) => {
    let now: number | 'deaf' | 'stuck' = how;
    const { measure, board } = await makeSensor(() => now);
    await expect(measure()).rejects.toMatchObject({
      code: 'HAL_SENSOR',
      message: expect.stringMatching(message),
    });
    expect(board.line(LINES.trigger).value).toBe('inactive');
    now = 50;
    board.drive(LINES.echo, 'low');
    expect((await measure()).distanceCm).toBeCloseTo(50, 0);
  });

  it('lets go of both lines, and of a measurement that is given up', async () => {
    const { sensor, board, clock } = await makeSensor(() => 'deaf');
    const gone = new AbortController();
    const measured = sensor.measure(gone.signal);
    measured.catch(() => {});
    await clock.advance(5);
    gone.abort(new Error('given up'));
    await clock.advance(1);
    await expect(measured).rejects.toThrow('given up');
    await sensor.close();
    for (const line of Object.values(LINES)) expect(board.line(line).consumer).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('needs a driver that tells when an edge came', async () => {
    const clock = new VirtualClock();
    const gpio = new MockDriver(new MockBoard({ clock }));
    await gpio.start(NEVER);
    const coarse = Object.assign(Object.create(gpio), {
      name: 'onoff',
      capabilities: { ...gpio.capabilities, simulated: false, timestamps: 'callback' },
    }) as MockDriver;
    await expect(
      openDistanceSensor({ ...LINES, consumer: 'Gate' }, { gpio: coarse, clock }),
    ).rejects.toMatchObject({
      code: 'HAL_UNAVAILABLE',
    });
  });
});

describe('distance', () => {
  async function makeGate(options: JsonObject = {}): Promise<RoleRig> {
    const clock = new VirtualClock();
    const rig = await makeRole(distance, { thing: 'Gate', options: { ...LINES, ...options }, clock });
    await clock.advance(0);
    return rig;
  }

  it('reports and publishes what a hand has set, at once when it changes by the step', async () => {
    const { role, board, clock, neighbours } = await makeGate({ sample: '1s', step: 5 });
    expect(role.state()).toMatchObject({ distanceCm: 150 });
    board.expose('Gate', { distanceCm: 152 });
    await clock.advance(1_000);
    expect(neighbours.payloads).toHaveLength(1);
    board.expose('Gate', { distanceCm: 40.04 });
    await clock.advance(1_000);
    expect(neighbours.published.at(-1)).toMatchObject({
      topic: 'distance/Gate',
      payload: { thing: 'Gate', distanceCm: 40 },
    });
    expect(role.state()).toMatchObject({ distanceCm: 40, measuredAt: clock.now() });
  });

  it('tells a steady distance at the interval', async () => {
    const { neighbours, clock } = await makeGate({ every: '10s' });
    await clock.advance(30_000);
    expect(neighbours.payloads).toHaveLength(4);
  });

  it('tells of a fault once, and when it is over', async () => {
    const clock = new VirtualClock();
    const board = new MockBoard({ clock });
    let now: number | 'deaf' = 'deaf';
    ultrasonic(board, clock, () => now);
    const rig = await makeRole(distance, {
      thing: 'Gate',
      options: { ...LINES, method: 'edges', sample: '1s' },
      clock,
      board,
    });
    await clock.advance(3_500);
    expect(rig.faults).toMatchObject([{ code: 'HAL_SENSOR' }]);
    expect(rig.role.state()).toEqual({});
    now = 500;
    await clock.advance(1_000);
    expect(rig.faults).toHaveLength(2);
    expect(rig.faults[1]).toBeUndefined();
    // there, and nothing within reach
    expect(rig.role.state()).toEqual({ measuredAt: expect.any(Number) });
    expect(rig.neighbours.payloads.at(-1)).toMatchObject({ distanceCm: null });
  });

  it('refuses to measure before the last echo has died away', () => {
    expect(distance.check?.({ sample: 50 } as never)).toEqual([
      { path: 'sample', message: expect.stringContaining('100ms') },
    ]);
  });
});
