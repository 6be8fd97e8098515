import { describe, expect, it } from 'vitest';
import { parseDiscovery } from '../../src/things/discovery.js';
import { matches } from '../../src/topic-filter.js';

describe('parseDiscovery', () => {
  const core = (Connectivity: object[]) => ({ thingArn: 'arn', Connectivity });
  const at = (HostAddress: string, PortNumber: number) => ({
    Id: 'x',
    HostAddress,
    PortNumber,
    Metadata: '',
  });

  it('gives every address of every core of every group, in order, with the CA of its group', () => {
    const body = JSON.stringify({
      GGGroups: [
        { GGGroupId: '1', Cores: [core([at('10.0.0.1', 8883), at('core.local', 443)])], CAs: ['CA-1'] },
        { GGGroupId: '2', Cores: [core([at('10.0.0.2', 8883)])], CAs: ['CA-2', 'CA-3'] },
      ],
    });
    expect(parseDiscovery(body, 'here')).toEqual([
      { host: '10.0.0.1', port: 8883, ca: 'CA-1' },
      { host: 'core.local', port: 443, ca: 'CA-1' },
      { host: '10.0.0.2', port: 8883, ca: 'CA-2\nCA-3' },
    ]);
  });

  it('says what is wrong with an answer that names no core', () => {
    expect(() => parseDiscovery('<html>', 'here')).toThrow('here did not answer with JSON');
    for (const body of [
      'null',
      '[]',
      '{}',
      '{"GGGroups":[]}',
      '{"GGGroups":[{"Cores":[{"Connectivity":[{"HostAddress":1}]}]}]}',
    ]) {
      expect(() => parseDiscovery(body, 'here')).toThrow('here named no core');
    }
  });
});

describe('matches', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', '$aws/things', false],
    ['+/things', '$aws/things', false],
    ['$aws/#', '$aws/things', true],
    ['a/+/c', 'a//c', true],
  ])('%s takes in %s: %s', (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected);
  });
});
