import { expect, it } from 'vitest';
import { Group } from '../../../src/core/group/index.js';

it('a thing cannot join under the name of a function, nor beyond the limit of things', () => {
  const group = new Group({ name: 'g', limits: { things: 1 } });
  group.replace({ things: [], functions: [{ name: 'F' }], rows: [] });
  expect(() => group.join('F')).toThrow(expect.objectContaining({ code: 'GROUP_NAME' }));
  expect(group.join('A')).toBe(true);
  expect(() => group.join('B')).toThrow(expect.objectContaining({ code: 'GROUP_LIMIT' }));
  expect(group.member('B')).toBeUndefined();
});
