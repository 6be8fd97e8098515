import { describe, expect, it } from 'vitest';
import { filesBelow, read } from './generate/sources.js';

/** Texts that belong to somebody's machine. Put together here, so that this file does not contain them itself. */
const LOCAL = [
  { what: 'a folder of the machine it was written on', pattern: new RegExp(`(^|[^\\w.])/${'work'}/`) },
  {
    what: 'the host of a package registry',
    pattern: new RegExp(`https?://[\\w.:-]*(${'regi'}stry|${'ver'}daccio|${'arti'}factory)[\\w.:-]*`),
  },
];

const BINARY = /\.(png|jpg|ico|woff2?|gz|tgz|bin|der|p12)$/;

describe('no file mentions', () => {
  const files = filesBelow('.').filter((file) => !BINARY.test(file));

  it.each(LOCAL)('$what', ({ pattern }) => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => pattern.test(read(file)))).toEqual([]);
  });
});
