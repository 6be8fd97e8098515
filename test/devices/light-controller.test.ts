import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lightController } from '../../devices/light-controller.js';
import type { JsonObject } from '../../hal/index.js';
import { effectiveOptions, makeRole, type RoleRig } from './rig.js';

const LIGHT = 'GG_TrafficLight';

function makeController(options: JsonObject = {}): Promise<RoleRig> {
  return makeRole(lightController, { thing: 'GG_Switch', options: { controls: LIGHT, ...options } });
}

function asked({ neighbours }: RoleRig): unknown[] {
  return neighbours.desired.map((each) => each.state.property);
}

/** A light that does what it is asked. */
function obey(rig: RoleRig): void {
  const { neighbours } = rig;
  const desire = neighbours.desire.bind(neighbours);
  neighbours.desire = async (thing, state) => {
    await desire(thing, state);
    neighbours.report(thing, state);
  };
}

describe('light-controller', () => {
  it('asks the light for one aspect after another, for ever', async () => {
    const rig = await makeController({ every: '2s' });
    obey(rig);
    await rig.clock.advance(14_000);
    expect(asked(rig)).toEqual(['G', 'Y', 'R', 'G', 'Y', 'R', 'G']);
    expect(rig.neighbours.desired[0]?.thing).toBe(LIGHT);
  });

  it('takes 20 s per aspect by default', async () => {
    const rig = await makeController();
    obey(rig);
    await rig.clock.advance(19_999);
    expect(asked(rig)).toEqual([]);
    await rig.clock.advance(20_001);
    expect(asked(rig)).toEqual(['G', 'Y']);
  });

  it.each([
    ['G', 'Y'],
    ['Y', 'R'],
    ['R', 'G'],
    ['off', 'G'],
  ])('continues from a light at %s with %s', async (now, next) => {
    const rig = await makeController({ every: '2s' });
    rig.neighbours.report(LIGHT, { property: now });
    await rig.clock.advance(2_000);
    expect(asked(rig)).toEqual([next]);
  });

  it('goes through a sequence that names an aspect twice', async () => {
    const rig = await makeController({ every: '1s', sequence: ['G', 'Y', 'R', 'Y'] });
    obey(rig);
    await rig.clock.advance(6_000);
    expect(asked(rig)).toEqual(['G', 'Y', 'R', 'Y', 'G', 'Y']);
  });

  it('keeps its place in such a sequence while the light refuses a step', async () => {
    const rig = await makeController({ every: '1s', sequence: ['Y', 'G', 'Y', 'R'] });
    for (const obeyed of ['Y', 'G', 'Y']) {
      await rig.clock.advance(1_000);
      rig.neighbours.report(LIGHT, { property: obeyed });
    }
    await rig.clock.advance(3_000);
    expect(asked(rig)).toEqual(['Y', 'G', 'Y', 'R', 'R', 'R']);
  });

  it('asks again for what the light did not do', async () => {
    const rig = await makeController({ every: '2s' });
    rig.neighbours.report(LIGHT, { property: 'R' });
    await rig.clock.advance(6_000);
    expect(asked(rig)).toEqual(['G', 'G', 'G']);
    rig.neighbours.report(LIGHT, { property: 'G' });
    await rig.clock.advance(2_000);
    expect(asked(rig)).toEqual(['G', 'G', 'G', 'Y']);
  });

  it('follows a light that somebody else moved', async () => {
    const rig = await makeController({ every: '2s' });
    obey(rig);
    await rig.clock.advance(2_000);
    rig.neighbours.report(LIGHT, { property: 'Y' });
    await rig.clock.advance(2_000);
    expect(asked(rig)).toEqual(['G', 'R']);
  });

  it('survives refusals: says so once, and goes on where the light is', async () => {
    const rig = await makeController({ every: '2s' });
    obey(rig);
    await rig.clock.advance(2_000);
    rig.neighbours.refusal = Object.assign(new Error('the shadow service did not answer'), {
      code: 'LINK_TIMEOUT',
    });
    await rig.clock.advance(60_000);
    expect(rig.logged.filter((line) => line.level === 'warn')).toHaveLength(1);
    expect(rig.faults).toMatchObject([{ code: 'LINK_TIMEOUT' }]);
    rig.neighbours.refusal = undefined;
    await rig.clock.advance(4_000);
    expect(asked(rig)).toEqual(['G', 'Y', 'R']);
    expect(rig.faults).toHaveLength(2);
    expect(rig.faults[1]).toBeUndefined();
  });

  it('leaves out the beat while a request is under way', async () => {
    const rig = await makeController({ every: '2s' });
    let answer = (): void => {};
    rig.neighbours.gate = new Promise((resolve) => {
      answer = resolve;
    });
    await rig.clock.advance(10_000);
    expect(asked(rig)).toEqual(['G']);
    answer();
    await rig.clock.advance(2_000);
    expect(asked(rig)).toEqual(['G', 'Y']);
  });

  it('steps by a bouncing button, once per press, and not by the clock', async () => {
    const rig = await makeController({ line: 'GPIO5' });
    obey(rig);
    const button = rig.board.button('GPIO5', { bounces: 4, bounceMs: 8 });
    for (let press = 0; press < 4; press++) {
      button.press();
      await rig.clock.advance(150);
      button.release();
      await rig.clock.advance(150);
    }
    expect(asked(rig)).toEqual(['G', 'Y', 'R', 'G']);
    await rig.clock.advance(120_000);
    expect(asked(rig)).toHaveLength(4);
  });

  it('gives an aspect that was asked for by the button its full time', async () => {
    const rig = await makeController({ line: 'GPIO5', every: '10s' });
    obey(rig);
    await rig.clock.advance(9_000);
    rig.board.press('GPIO5', 50);
    await rig.clock.advance(9_900);
    expect(asked(rig)).toEqual(['G']);
    await rig.clock.advance(200);
    expect(asked(rig)).toEqual(['G', 'Y']);
  });

  it('leaves no timer, no listener and no line behind', async () => {
    const rig = await makeController({ line: 'GPIO5', every: '10s' });
    await rig.role.stop();
    await rig.role.stop();
    expect(rig.clock.pending).toBe(0);
    expect(rig.neighbours.listeners).toBe(0);
    expect(rig.board.line('GPIO5').consumer).toBeUndefined();
  });

  it('drives and follows the light, and keeps no shadow', () => {
    const options = effectiveOptions(lightController, { controls: LIGHT }) as never;
    expect(lightController.traffic('GG_Switch', options)).toEqual({
      shadow: false,
      drives: [LIGHT],
      follows: [LIGHT],
    });
  });

  it.each([
    [{ sequence: ['G', 'G', 'R'] }, 'sequence[0]'],
    [{ line: 'GPIO5', bias: 'pull-up', activeLow: false }, 'activeLow'],
  ])('finds %j faulty before it runs', (options, path) => {
    const problems = lightController.check?.(
      effectiveOptions(lightController, { controls: LIGHT, ...options }) as never,
    );
    expect(problems?.map((problem) => problem.path)).toEqual([path]);
  });

  it('is never more than one step away from the light, whatever the light and the network do', async () => {
    const event = fc.oneof(
      fc.constantFrom('refuse' as const, 'accept' as const, 'beat' as const, 'obey' as const),
      fc.constantFrom('R' as const, 'Y' as const, 'G' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const rig = await makeController({ every: '1s' });
        const next: Record<string, string> = { G: 'Y', Y: 'R', R: 'G' };
        let light = 'R';
        rig.neighbours.report(LIGHT, { property: light });
        for (const each of events) {
          const before = rig.neighbours.desired.length;
          if (each === 'refuse') rig.neighbours.refusal = new Error('refused');
          else if (each === 'accept') rig.neighbours.refusal = undefined;
          else if (each === 'beat') {
            await rig.clock.advance(1_000);
            const sent = rig.neighbours.desired.slice(before).map((desired) => desired.state.property);
            if (rig.neighbours.refusal === undefined) expect(sent).toEqual([next[light]]);
            else expect(sent).toEqual([]);
          } else {
            light = each === 'obey' ? String(rig.neighbours.desired.at(-1)?.state.property ?? light) : each;
            rig.neighbours.report(LIGHT, { property: light });
          }
        }
        await rig.role.stop();
      }),
      { numRuns: 60 },
    );
  });
});
