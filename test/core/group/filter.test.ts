import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterProblem, matches, overlap } from '../../../src/core/group/index.js';
import { filters, topics } from './support.js';

describe('topic filters', () => {
  // MQTT 5.0, section 4.7: the examples of the standard.
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'sport/tennis', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/x', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/x', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['ACCOUNTS', 'Accounts', false],
  ])('%s matches %s: %s', (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected);
  });

  it.each([
    ['a/+', '+/b', true],
    ['a/#', 'a/b/c/#', true],
    ['a/#', 'a', true],
    ['a/+', 'a/#', true],
    ['a/b', 'a/+/c', false],
    ['$aws/#', '#', false],
    ['$aws/+/x', '$aws/things/#', true],
  ])('%s meets %s: %s', (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });

  it('that both match some topic meet', () => {
    const all = fc.tuple(filters, filters, topics);
    fc.assert(
      fc.property(all, ([a, b, topic]) => {
        if (matches(a, topic) && matches(b, topic)) expect(overlap(a, b)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['', 'a/#/b', 'a#', 'a/b+', '+a', 'a\0', 'x$' + '{thing}', '##', '$' + '{thing}/$' + '{thing}'])(
    '%j is none',
    (filter) => {
      expect(filterProblem(filter)).toBeDefined();
    },
  );

  it.each(['#', '+', '/', 'a//b', '$aws/things/$' + '{thing}/#', '+/+/#', 'ü/ß'])('%j is one', (filter) => {
    expect(filterProblem(filter)).toBeUndefined();
  });
});
