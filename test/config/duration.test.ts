import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DURATION_PATTERN, MAX_DURATION_MS, parseDuration } from '../../src/config/duration.js';

describe('parseDuration', () => {
  it.each([
    ['1ms', 1],
    ['500ms', 500],
    ['20s', 20_000],
    ['1.5s', 1_500],
    ['1.1s', 1_100],
    ['0.001s', 1],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['365d', MAX_DURATION_MS],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '20',
    's',
    '20 s',
    ' 20s',
    '-1s',
    '+1s',
    '1e3s',
    '.5s',
    '1.s',
    '20S',
    '20sec',
    '1h30m',
    '0ms',
    '0.5ms',
    '0.0001s',
    '366d',
    '365.5d',
    '99999999999999999999999999999999d',
    '１s',
  ])('"%s" is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('agrees with the published pattern on the form', () => {
    const pattern = new RegExp(DURATION_PATTERN);
    const text = fc.stringMatching(/^[0-9.]{0,4}(ms|s|m|h|d|x)?$/);
    fc.assert(fc.property(text, (sample) => parseDuration(sample) === undefined || pattern.test(sample)));
  });

  it('takes every whole number of ms within the bounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_DURATION_MS }), (ms) => parseDuration(`${ms}ms`) === ms),
    );
  });
});
