import { describe, expect, it } from 'vitest';
import { Group, rowText } from '../../../src/core/group/index.js';
import { CROSSING, groupWith, row } from './support.js';

const names = (members: readonly { name: string }[]): readonly string[] => members.map(({ name }) => name);

describe('a group', () => {
  it('begins empty', () => {
    const group = new Group({ name: 'crossing' });
    expect(group.members()).toEqual([]);
    expect(group.isThing('Light1')).toBe(false);
  });

  it('knows who is what', () => {
    const group = groupWith();
    expect(group.member('Core')).toEqual({ name: 'Core', kind: 'core', joined: false });
    expect(group.role('Light1')).toBe('traffic-light');
    expect(group.isThing('Core')).toBe(true);
    expect(group.isThing('Aggregator')).toBe(false);
  });

  it('tells what a new definition changes, and only that', () => {
    const group = groupWith(row('Publisher', 'a', 'Subscriber'), row('Publisher', 'b', 'Subscriber'));
    const change = group.replace({
      core: 'Core',
      things: [
        { name: 'Publisher' },
        { name: 'Subscriber' },
        { name: 'Switch', role: 'button' },
        { name: 'Light1', role: 'traffic-light' },
        { name: 'Light3', role: 'traffic-light' },
      ],
      functions: [{ name: 'Aggregator' }],
      rows: [row('Publisher', 'b', 'Subscriber'), row('Publisher', 'c', 'Subscriber')],
    });
    expect(names(change.members.added)).toEqual(['Light3']);
    expect(names(change.members.removed)).toEqual(['Light2']);
    expect(names(change.members.changed)).toEqual(['Switch']);
    expect(change.rows.added.map(rowText)).toEqual(['Publisher → c → Subscriber']);
    expect(change.rows.removed.map(rowText)).toEqual(['Publisher → a → Subscriber']);
    expect(group.table.passes('Publisher', 'a', 'Subscriber')).toBe(false);
    expect(group.table.passes('Publisher', 'c', 'Subscriber')).toBe(true);
    const again = group.replace(group.definition);
    expect(again).toEqual({
      members: { added: [], removed: [], changed: [] },
      rows: { added: [], removed: [] },
    });
  });

  it('stays as it was when a definition is wrong, and says all that is', () => {
    const group = groupWith(row('Publisher', 'a', 'Subscriber'));
    const before = group.revision;
    const wrong = {
      ...CROSSING,
      things: [
        ...CROSSING.things,
        { name: 'Light1' },
        { name: 'a b' },
        { name: 'cloud' },
        { name: 'Aggregator' },
      ],
      rows: [
        row('Nobody', 'a', 'Subscriber'),
        row('Publisher', 'a/#/b', 'Subscriber'),
        row({ role: 'siren' }, 'a', 'cloud'),
        row('Publisher', 'x/$' + '{thing}', 'Subscriber'),
        row('Publisher', 'x'.repeat(257), 'Subscriber'),
      ],
    };
    let message = '';
    try {
      group.replace(wrong);
    } catch (error) {
      expect(error).toMatchObject({ code: 'GROUP_DEFINITION' });
      message = (error as Error).message;
    }
    expect(message.split('; ')).toEqual([
      'Light1 is named twice, as a thing and as a thing',
      'the thing "a b" needs 1 to 128 of the characters a-z A-Z 0-9 : _ -',
      'the thing "cloud" is reserved for the subscription table',
      'Aggregator is named twice, as a thing and as a function',
      'the row Nobody → a → Subscriber: its source "Nobody" is not a member of the group',
      'the row Publisher → a/#/b → Subscriber: its subject has a # that is not alone in the last level',
      'the row every siren → a → cloud: its source names the role "siren", which no thing has',
      expect.stringContaining('neither source nor target is a pattern over things'),
      expect.stringContaining('its subject is longer than 256 bytes'),
    ]);
    expect(group.revision).toBe(before);
    expect(group.table.passes('Publisher', 'a', 'Subscriber')).toBe(true);
  });

  it('keeps its limits', () => {
    const group = new Group({ name: 'small', limits: { things: 2, rows: 1, functions: 0 } });
    const base = { things: [{ name: 'A' }, { name: 'B' }], functions: [], rows: [] };
    group.replace(base);
    expect(() => group.join('C')).toThrow(/at most|one too many/);
    expect(() => group.replace({ ...base, things: [...base.things, { name: 'C' }] })).toThrow(
      '3 things: a group has at most 2',
    );
    expect(() => group.replace({ ...base, functions: [{ name: 'F' }] })).toThrow(
      '1 functions: a group has at most 0',
    );
    expect(() => group.replace({ ...base, rows: [row('A', 'x', 'B'), row('A', 'y', 'B')] })).toThrow(
      '2 subscription rows',
    );
  });

  it('lets things join and leave while it runs, across new definitions', () => {
    const group = groupWith();
    expect(group.join('Guest')).toBe(true);
    expect(group.join('Guest')).toBe(false);
    expect(group.join('Light1')).toBe(false);
    expect(() => group.join('Aggregator')).toThrow('Aggregator is the name of a function of the group');
    expect(() => group.join('GGShadowService')).toThrow(/reserved/);
    const change = group.replace({ ...CROSSING, rows: [row('Guest', 'a', 'Subscriber')] });
    expect(change.members).toEqual({ added: [], removed: [], changed: [] });
    expect(group.table.passes('Guest', '$aws/things/Guest/shadow/get', 'GGShadowService')).toBe(true);
    expect(group.leave('Guest')).toBe(true);
    expect(group.isThing('Guest')).toBe(false);
    expect(group.leave('Light1')).toBe(false);
    expect(group.isThing('Light1')).toBe(true);
  });

  it('no longer has a thing that joined, was taken into the definition, and left it again', () => {
    const group = groupWith();
    group.join('Guest');
    group.replace({ ...CROSSING, things: [...CROSSING.things, { name: 'Guest' }] });
    expect(group.leave('Guest')).toBe(false);
    expect(names(group.replace(CROSSING).members.removed)).toEqual(['Guest']);
    expect(group.isThing('Guest')).toBe(false);
  });
});
