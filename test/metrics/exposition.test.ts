import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposition } from '../../src/metrics/exposition.js';
import { partMetrics } from '../../src/metrics/parts.js';
import { readExposition } from './exposition.js';

describe('the text format', () => {
  it('says the same whatever stands in labels, help and values', () => {
    const samples = fc.uniqueArray(fc.record({ text: fc.string({ unit: 'binary' }), value: fc.double() }), {
      minLength: 1,
      maxLength: 5,
      selector: ({ text }) => text,
    });
    fc.assert(
      fc.property(samples, fc.string({ minLength: 1 }), (given, help) => {
        const text = exposition([
          {
            name: 'a_b',
            type: 'gauge',
            help: `x${help}`,
            samples: given.map(({ text: one, value }) => ({ labels: { one, two: 'x' }, value })),
          },
        ]);
        const read = readExposition(text).get('a_b')!.samples;
        expect(read).toEqual(
          given.map(({ text: one, value }) => ({
            labels: { one, two: 'x' },
            value: value === 0 ? expect.closeTo(0) : value,
          })),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('leaves out metrics without samples, and ends at a thousand of one', () => {
    expect(exposition([{ name: 'a', type: 'gauge', help: 'x', samples: [] }])).toBe('');
    const samples = Array.from({ length: 1_500 }, (_, n) => ({ labels: { n: String(n) }, value: n }));
    const read = readExposition(exposition([{ name: 'a', type: 'gauge', help: 'x', samples }]));
    expect(read.get('a')!.samples).toHaveLength(1_000);
  });
});

describe('figures of parts', () => {
  it('become metrics in base units, by the part and never by a figure that is no number', () => {
    const text = exposition(
      partMetrics(
        [
          {
            name: 'GG_Own',
            kind: 'function',
            state: 'degraded',
            figures: { invocations: 7, memoryMb: 1.5, memoryLimitMb: 64, runtime: 'python3' },
          },
          {
            name: 'dynamodb',
            kind: 'spool',
            state: 'ok',
            figures: {
              queued: 2,
              bytes: 300,
              droppedForSize: 1,
              droppedForAge: 0,
              delivered: 9,
              oldestAt: 'x',
            },
          },
          { name: 'aws-iot', kind: 'cloud', state: 'ok', figures: { connected: true, connects: 3 } },
          // a thing may have the name of a part
          { name: 'broker', kind: 'led', state: 'failed', figures: { connects: 1, clients: 5 } },
        ],
        (name) => name === 'broker',
      ),
    );
    const read = readExposition(text);
    const samples = (name: string) => read.get(name)?.samples;
    expect(samples('greenlight_part_state')?.map(({ value }) => value)).toEqual([1, 0, 0, 2]);
    expect(samples('greenlight_function_memory_bytes')).toEqual([
      { labels: { function: 'GG_Own' }, value: 1_572_864 },
    ]);
    expect(samples('greenlight_spool_dropped_total')).toEqual([
      { labels: { destination: 'dynamodb', reason: 'size' }, value: 1 },
      { labels: { destination: 'dynamodb', reason: 'age' }, value: 0 },
    ]);
    expect(samples('greenlight_cloud_connected')).toEqual([{ labels: { destination: 'aws-iot' }, value: 1 }]);
    expect(samples('greenlight_thing_connects_total')).toEqual([{ labels: { thing: 'broker' }, value: 1 }]);
    expect(samples('greenlight_broker_clients')).toBeUndefined();
  });
});
