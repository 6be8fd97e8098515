import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { led } from '../../devices/led.js';
import { relay } from '../../devices/relay.js';
import { servo } from '../../devices/servo.js';
import { MockBoard, type MockDriver } from '../../hal/drivers/mock/index.js';
import { HalError, type JsonObject, VirtualClock } from '../../hal/index.js';
import { effectiveOptions, makeRole, type RoleRig } from './rig.js';

const LINE = 'GPIO18';

function value({ board }: RoleRig): string {
  return board.line(LINE).value;
}

describe('led', () => {
  const makeLed = (options: JsonObject = {}) => makeRole(led, { options: { line: LINE, ...options } });

  it('is off at the start, goes on and off, and is off at the end', async () => {
    const rig = await makeLed();
    expect(value(rig)).toBe('inactive');
    expect(await rig.role.apply?.({ on: true })).toBeUndefined();
    expect(value(rig)).toBe('active');
    expect(rig.role.state()).toEqual({ on: true, blink: 0 });
    await rig.role.stop();
    expect(value(rig)).toBe('inactive');
    expect(rig.board.line(LINE).consumer).toBeUndefined();
  });

  it('blinks with the period asked for, half of it lit', async () => {
    const rig = await makeLed();
    await rig.role.apply?.({ on: true, blink: 1_000 });
    const seen: string[] = [];
    for (let quarter = 0; quarter < 8; quarter++) {
      seen.push(value(rig));
      await rig.clock.advance(250);
    }
    const [on, off] = ['active', 'inactive'];
    expect(seen).toEqual([on, on, off, off, on, on, off, off]);
    await rig.role.apply?.({ blink: 0 });
    await rig.clock.advance(600);
    expect(value(rig)).toBe('active');
    expect(rig.clock.pending).toBe(0);
  });

  it('stops blinking when it is switched off, and goes on blinking when switched on', async () => {
    const rig = await makeLed();
    await rig.role.apply?.({ on: true, blink: 1_000 });
    await rig.role.apply?.({ on: false });
    await rig.clock.advance(5_000);
    expect(value(rig)).toBe('inactive');
    await rig.role.apply?.({ on: true });
    await rig.clock.advance(600);
    expect(value(rig)).toBe('inactive');
    expect(rig.role.state()).toEqual({ on: true, blink: 1_000 });
  });

  it('dims by PWM and keeps the brightness while off', async () => {
    const { role, board } = await makeLed({ dimmable: true, frequency: 500 });
    await role.apply?.({ on: true, brightness: 25 });
    expect(board.line(LINE)).toMatchObject({ duty: 0.25, frequencyHz: 500 });
    await role.apply?.({ on: false });
    expect(board.line(LINE).duty).toBe(0);
    expect(role.state()).toEqual({ on: false, blink: 0, brightness: 25 });
    await role.apply?.({ on: true });
    expect(board.line(LINE).duty).toBe(0.25);
  });

  it.each([
    ['without PWM in the driver', (driver: MockDriver) => withoutPwm(driver, 'capability')],
    ['without PWM on the line', (driver: MockDriver) => withoutPwm(driver, 'line')],
  ])('is only switched %s, and says so', async (_, gpio) => {
    const rig = await makeRole(led, { options: { line: LINE, dimmable: true }, gpio });
    expect(rig.logged.map((line) => line.message).join()).toContain('only switched');
    const fault = await rig.role.apply?.({ on: true, brightness: 50 });
    expect(fault).toMatchObject({ code: 'DEVICE_VALUE', property: 'brightness' });
    expect(fault?.message).toContain('no PWM');
    expect(value(rig)).toBe('active');
    expect(rig.role.state()).toEqual({ on: true, blink: 0 });
  });

  it.each([
    [{ on: 'yes' }, 'DEVICE_VALUE'],
    [{ blink: 10 }, 'DEVICE_VALUE'],
    [{ blink: -1 }, 'DEVICE_VALUE'],
    [{ brightness: 50 }, 'DEVICE_VALUE'],
    [{ colour: 'red' }, 'DEVICE_UNKNOWN_PROPERTY'],
  ])('refuses %j and does the rest', async (wrong, code) => {
    const { role } = await makeLed();
    expect(await role.apply?.({ blink: 200, ...wrong })).toMatchObject({ code });
    await role.apply?.({ on: true });
    expect(role.state().on).toBe(true);
  });

  it('goes off after maxOn, says so, and takes it back when switched on again', async () => {
    const rig = await makeLed({ maxOn: '1m' });
    await rig.role.apply?.({ on: true, blink: 500 });
    await rig.clock.advance(59_000);
    expect(rig.role.state().on).toBe(true);
    await rig.clock.advance(1_000);
    expect(rig.role.state().on).toBe(false);
    expect(value(rig)).toBe('inactive');
    expect(rig.faults).toMatchObject([{ code: 'DEVICE_RULE', property: 'on' }]);
    expect(rig.changes.count).toBe(1);
    await rig.role.apply?.({ on: true });
    expect(rig.faults.at(-1)).toBeUndefined();
  });

  it('reports what it is when a write fails, at once or while blinking', async () => {
    const rig = await makeLed();
    rig.board.fail(LINE, 'write');
    expect(await rig.role.apply?.({ on: true })).toMatchObject({ code: 'HAL_IO' });
    expect(rig.role.state().on).toBe(false);
    await rig.role.apply?.({ on: true, blink: 100 });
    rig.board.fail(LINE, 'write');
    await rig.clock.advance(200);
    expect(rig.faults).toMatchObject([{ code: 'HAL_IO', property: 'blink' }]);
    expect(rig.role.state()).toEqual({ on: true, blink: 0 });
  });
});

function withoutPwm(driver: MockDriver, where: 'capability' | 'line'): MockDriver {
  const capabilities = { ...driver.capabilities, pwm: where === 'line' };
  const pwm = async (): Promise<never> => {
    throw new HalError('HAL_UNSUPPORTED', `${LINE} has no PWM channel`);
  };
  return new Proxy(driver, {
    get: (target, key) => {
      if (key === 'capabilities') return capabilities;
      if (key === 'pwm') return pwm;
      const member = Reflect.get(target, key) as unknown;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

describe('relay', () => {
  const makeRelay = (options: JsonObject = {}) =>
    makeRole(relay, { thing: 'Pump', options: { line: LINE, ...options } });

  it('is off until its shadow asks, and off at the end', async () => {
    const rig = await makeRelay();
    expect(rig.role.state()).toEqual({ on: false });
    expect(rig.neighbours.desired).toEqual([]);
    await rig.role.apply?.({ on: true });
    expect(value(rig)).toBe('active');
    await rig.role.stop();
    expect(value(rig)).toBe('inactive');
  });

  it('is never active in between on a board that switches with a low level', async () => {
    const { board, role } = await makeRelay({ activeLow: true });
    await role.apply?.({ on: true });
    await role.stop();
    const levels = board.history(LINE).map((entry) => entry.level);
    expect(levels).toEqual(['high', 'low', 'high']);
  });

  it.each([
    ['off', false],
    ['on', true],
  ])('takes powerOn %s and withdraws what was desired before', async (powerOn, on) => {
    const rig = await makeRelay({ powerOn });
    expect(rig.role.state()).toEqual({ on });
    await rig.clock.advance(0);
    expect(rig.neighbours.desired).toEqual([{ thing: 'Pump', state: { on } }]);
    // From now on wishes count.
    await rig.role.apply?.({ on: !on });
    expect(rig.role.state()).toEqual({ on: !on });
  });

  it('withdraws an old wish that comes before the shadow could be asked', async () => {
    const clock = new VirtualClock();
    const board = new MockBoard({ clock });
    const rig = await makeRole(relay, {
      options: { line: LINE, powerOn: 'off' },
      clock,
      board,
      start: false,
    });
    rig.neighbours.refusal = new Error('offline');
    await rig.role.start(new AbortController().signal);
    await clock.advance(12_000);
    expect(rig.neighbours.desired).toEqual([]);
    rig.neighbours.refusal = undefined;
    expect(await rig.role.apply?.({ on: true })).toBeUndefined();
    expect(value(rig)).toBe('inactive');
    expect(rig.neighbours.desired).toHaveLength(1);
    await clock.advance(60_000);
    expect(rig.neighbours.desired).toHaveLength(1);
    await rig.role.apply?.({ on: true });
    expect(value(rig)).toBe('active');
  });

  it('stops at once while the shadow does not answer', async () => {
    const rig = await makeRelay({ powerOn: 'on' });
    await rig.clock.advance(0);
    const silent = await makeRole(relay, { options: { line: 'GPIO19', powerOn: 'on' }, start: false });
    silent.neighbours.gate = new Promise(() => {});
    await silent.role.start(new AbortController().signal);
    void silent.role.apply?.({ on: false });
    await silent.role.stop();
    expect(silent.board.line('GPIO19').value).toBe('inactive');
  });

  it('waits for the least times, says so, and then does what was asked last', async () => {
    const rig = await makeRelay({ minOn: '10s', minOff: '4s' });
    expect(await rig.role.apply?.({ on: true })).toBeUndefined();
    expect(value(rig)).toBe('inactive');
    expect(rig.faults.at(-1)).toMatchObject({ code: 'DEVICE_RULE', property: 'on' });
    expect(rig.faults.at(-1)?.message).toContain('in 4.0 s');
    await rig.clock.advance(4_000);
    expect(rig.role.state()).toEqual({ on: true });
    expect(rig.faults.at(-1)).toBeUndefined();
    await rig.clock.advance(3_000);
    await rig.role.apply?.({ on: false });
    await rig.clock.advance(6_900);
    expect(value(rig)).toBe('active');
    await rig.clock.advance(200);
    expect(value(rig)).toBe('inactive');
    expect(rig.changes.count).toBe(2);
  });

  it('forgets a request that waits when it is taken back', async () => {
    const rig = await makeRelay({ minOff: '4s' });
    await rig.role.apply?.({ on: true });
    await rig.role.apply?.({ on: false });
    await rig.clock.advance(10_000);
    expect(value(rig)).toBe('inactive');
    expect(rig.faults.at(-1)).toBeUndefined();
  });

  it('goes off after maxOn and says so', async () => {
    const rig = await makeRelay({ maxOn: '30s' });
    await rig.role.apply?.({ on: true });
    await rig.clock.advance(30_000);
    expect(rig.role.state()).toEqual({ on: false });
    expect(rig.faults).toMatchObject([{ code: 'DEVICE_RULE' }]);
  });

  it.each([
    [{ minOn: '10s', maxOn: '5s' }, 'minOn'],
    [{ powerOn: 'on', minOff: '5s' }, 'powerOn'],
  ])('finds %j faulty before it runs', (options, path) => {
    const problems = relay.check?.(effectiveOptions(relay, { line: LINE, ...options }) as never);
    expect(problems?.map((problem) => problem.path)).toEqual([path]);
  });

  it('keeps its least and longest times under any requests', async () => {
    const step = fc.record({ on: fc.boolean(), ms: fc.integer({ min: 0, max: 5_000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const rig = await makeRelay({ minOn: '2s', minOff: '3s', maxOn: '8s' });
        for (const { on, ms } of steps) {
          await rig.role.apply?.({ on });
          await rig.clock.advance(ms);
          expect(rig.role.state().on).toBe(value(rig) === 'active');
        }
        const changes = rig.board.history(LINE).filter((entry) => entry.cause === 'write');
        for (const [index, entry] of changes.entries()) {
          const next = changes[index + 1];
          if (next === undefined) break;
          const lasted = Number(next.atNs - entry.atNs) / 1e6;
          expect(lasted).toBeGreaterThanOrEqual(entry.value === 'active' ? 2_000 : 3_000);
          if (entry.value === 'active') expect(lasted).toBeLessThanOrEqual(8_000);
        }
        await rig.role.stop();
        expect(rig.clock.pending).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe.each([
  ['led', led],
  ['relay', relay],
] as const)('%s', (_, definition) => {
  it('tries to go off again when the line fails at the end of maxOn', async () => {
    const rig = await makeRole(definition, { options: { line: LINE, maxOn: '10s' } });
    await rig.role.apply?.({ on: true });
    rig.board.fail(LINE, 'write', { times: 2 });
    await rig.clock.advance(11_999);
    expect(rig.role.state().on).toBe(true);
    expect(rig.faults.at(-1)).toMatchObject({ code: 'HAL_IO' });
    await rig.clock.advance(1);
    expect(rig.role.state().on).toBe(false);
    expect(value(rig)).toBe('inactive');
    expect(rig.faults.at(-1)).toMatchObject({ code: 'DEVICE_RULE' });
    expect(rig.clock.pending).toBe(0);
  });
});

describe('servo', () => {
  const makeServo = (options: JsonObject = {}) => makeRole(servo, { options: { line: LINE, ...options } });

  it('is limp until it is asked to move', async () => {
    const { role, board } = await makeServo();
    expect(board.line(LINE).pulseWidthUs).toBe(0);
    expect(role.state()).toEqual({ on: false });
    expect(await role.apply?.({ on: true })).toMatchObject({ code: 'DEVICE_VALUE', property: 'on' });
  });

  it.each([
    [0, 500],
    [90, 1_500],
    [180, 2_500],
  ])('turns %i degrees into %i µs', async (angle, width) => {
    const { role, board } = await makeServo({ minPulse: 500, maxPulse: 2_500 });
    expect(await role.apply?.({ angle })).toBeUndefined();
    expect(board.line(LINE).pulseWidthUs).toBe(width);
    expect(role.state()).toEqual({ on: true, angle });
  });

  it('goes limp and comes back to its angle', async () => {
    const { role, board } = await makeServo({ initial: 90 });
    await role.apply?.({ on: false });
    expect(board.line(LINE).pulseWidthUs).toBe(0);
    expect(role.state()).toEqual({ on: false, angle: 90 });
    await role.apply?.({ on: true });
    expect(board.line(LINE).pulseWidthUs).toBe(1_500);
  });

  it('refuses an angle beyond its range and stays', async () => {
    const { role } = await makeServo({ range: 90, initial: 45 });
    expect(await role.apply?.({ angle: 91 })).toMatchObject({ code: 'DEVICE_VALUE' });
    expect(role.state()).toEqual({ on: true, angle: 45 });
  });

  it('reports what it did not do when the line fails', async () => {
    const { role, board } = await makeServo();
    board.fail(LINE, 'write');
    expect(await role.apply?.({ angle: 10 })).toMatchObject({ code: 'HAL_IO', property: 'angle' });
    expect(role.state()).toEqual({ on: false });
  });

  it('ends without pulses', async () => {
    const { role, board } = await makeServo({ initial: 90 });
    await role.stop();
    expect(board.line(LINE)).toMatchObject({ pulseWidthUs: undefined, consumer: undefined, level: 'low' });
  });

  it.each([
    [{ minPulse: 1_500, maxPulse: 1_500 }, 'maxPulse'],
    [{ range: 90, initial: 120 }, 'initial'],
  ])('finds %j faulty before it runs', (options, path) => {
    const problems = servo.check?.(effectiveOptions(servo, { line: LINE, ...options }) as never);
    expect(problems?.map((problem) => problem.path)).toEqual([path]);
  });
});
