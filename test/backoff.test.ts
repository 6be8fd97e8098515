import { expect, it } from 'vitest';
import { Backoff } from '../src/backoff.js';

it('doubles up to its maximum, keeps at least a quarter of the step, and begins anew after a success', () => {
  const least = new Backoff({ firstMs: 100, maxMs: 1_000 }, () => 0);
  expect(Array.from({ length: 6 }, () => least.next())).toEqual([25, 50, 100, 200, 250, 250]);
  const most = new Backoff({ firstMs: 100, maxMs: 1_000 }, () => 0.999999);
  expect(Array.from({ length: 5 }, () => most.next())).toEqual([100, 200, 400, 800, 1_000]);
  most.reset();
  expect(most.next()).toBe(100);
});
