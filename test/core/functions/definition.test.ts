import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import { functionName } from '../../../src/core/functions/arn.js';
import { subjectsOf } from '../../../src/core/functions/index.js';
import { LineLog } from '../../../src/core/functions/process/lines.js';
import { Slots } from '../../../src/core/functions/slots.js';
import { matches, OWN_NAME, type SubscriptionRow } from '../../../src/core/group/index.js';
import { capture, type Line } from './support.js';

const row = (subject: string, target = 'F'): SubscriptionRow => ({
  source: 'S',
  subject,
  target,
  origin: 'configured',
});

describe('the filters of a function', () => {
  it('are those of its rows, without those that others cover', () => {
    const rows = ['a/b', 'a/+', 'c/#', 'c/d', 'c', 'x/+/y', `$aws/things/${OWN_NAME}/shadow/#`].map(
      (subject) => row(subject),
    );
    expect(subjectsOf('F', [...rows, row('other', 'G')])).toEqual([
      '$aws/things/+/shadow/#',
      'a/+',
      'c/#',
      'x/+/y',
    ]);
  });

  it('let through whatever any of the rows lets through', () => {
    const level = fc.constantFrom('a', 'b', '+');
    const filter = fc
      .tuple(fc.array(level, { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([levels, hash]) => [...levels, ...(hash ? ['#'] : [])].join('/'));
    const topic = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
      .map((levels) => levels.join('/'));
    fc.assert(
      fc.property(
        fc.array(filter, { maxLength: 6 }),
        fc.array(topic, { maxLength: 20 }),
        (filters, topics) => {
          const kept = subjectsOf(
            'F',
            filters.map((subject) => row(subject)),
          );
          for (const one of topics) {
            expect(kept.some((wide) => matches(wide, one))).toBe(filters.some((wide) => matches(wide, one)));
          }
          for (const one of kept)
            expect(subjectsOf('F', [...kept.map((f) => row(f)), row(one)])).toEqual(kept);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('names of functions', () => {
  it.each([
    ['arn:aws:lambda:us-east-1:000000000000:function:Hello:1', 'Hello'],
    ['arn:aws-cn:lambda:cn-north-1:123456789012:function:Hello', 'Hello'],
    ['arn:aws:lambda:::function:Hello:$LATEST', 'Hello'],
    ['Hello', 'Hello'],
    ['arn:aws:iot:us-east-1:1:thing/Hello', undefined],
    ['', undefined],
  ])('%s is %s', (arn, name) => {
    expect(functionName(arn)).toBe(name);
  });
});

describe('lines of a function', () => {
  it('are as many in a second as allowed; the rest is counted', async () => {
    const lines: Line[] = [];
    const clock = new VirtualClock();
    const log = new LineLog({ log: capture(lines), clock, perSecond: 3 });
    for (let i = 0; i < 10; i++) log.write(`line ${i}`, 'info');
    await clock.advance(1_000);
    log.write('<7>later', 'info');
    log.write(`<3>${'x'.repeat(10_000)}`, 'info');
    expect(lines.map(({ level, text }) => [level, text.slice(0, 20)])).toEqual([
      ['info', 'line 0'],
      ['info', 'line 1'],
      ['info', 'line 2'],
      ['warn', '7 lines were left ou'],
      ['debug', 'later'],
      ['error', 'x'.repeat(20)],
    ]);
    expect(lines.at(-1)?.text).toHaveLength(8_192);
  });
});

describe('processes that start', () => {
  it('are at most so many at a time, in order, also when some give up waiting', () => {
    const slots = new Slots({ onDemandWorkers: 9, starting: 2 });
    const began: number[] = [];
    const leave = [1, 2, 3, 4, 5].map((i) => slots.enter(() => void began.push(i)));
    expect(began).toEqual([1, 2]);
    leave[2]!();
    leave[0]!();
    leave[0]!();
    expect(began).toEqual([1, 2, 4]);
    leave[1]!();
    expect(began).toEqual([1, 2, 4, 5]);
    for (const one of leave) one();
    slots.enter(() => void began.push(6));
    slots.enter(() => void began.push(7));
    slots.enter(() => void began.push(8));
    expect(began).toEqual([1, 2, 4, 5, 6, 7]);
  });
});
