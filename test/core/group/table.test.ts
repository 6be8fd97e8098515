import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  matches,
  OWN_NAME,
  type Party,
  type SubscriptionRow,
  SubscriptionTable,
} from '../../../src/core/group/index.js';
import { row, subjects, topics } from './support.js';

const ROLES: Readonly<Record<string, string | undefined>> = {
  T1: 'lamp',
  T2: 'lamp',
  a: 'other',
  F: undefined,
};
const THINGS = new Set(['T1', 'T2', 'a', 'b']);
const members = { isThing: (name: string) => THINGS.has(name), role: (name: string) => ROLES[name] };

const parties: fc.Arbitrary<Party> = fc.oneof(
  fc.constantFrom<Party>('T1', 'T2', 'a', 'F', 'cloud'),
  fc.constantFrom<Party>({ role: 'lamp' }, { role: 'other' }, { every: 'thing' }),
);
const rows = fc
  .array(fc.tuple(parties, subjects, parties), { maxLength: 12 })
  .map((all) =>
    all
      .filter(
        ([source, subject, target]) =>
          !subject.includes(OWN_NAME) || typeof source !== typeof '' || typeof target !== typeof '',
      )
      .map(([source, subject, target]) => row(source, subject, target)),
  );
const names = fc.constantFrom('T1', 'T2', 'a', 'b', 'F', 'cloud', 'stranger');

/** The rule itself, row by row. */
function stands(party: Party, name: string): boolean {
  if (typeof party === 'string') return party === name;
  return 'role' in party ? members.role(name) === party.role : members.isThing(name);
}
function lets(one: SubscriptionRow, source: string, topic: string, target: string): boolean {
  const owner = typeof one.source === 'string' ? target : source;
  return (
    stands(one.source, source) &&
    stands(one.target, target) &&
    matches(one.subject.replaceAll(OWN_NAME, owner), topic)
  );
}

describe('the subscription table', () => {
  it('lets pass exactly what some row lets pass', () => {
    fc.assert(
      fc.property(rows, names, topics, names, (all, source, topic, target) => {
        const table = new SubscriptionTable(all, members);
        const expected = all.some((one) => lets(one, source, topic, target));
        expect(table.passes(source, topic, target)).toBe(expected);
        const found = table.find(source, topic, target);
        if (found !== undefined) expect(lets(found, source, topic, target)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('lets a source publish what could reach some target, and nothing else', () => {
    const everybody = ['T1', 'T2', 'a', 'b', 'F', 'cloud'];
    fc.assert(
      fc.property(rows, names, topics, (all, source, topic) => {
        const table = new SubscriptionTable(all, members);
        const reaches = everybody.some((target) => all.some((one) => lets(one, source, topic, target)));
        expect(table.mayPublish(source, topic)).toBe(reaches);
      }),
      { numRuns: 3_000 },
    );
  });

  it('knows which filters can bring a target anything', () => {
    const table = new SubscriptionTable(
      [row('a', 'hello/world', 'T1'), row('a', `cmd/${OWN_NAME}/#`, { role: 'lamp' })],
      members,
    );
    expect(table.maySubscribe('T1', 'hello/+')).toBe(true);
    expect(table.maySubscribe('T1', '#')).toBe(true);
    expect(table.maySubscribe('T1', 'cmd/T1/x')).toBe(true);
    expect(table.maySubscribe('T1', 'cmd/T2/x')).toBe(false);
    expect(table.maySubscribe('T2', 'hello/world')).toBe(false);
  });

  it('is directional', () => {
    const table = new SubscriptionTable([row('a', 'x', 'b')], members);
    expect(table.passes('a', 'x', 'b')).toBe(true);
    expect(table.passes('b', 'x', 'a')).toBe(false);
    expect(table.passes('a', 'x', 'a')).toBe(false);
  });

  it('keeps `$` topics from wildcards in the first level', () => {
    const table = new SubscriptionTable([row('a', '#', 'b'), row('a', '+/things/x', 'b')], members);
    expect(table.passes('a', 'things/x', 'b')).toBe(true);
    expect(table.passes('a', '$aws/things/x', 'b')).toBe(false);
  });
});
