import { describe, expect, it } from 'vitest';
import { Memo } from '../../../src/core/group/memo.js';

describe('a memo', () => {
  it('keeps answers apart by all three names', () => {
    const memo = new Memo<number>(10);
    memo.set('a', 'b', 'c', 1);
    memo.set('a', 'c', 'b', 2);
    expect(memo.get('a', 'b', 'c')).toBe(1);
    expect(memo.get('a', 'c', 'b')).toBe(2);
    expect(memo.get('b', 'a', 'c')).toBeUndefined();
  });

  it('holds no more than its limit', () => {
    const memo = new Memo<number>(3);
    for (let n = 0; n < 3; n++) memo.set('a', 'b', `${n}`, n);
    memo.set('a', 'b', '2', 2);
    expect(memo.get('a', 'b', '0')).toBe(0);
    memo.set('a', 'b', '3', 3);
    const kept = [0, 1, 2, 3].filter((n) => memo.get('a', 'b', `${n}`) !== undefined);
    expect(kept.length).toBeLessThanOrEqual(3);
    expect(memo.get('a', 'b', '3')).toBe(3);
  });
});
