import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { button } from '../../devices/button.js';
import { carCounter } from '../../devices/car-counter.js';
import { ROLES } from '../../devices/index.js';
import { motion } from '../../devices/motion.js';
import { latchingSwitch } from '../../devices/switch.js';
import { MockBoard, type MockDriver } from '../../hal/drivers/mock/index.js';
import { type EdgeEvent, type InputLine, VirtualClock } from '../../hal/index.js';
import { effectiveOptions, makeRole } from './rig.js';

const AT_START = new VirtualClock().now();

/** An input at rest, whose edges the test delivers. */
function scriptedInput(edges: ((event: EdgeEvent) => void)[]): InputLine {
  return {
    identity: { chip: 'scripted', offset: 0, name: 'S' },
    read: async () => 'inactive',
    onEdge: (listener) => {
      edges.push(listener);
      return () => {};
    },
    onError: () => () => {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

describe('button', () => {
  it('counts a bouncing click once', async () => {
    const { board, clock, role, changes } = await makeRole(button, { options: { line: 'GPIO5' } });
    const contact = board.button('GPIO5', { bounces: 5, bounceMs: 8 });
    contact.press();
    await clock.advance(100);
    expect(role.state()).toEqual({ pressed: true, presses: 1, releases: 0, clicks: 0, holds: 0 });
    contact.release();
    await clock.advance(100);
    expect(role.state()).toEqual({ pressed: false, presses: 1, releases: 1, clicks: 1, holds: 0 });
    expect(changes.count).toBe(2);
  });

  it('tells a hold from a click, at the moment it becomes one', async () => {
    const { board, clock, role } = await makeRole(button, { options: { line: 'GPIO5', hold: '2s' } });
    board.press('GPIO5', 5_000);
    await clock.advance(2_019);
    expect(role.state()).toMatchObject({ holds: 0 });
    await clock.advance(2);
    expect(role.state()).toMatchObject({ pressed: true, holds: 1 });
    await clock.advance(5_000);
    expect(role.state()).toEqual({ pressed: false, presses: 1, releases: 1, clicks: 0, holds: 1 });
  });

  it('knows that it is pressed at the start without counting that', async () => {
    const clock = new VirtualClock();
    const board = new MockBoard({ clock });
    const contact = board.button('GPIO5');
    contact.press();
    const { role } = await makeRole(button, { options: { line: 'GPIO5' }, board, clock });
    expect(role.state()).toMatchObject({ pressed: true, presses: 0 });
    contact.release();
    await clock.advance(100);
    expect(role.state()).toMatchObject({ pressed: false, releases: 1, clicks: 0 });
  });

  it('publishes its events when it has a topic', async () => {
    const { board, clock, neighbours } = await makeRole(button, {
      thing: 'Bell',
      options: { line: 'GPIO5', topic: 'house/bell', to: ['cloud'] },
    });
    board.press('GPIO5', 100);
    await clock.advance(500);
    expect(neighbours.published).toEqual([
      { topic: 'house/bell', payload: { event: 'press', thing: 'Bell', count: 1, at: AT_START + 20 } },
      { topic: 'house/bell', payload: { event: 'release', thing: 'Bell', count: 1, at: AT_START + 120 } },
      { topic: 'house/bell', payload: { event: 'click', thing: 'Bell', count: 1, at: AT_START + 120 } },
    ]);
  });

  it('counts no press twice when the release between was lost', async () => {
    const edges: ((event: EdgeEvent) => void)[] = [];
    const gpio = (driver: MockDriver): MockDriver =>
      Object.assign(Object.create(driver), { input: async () => scriptedInput(edges) });
    const { role } = await makeRole(button, { options: { line: 'GPIO5' }, gpio });
    for (const [sequence, edge] of (['rising', 'rising', 'falling', 'falling'] as const).entries()) {
      for (const deliver of edges) deliver({ edge, sequence, timestampNs: 0n });
    }
    expect(role.state()).toEqual({ pressed: false, presses: 1, releases: 1, clicks: 1, holds: 0 });
  });

  it('tells when its line fails', async () => {
    const { board, clock, faults } = await makeRole(button, { options: { line: 'GPIO5' } });
    board.remove('GPIO5');
    await clock.advance(1);
    expect(faults).toMatchObject([{ code: 'HAL_IO' }]);
  });

  it('has as many presses as releases, or one more, whatever the contact does', async () => {
    const move = fc.record({ press: fc.boolean(), ms: fc.integer({ min: 0, max: 1_500 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
        const { board, clock, role } = await makeRole(button, { options: { line: 'GPIO5' } });
        for (const { press, ms } of moves) {
          board.drive('GPIO5', press ? 'low' : undefined);
          await clock.advance(ms);
        }
        await clock.advance(2_000);
        const { pressed, presses, releases, clicks, holds } = role.state() as Record<
          string,
          number | boolean
        >;
        expect(pressed).toBe(moves.at(-1)?.press ?? false);
        expect(Number(presses) - Number(releases)).toBe(pressed ? 1 : 0);
        expect(Number(clicks) + Number(holds)).toBe(presses);
        await role.stop();
      }),
      { numRuns: 50 },
    );
  });
});

describe('switch', () => {
  it('reports where it stands from the start on', async () => {
    const clock = new VirtualClock();
    const board = new MockBoard({ clock });
    const contact = board.button('GPIO6', { bounces: 3 });
    contact.press();
    const { role } = await makeRole(latchingSwitch, { options: { line: 'GPIO6' }, board, clock });
    await clock.advance(100);
    expect(role.state()).toEqual({ on: true, changes: 0 });
    contact.release();
    await clock.advance(100);
    expect(role.state()).toEqual({ on: false, changes: 1 });
  });

  it('is turned over by each press of a push-button when momentary', async () => {
    const { board, clock, role } = await makeRole(latchingSwitch, {
      options: { line: 'GPIO6', momentary: true },
    });
    const seen: unknown[] = [role.state().on];
    for (let press = 0; press < 3; press++) {
      board.press('GPIO6', 100, { bounces: 4 });
      await clock.advance(300);
      seen.push(role.state().on);
    }
    expect(seen).toEqual([false, true, false, true]);
    expect(role.state().changes).toBe(3);
  });
});

describe('motion', () => {
  it('lasts until the detector has been quiet for a while', async () => {
    const { board, clock, role, changes } = await makeRole(motion, {
      options: { line: 'GPIO23', clearAfter: '10s' },
    });
    board.press('GPIO23', 3_000);
    await clock.advance(1_000);
    expect(role.state()).toEqual({ motion: true, detections: 1, lastMotionAt: AT_START + 50 });
    await clock.advance(8_000);
    board.press('GPIO23', 1_000);
    await clock.advance(10_000);
    expect(role.state()).toMatchObject({ motion: true, detections: 1, lastMotionAt: AT_START + 10_050 });
    await clock.advance(10_000);
    expect(role.state()).toMatchObject({ motion: false, detections: 1 });
    expect(changes.count).toBe(2);
  });

  it('publishes both changes when it has a topic', async () => {
    const { board, clock, neighbours } = await makeRole(motion, {
      options: { line: 'GPIO23', clearAfter: '10s', topic: 'hall/motion' },
    });
    board.press('GPIO23', 1_000);
    await clock.advance(20_000);
    expect(neighbours.payloads.map((payload) => payload.motion)).toEqual([true, false]);
  });
});

describe('car-counter', () => {
  const LIGHT = 'GG_TrafficLight';
  const options = { line: 'GPIO24', light: LIGHT };

  it('counts cars while the light is green, and no others', async () => {
    const { board, clock, role, neighbours } = await makeRole(carCounter, { thing: 'Loop', options });
    const cars = async (count: number): Promise<void> => {
      for (let car = 0; car < count; car++) {
        board.press('GPIO24', 60, { bounces: 3, bounceMs: 4 });
        await clock.advance(200);
      }
    };
    await cars(2);
    neighbours.report(LIGHT, { property: 'R' });
    await cars(2);
    neighbours.report(LIGHT, { property: 'G' });
    await cars(3);
    // The same green again, mentioned by another document.
    neighbours.report(LIGHT, { property: 'G', error: null });
    await cars(1);
    neighbours.report(LIGHT, { property: 'Y' });
    await cars(5);
    neighbours.report(LIGHT, { property: 'G' });
    await cars(2);
    expect(role.state()).toEqual({ total: 6, greens: 2, cars: 2, since: AT_START });
    const told = neighbours.payloads.map(({ green, cars: inThis, total }) => [green, inThis, total]);
    expect(told).toEqual([
      [1, 0, 0],
      [1, 1, 1],
      [1, 2, 2],
      [1, 3, 3],
      [1, 4, 4],
      [1, 4, 4],
      [2, 0, 4],
      [2, 1, 5],
      [2, 2, 6],
    ]);
    expect(neighbours.published[1]).toEqual({
      topic: 'cars/Loop',
      payload: { light: LIGHT, total: 1, green: 1, cars: 1, since: AT_START, at: AT_START + 824 },
    });
  });

  it('follows its light and publishes to its recipients', () => {
    const effective = effectiveOptions(carCounter, { ...options, to: ['GG_Car_Aggregator'] }) as never;
    expect(carCounter.traffic('Loop', effective)).toEqual({
      shadow: true,
      follows: [LIGHT],
      publishes: [{ subject: 'cars/Loop', to: ['GG_Car_Aggregator'] }],
    });
  });
});

describe.each(['button', 'switch', 'motion', 'car-counter'])('%s', (name) => {
  const definition = ROLES.get(name)!;
  const options = { line: 'GPIO24', ...(name === 'car-counter' ? { light: 'L' } : {}) };

  it('leaves no timer, no listener and no line behind', async () => {
    const { role, clock, board, neighbours } = await makeRole(definition, { options });
    board.drive('GPIO24', 'low');
    board.drive('GPIO24', 'high');
    board.drive('GPIO24', 'low');
    await clock.advance(30);
    await role.stop();
    await role.stop();
    expect(clock.pending).toBe(0);
    expect(neighbours.listeners).toBe(0);
    expect(board.line('GPIO24').consumer).toBeUndefined();
  });

  it('leaves nothing taken when the first read fails', async () => {
    const clock = new VirtualClock();
    const board = new MockBoard({ clock });
    board.fail('GPIO24', 'read');
    const { role } = await makeRole(definition, { options, board, clock, start: false });
    await expect(role.start(new AbortController().signal)).rejects.toMatchObject({ code: 'HAL_IO' });
    expect(board.line('GPIO24').consumer).toBeUndefined();
  });

  it('refuses a pull resistor and a polarity that contradict each other', () => {
    const contradictory = effectiveOptions(definition, { ...options, bias: 'pull-up', activeLow: false });
    expect(definition.check?.(contradictory).map((problem) => problem.path)).toEqual(['activeLow']);
    expect(definition.check?.(effectiveOptions(definition, options))).toEqual([]);
  });
});
