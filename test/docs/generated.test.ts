import { describe, expect, it } from 'vitest';
import { generated } from './generate/all.js';
import { fill } from './generate/markers.js';
import { read } from './generate/sources.js';

describe('generated texts', () => {
  it.each(Object.entries(generated()))('%s is what `npm run docs` writes', (path, text) => {
    expect(read(path)).toBe(text);
  });

  it('are put between their markers, and nothing else changes', () => {
    const page = 'a\n<!-- generated: x -->\nold\n<!-- end: x -->\nb';
    const filled = fill(page, { x: 'new $& text' });
    expect(filled).toBe('a\n<!-- generated: x -->\n\nnew $& text\n\n<!-- end: x -->\nb');
    expect(fill(filled, { x: 'new $& text' })).toBe(filled);
    expect(() => fill(page, { y: '' })).toThrow(/lacks "<!-- generated: y -->"/);
  });
});
