import { describe, expect, it } from 'vitest';
import { builtinRows, Group, impliedRows, rowText, SHADOW_SERVICE } from '../../../src/core/group/index.js';
import { CROSSING, groupWith, row } from './support.js';

const SHADOW1 = '$aws/things/Light1/shadow';

describe('rows that nobody has to write', () => {
  it('let every thing reach its own shadow, and no other', () => {
    const { table } = groupWith();
    for (const topic of ['get', 'update', 'delete', 'name/night/update', 'update/accepted']) {
      expect(table.passes('Light1', `${SHADOW1}/${topic}`, SHADOW_SERVICE)).toBe(true);
      expect(table.passes(SHADOW_SERVICE, `${SHADOW1}/${topic}`, 'Light1')).toBe(true);
      expect(table.passes('Light2', `${SHADOW1}/${topic}`, SHADOW_SERVICE)).toBe(false);
      expect(table.passes(SHADOW_SERVICE, `${SHADOW1}/${topic}`, 'Light2')).toBe(false);
      expect(table.passes('Light1', `${SHADOW1}/${topic}`, 'Light2')).toBe(false);
    }
    expect(table.passes('Core', '$aws/things/Core/shadow/get', SHADOW_SERVICE)).toBe(true);
    expect(table.passes('Aggregator', '$aws/things/Aggregator/shadow/get', SHADOW_SERVICE)).toBe(false);
    expect(table.passes('Stranger', '$aws/things/Stranger/shadow/get', SHADOW_SERVICE)).toBe(false);
  });

  it('let a controller ask and look, and hear only the answers', () => {
    const rows = impliedRows('Switch', { shadow: true, drives: ['Light1'] });
    expect(rows.map(rowText)).toEqual([
      `Switch → ${SHADOW1}/update → GGShadowService`,
      `GGShadowService → ${SHADOW1}/update/accepted → Switch`,
      `GGShadowService → ${SHADOW1}/update/rejected → Switch`,
      `Switch → ${SHADOW1}/get → GGShadowService`,
      `GGShadowService → ${SHADOW1}/get/accepted → Switch`,
      `GGShadowService → ${SHADOW1}/get/rejected → Switch`,
    ]);
    expect(rows[0]).toMatchObject({ origin: 'role', because: 'Switch controls Light1' });
    const { table } = groupWith(...rows);
    expect(table.passes(SHADOW_SERVICE, `${SHADOW1}/update/delta`, 'Switch')).toBe(false);
    expect(table.passes('Switch', `${SHADOW1}/delete`, SHADOW_SERVICE)).toBe(false);
  });

  it('let a follower see documents, and get', () => {
    const { table } = groupWith(...impliedRows('Switch', { shadow: false, follows: ['Light1'] }));
    expect(table.passes(SHADOW_SERVICE, `${SHADOW1}/update/documents`, 'Switch')).toBe(true);
    expect(table.passes('Switch', `${SHADOW1}/get`, SHADOW_SERVICE)).toBe(true);
    expect(table.passes(SHADOW_SERVICE, `${SHADOW1}/get/accepted`, 'Switch')).toBe(true);
    expect(table.passes('Switch', `${SHADOW1}/update`, SHADOW_SERVICE)).toBe(false);
  });

  it('come once, when a role drives and follows the same thing', () => {
    const rows = impliedRows('Switch', { shadow: true, drives: ['Light1'], follows: ['Light1'] });
    expect(new Set(rows.map(rowText)).size).toBe(rows.length);
    expect(rows).toHaveLength(7);
  });

  it('follow from topics that a role publishes and receives, and from a builtin function', () => {
    const rows = [
      ...impliedRows('Publisher', {
        shadow: false,
        publishes: [{ subject: 'hello', to: ['Subscriber', 'cloud'] }],
      }),
      ...impliedRows('Subscriber', { shadow: false, receives: [{ subject: 'news/#', from: 'Publisher' }] }),
      ...builtinRows('Aggregator', [{ source: SHADOW_SERVICE, subject: `${SHADOW1}/update/documents` }]),
    ];
    expect(rows.map(rowText)).toEqual([
      'Publisher → hello → Subscriber',
      'Publisher → hello → cloud',
      'Publisher → news/# → Subscriber',
      `GGShadowService → ${SHADOW1}/update/documents → Aggregator`,
    ]);
    expect(rows.map(({ origin }) => origin)).toEqual(['role', 'role', 'role', 'builtin']);
  });
});

describe('patterns over things', () => {
  const PATTERN = 'lamps/$' + '{thing}/state';

  it('let one row serve every thing of a role, under its own name only', () => {
    const group = groupWith(row({ role: 'traffic-light' }, PATTERN, 'Subscriber'));
    expect(group.table.passes('Light1', 'lamps/Light1/state', 'Subscriber')).toBe(true);
    expect(group.table.passes('Light2', 'lamps/Light2/state', 'Subscriber')).toBe(true);
    expect(group.table.passes('Light1', 'lamps/Light2/state', 'Subscriber')).toBe(false);
    expect(group.table.passes('Switch', 'lamps/Switch/state', 'Subscriber')).toBe(false);
  });

  it('serve things that are added later', () => {
    const group = groupWith(row({ role: 'traffic-light' }, PATTERN, 'Subscriber'));
    group.replace({
      ...CROSSING,
      things: [...CROSSING.things, { name: 'Light3', role: 'traffic-light' }],
      rows: group.definition.rows,
    });
    expect(group.table.passes('Light3', 'lamps/Light3/state', 'Subscriber')).toBe(true);
  });

  it('name the target when only the target is a pattern', () => {
    const group = groupWith(row('Switch', 'cmd/$' + '{thing}', { role: 'traffic-light' }));
    expect(group.table.passes('Switch', 'cmd/Light1', 'Light1')).toBe(true);
    expect(group.table.passes('Switch', 'cmd/Light1', 'Light2')).toBe(false);
    expect(group.table.mayPublish('Switch', 'cmd/Light2')).toBe(true);
    expect(group.table.mayPublish('Switch', 'cmd/Switch')).toBe(false);
    expect(new Group({ name: 'empty' }).table.mayPublish('Switch', 'cmd/Light1')).toBe(false);
  });
});
