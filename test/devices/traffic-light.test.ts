import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trafficLight } from '../../devices/traffic-light.js';
import { MockBoard, MockDriver, overlaps } from '../../hal/drivers/mock/index.js';
import { HalError, type JsonObject, VirtualClock } from '../../hal/index.js';
import { effectiveOptions, makeRole, type RigSettings, type RoleRig } from './rig.js';

const LINES = { red: 'GPIO17', yellow: 'GPIO27', green: 'GPIO22' };
const LAMPS = Object.values(LINES);

function makeLight(options: JsonObject = {}, settings: RigSettings = {}): Promise<RoleRig> {
  return makeRole(trafficLight, { ...settings, options: { lines: LINES, ...options } });
}

/** The lamps that are lit, by colour. */
function lit(board: MockBoard): string[] {
  return Object.entries(LINES)
    .filter(([, line]) => board.line(line).value === 'active')
    .map(([colour]) => colour);
}

/** A driver whose writes take some time. */
function slowWrites(driver: MockDriver, clock: VirtualClock, ms: number): MockDriver {
  const output: MockDriver['output'] = async (...request) => {
    const line = await driver.output(...request);
    return {
      identity: line.identity,
      read: () => line.read(),
      write: async (value) => {
        await clock.sleep(ms);
        await line.write(value);
      },
      close: () => line.close(),
      [Symbol.asyncDispose]: () => line.close(),
    };
  };
  return new Proxy(driver, {
    get: (target, key) => {
      if (key === 'output') return output;
      const member = Reflect.get(target, key) as unknown;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

describe('traffic-light', () => {
  it('is red from the start, with its name on all three lines', async () => {
    const { board, role } = await makeLight({}, { thing: 'Crossing' });
    expect(lit(board)).toEqual(['red']);
    expect(role.state()).toEqual({ property: 'R' });
    expect(LAMPS.map((line) => board.line(line).consumer)).toEqual(['Crossing', 'Crossing', 'Crossing']);
  });

  it.each([
    ['G', 'green'],
    ['Y', 'yellow'],
    ['R', 'red'],
  ])('shows %s as %s alone', async (aspect, colour) => {
    const { board, role } = await makeLight();
    expect(await role.apply?.({ property: aspect })).toBeUndefined();
    expect(lit(board)).toEqual([colour]);
    expect(role.state()).toEqual({ property: aspect });
  });

  it('breaks before it makes: the old lamp is dark before the new one is lit', async () => {
    const { board, role } = await makeLight();
    await role.apply?.({ property: 'G' });
    const changes = board.journal().filter((entry) => entry.cause === 'write');
    expect(changes.map((entry) => [entry.line, entry.value])).toEqual([
      ['GPIO17', 'inactive'],
      ['GPIO22', 'active'],
    ]);
  });

  it('drives lamps that light with a low level', async () => {
    const { board, role } = await makeLight({ activeLow: true });
    await role.apply?.({ property: 'Y' });
    expect(LAMPS.map((line) => board.line(line).level)).toEqual(['high', 'low', 'high']);
  });

  it('refuses an unknown colour and stays what it is', async () => {
    const { board, role } = await makeLight();
    await role.apply?.({ property: 'G' });
    const fault = await role.apply?.({ property: 'blue' });
    expect(fault).toEqual({
      code: 'DEVICE_VALUE',
      property: 'property',
      message: 'property is "blue"; it takes "R", "Y" or "G"',
    });
    expect(lit(board)).toEqual(['green']);
    expect(role.state()).toEqual({ property: 'G' });
  });

  it('does what it knows beside an unknown property, and names that', async () => {
    const { role } = await makeLight();
    const fault = await role.apply?.({ colour: 'G', property: 'G' });
    expect(fault?.code).toBe('DEVICE_UNKNOWN_PROPERTY');
    expect(fault?.message).toContain('it takes property');
    expect(role.state()).toEqual({ property: 'G' });
  });

  it('ends red with its lines free, whatever it showed', async () => {
    const { board, role } = await makeLight();
    await role.apply?.({ property: 'G' });
    await role.stop();
    await role.stop();
    expect(lit(board)).toEqual(['red']);
    expect(LAMPS.map((line) => board.line(line).consumer)).toEqual([undefined, undefined, undefined]);
    expect(overlaps(board.journal(), LAMPS)).toEqual([]);
  });

  it('leaves nothing taken when a line cannot be had', async () => {
    const clock = new VirtualClock();
    const board = new MockBoard({ clock });
    board.hold('GPIO17', 'led0');
    const { role } = await makeLight({}, { board, clock, start: false });
    await expect(role.start(new AbortController().signal)).rejects.toMatchObject({ code: 'HAL_LINE_BUSY' });
    expect(board.line('GPIO22').consumer).toBeUndefined();
    expect(board.line('GPIO27').consumer).toBeUndefined();
    await role.stop();
  });

  it('goes back to red when the new lamp cannot be lit, and reports red with the reason', async () => {
    const { board, role } = await makeLight();
    board.fail('GPIO22', 'write', { error: new HalError('HAL_IO', 'GPIO22: no such device') });
    const fault = await role.apply?.({ property: 'G' });
    expect(fault).toMatchObject({ code: 'HAL_IO', message: 'GPIO22: no such device' });
    expect(lit(board)).toEqual(['red']);
    expect(role.state()).toEqual({ property: 'R' });
  });

  it('keeps red dark while green cannot be put out, and still reports green', async () => {
    const { board, role } = await makeLight();
    await role.apply?.({ property: 'G' });
    board.fail('GPIO22', 'write', { times: 2 });
    const fault = await role.apply?.({ property: 'R' });
    expect(fault?.message).toContain('the safe state failed too');
    expect(lit(board)).toEqual(['green']);
    expect(role.state()).toEqual({ property: 'G' });
    expect(await role.apply?.({ property: 'R' })).toBeUndefined();
    expect(lit(board)).toEqual(['red']);
  });

  it('tries the safe state again until it is reached', async () => {
    const { board, role, clock, changes } = await makeLight();
    await role.apply?.({ property: 'G' });
    board.fail('GPIO22', 'write', { times: 4 });
    await role.apply?.({ property: 'Y' });
    await clock.advance(2_500);
    expect(lit(board)).toEqual(['green']);
    expect(changes.count).toBe(0);
    await clock.advance(500);
    expect(lit(board)).toEqual(['red']);
    expect(role.state()).toEqual({ property: 'R' });
    expect(changes.count).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('forgets a safe state that is owed when the next request succeeds', async () => {
    const { board, role, clock } = await makeLight();
    await role.apply?.({ property: 'G' });
    board.fail('GPIO22', 'write', { times: 2 });
    await role.apply?.({ property: 'Y' });
    expect(await role.apply?.({ property: 'Y' })).toBeUndefined();
    await clock.advance(5_000);
    expect(lit(board)).toEqual(['yellow']);
  });

  it('reports null when every lamp is dark', async () => {
    const { board, role } = await makeLight();
    board.fail('GPIO22', 'write');
    board.subscribe((line) => {
      if (line.name === 'GPIO17' && line.value === 'inactive') board.fail('GPIO17', 'write');
    });
    expect(await role.apply?.({ property: 'G' })).toMatchObject({ code: 'HAL_IO' });
    expect(lit(board)).toEqual([]);
    expect(role.state()).toEqual({ property: null });
    expect(await role.apply?.({ property: 'R' })).toBeUndefined();
    expect(lit(board)).toEqual(['red']);
  });

  it('sees a forbidden pair on the lines and goes to red', async () => {
    const { board, role } = await makeLight();
    board.drive('GPIO22', 'high');
    const fault = await role.apply?.({ property: 'Y' });
    expect(fault).toMatchObject({ code: 'DEVICE_RULE' });
    expect(fault?.message).toContain('green and yellow are lit together');
    expect(role.state()).toEqual({ property: 'R' });
    expect(board.line('GPIO27').value).toBe('inactive');
  });

  it('sees a lamp that stays dark', async () => {
    const { board, role } = await makeLight();
    board.drive('GPIO22', 'low');
    const fault = await role.apply?.({ property: 'G' });
    expect(fault?.message).toContain('the green lamp reads inactive');
    expect(role.state()).toEqual({ property: 'R' });
  });

  it('goes red after maxOn, says so, and takes it back with the next aspect', async () => {
    const { board, role, clock, faults, changes } = await makeLight({ maxOn: '30s' });
    await role.apply?.({ property: 'G' });
    await clock.advance(29_999);
    expect(lit(board)).toEqual(['green']);
    await clock.advance(1);
    expect(lit(board)).toEqual(['red']);
    expect(changes.count).toBe(1);
    expect(faults).toMatchObject([{ code: 'DEVICE_RULE' }]);
    await role.apply?.({ property: 'Y' });
    expect(faults.at(-1)).toBeUndefined();
    expect(faults).toHaveLength(2);
  });

  it('gives each aspect its own maxOn and never limits red', async () => {
    const { role, clock, faults } = await makeLight({ maxOn: '10s' });
    await role.apply?.({ property: 'G' });
    await clock.advance(8_000);
    await role.apply?.({ property: 'Y' });
    await clock.advance(8_000);
    await role.apply?.({ property: 'R' });
    await clock.advance(100_000);
    expect(faults).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('does not take a maxOn that ran out during a change for one of the new aspect', async () => {
    const clock = new VirtualClock();
    const gpio = (driver: MockDriver): MockDriver => slowWrites(driver, clock, 5);
    const { board, role, faults } = await makeLight({ maxOn: '10s' }, { clock, gpio });
    const green = role.apply?.({ property: 'G' });
    await clock.advance(10);
    await green;
    await clock.advance(9_998);
    const yellow = role.apply?.({ property: 'Y' });
    await clock.advance(20);
    await yellow;
    expect(lit(board)).toEqual(['yellow']);
    expect(faults).toEqual([]);
  });

  const ORDER = { transitions: { R: ['G'], G: ['Y'], Y: ['R'] } };

  it('follows allowed transitions only; another goes to red and is reported', async () => {
    const { board, role } = await makeLight(ORDER);
    expect(await role.apply?.({ property: 'G' })).toBeUndefined();
    expect(await role.apply?.({ property: 'Y' })).toBeUndefined();
    const fault = await role.apply?.({ property: 'G' });
    expect(fault).toMatchObject({ code: 'DEVICE_RULE', property: 'property' });
    expect(fault?.message).toContain('from Y to G is not allowed (R may follow)');
    expect(lit(board)).toEqual(['red']);
    expect(role.state()).toEqual({ property: 'R' });
  });

  it('claims its lines with their safe values, red last', () => {
    const claims = trafficLight.lines(effectiveOptions(trafficLight, { lines: LINES }) as never);
    expect(claims.map((claim) => [claim.path, claim.safe])).toEqual([
      ['lines.green', 'inactive'],
      ['lines.yellow', 'inactive'],
      ['lines.red', 'active'],
    ]);
  });

  it.each([
    [{ never: [['green', 'green']] }, 'never[0]', 'one lamp'],
    [{ transitions: { R: ['G'], G: ['Y'] } }, 'transitions', 'from Y back to R'],
    [{ transitions: { G: ['R'] } }, 'transitions', 'nothing may follow R'],
    [{ transitions: { R: ['R', 'G'], G: ['R'] } }, 'transitions.R', 'R to R is no transition'],
  ])('finds the rule %j faulty before it runs', (options, path, words) => {
    const problems = trafficLight.check?.(
      effectiveOptions(trafficLight, { lines: LINES, ...options }) as never,
    );
    expect(problems?.map((problem) => problem.path)).toContain(path);
    expect(problems?.map((problem) => problem.message).join()).toContain(words);
  });

  it('accepts the usual order', () => {
    expect(trafficLight.check?.(effectiveOptions(trafficLight, { lines: LINES, ...ORDER }) as never)).toEqual(
      [],
    );
  });

  const value = fc.oneof(fc.constantFrom('R', 'Y', 'G'), fc.constantFrom('blue', null, 7, 'r'));
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('apply' as const), value }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('fail' as const),
        line: fc.constantFrom(...LAMPS),
        point: fc.constantFrom('write' as const, 'read' as const),
        times: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 9_000 }) }),
    },
  );

  it('never lights two lamps and ends red, whatever is asked and whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 25 }),
        fc.boolean(),
        fc.boolean(),
        async (commands, ordered, concurrent) => {
          const clock = new VirtualClock();
          const board = new MockBoard({ clock, historyLimit: 4096 });
          const gpio = new MockDriver(board);
          await gpio.start(new AbortController().signal);
          const options = { lines: LINES, maxOn: '5s', ...(ordered ? ORDER : {}) };
          const role = trafficLight.create(effectiveOptions(trafficLight, options) as never, {
            ...(await makeLight({}, { start: false })).context,
            gpio,
            clock,
          });
          await role.start(new AbortController().signal);
          const running: Promise<unknown>[] = [];
          for (const each of commands) {
            if (each.kind === 'fail') board.fail(each.line, each.point, { times: each.times });
            else if (each.kind === 'wait') await clock.advance(each.ms);
            else {
              const done = role.apply?.({ property: each.value });
              if (concurrent) running.push(done ?? Promise.resolve());
              else {
                const fault = await done;
                if (fault === undefined) expect(role.state()).toEqual({ property: each.value });
              }
            }
          }
          await Promise.all(running);
          const { property } = role.state();
          const shown = Object.entries({ R: 'GPIO17', Y: 'GPIO27', G: 'GPIO22' })
            .filter(([, line]) => board.line(line).value === 'active')
            .map(([aspect]) => aspect);
          expect(shown).toEqual(property === null ? [] : [property]);
          board.clearFaults();
          await role.stop();
          expect(lit(board)).toEqual(['red']);
          expect(overlaps(board.journal(), LAMPS)).toEqual([]);
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  });
});
