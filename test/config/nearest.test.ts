import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/config/nearest.js';

describe('nearest', () => {
  it.each([
    ['trafic-light', 'traffic-light'],
    ['lapm', 'lamp'],
    ['Lamp', 'lamp'],
    ['tabel', 'table'],
    ['GG_TraficLigth', 'GG_TrafficLight'],
  ])('%s means %s', (word, meant) => {
    expect(nearest(word, ['lamp', 'traffic-light', 'table', 'GG_TrafficLight', 'thing'])).toBe(meant);
  });

  it.each(['x', 'ab', 'publisher', ''])('"%s" means none', (word) => {
    expect(nearest(word, ['lamp', 'traffic-light', 'a', 'abc'])).toBeUndefined();
  });

  it('prefers the closer of two', () => {
    expect(nearest('lines', ['line', 'lines2', 'lanes', 'Lines'])).toBe('Lines');
  });
});
