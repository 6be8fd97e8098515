import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, read } from './generate/sources.js';
import { type Import, importsIn, importsOf } from './imports.js';
import { ALLOWED, partOf } from './layers.js';

const IMPORTS = importsOf(['src', 'hal', 'devices']);
const REGISTRY = 'hal/registry.ts';

/** What breaks the layers, one sentence per import. */
function breaches(imports: readonly Import[]): readonly string[] {
  return imports.flatMap(({ file, target, kind, mode }) => {
    if (kind !== 'file') return [];
    const from = partOf(file);
    const to = partOf(target);
    const { use, types = [] } = ALLOWED[from]!;
    if (from === to || use.includes(to)) return [];
    if (mode === 'type' && types.includes(to)) return [];
    if (to === 'drivers' && file === REGISTRY && mode === 'lazy') return [];
    const how = types.includes(to) ? ' at run time (its types may be named)' : '';
    return [`${file} imports ${target}: ${from} may not use ${to}${how}`];
  });
}

describe('imports', () => {
  it('are read in every form', () => {
    const source = `
import a from './a.js';
import { b, type B } from '../hal/index.js';
import { type C } from './c.js';
import type { D } from 'd';
import 'e/f';
// import g from 'g';
/* import h from 'h'; */
export { i } from '@scope/i/deep';
export * from './j.js';
export type * from './k.js';
const l = await import('l');
let m: typeof import('m');
import {
  n,
  o,
} from 'node:fs';
const p = "x"; const q = require('q');
`;
    expect(
      importsIn(source, 'src/x.ts').map(({ target, kind, mode }) => `${target} ${kind} ${mode}`),
    ).toEqual([
      'src/a.ts file value',
      'hal/index.ts file value',
      'src/c.ts file type',
      'd package type',
      '@scope/i package value',
      'src/j.ts file value',
      'src/k.ts file type',
      'node:fs node value',
      'e package value',
      'l package lazy',
      'm package type',
      'q package lazy',
    ]);
  });

  it('of files lead to files', () => {
    expect(IMPORTS.length).toBeGreaterThan(200);
    const files = IMPORTS.filter(({ kind }) => kind === 'file');
    expect(files.filter(({ target }) => !existsSync(join(ROOT, target)))).toEqual([]);
  });

  it('point down', () => {
    expect(breaches(IMPORTS)).toEqual([]);
  });

  it('that point up are found', () => {
    const up = [
      ['hal/contract.ts', './registry.js', 'value'],
      ['hal/contract.ts', './drivers/mock/index.js', 'type'],
      ['hal/registry.ts', './drivers/mock/index.js', 'value'],
      ['devices/led.ts', '../hal/drivers/mock/index.js', 'type'],
      ['devices/led.ts', '../src/lifecycle.js', 'value'],
      ['src/core/core.ts', '../../devices/contract.js', 'type'],
      ['src/core/core.ts', '../config/load.js', 'value'],
      ['src/store/level.ts', '../app.js', 'type'],
      ['src/app.ts', './cli/program.js', 'value'],
      ['src/things/thing.ts', '../core/core.js', 'type'],
    ] as const;
    for (const [file, specifier, mode] of up) {
      const source = `import ${mode === 'type' ? 'type ' : ''}{ x } from '${specifier}';`;
      expect(breaches(importsIn(source, file)), file).toHaveLength(1);
    }
  });

  it('of hal’s contract are of Node only', () => {
    const foreign = IMPORTS.filter(({ file, kind }) => kind === 'package' && partOf(file) === 'hal contract');
    expect(foreign).toEqual([]);
  });

  it('of each package stand in one file, its doorway', () => {
    const doorways = new Map<string, Set<string>>();
    for (const { file, target, kind, mode } of IMPORTS) {
      if (kind !== 'package' || mode === 'type') continue;
      doorways.set(target, (doorways.get(target) ?? new Set()).add(file));
    }
    const shared = [...doorways].filter(([, files]) => files.size > 1);
    expect(shared.map(([name, files]) => `${name} is imported by ${[...files].join(' and ')}`)).toEqual([]);
  });

  it('are of declared packages; optional ones are imported when needed', () => {
    const { dependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >;
    const wrong = IMPORTS.filter(({ kind, target, mode }) => {
      if (kind !== 'package' || mode === 'type') return false;
      if (Object.hasOwn(optionalDependencies!, target)) return mode !== 'lazy';
      return !Object.hasOwn(dependencies!, target);
    });
    expect(wrong).toEqual([]);
  });

  it('go in no circle', () => {
    const below = new Map<string, string[]>();
    for (const { file, target, kind, mode } of IMPORTS) {
      if (kind === 'file' && mode === 'value') below.set(file, [...(below.get(file) ?? []), target]);
    }
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trail: readonly string[]) => {
      const at = trail.indexOf(file);
      if (at >= 0) circles.push([...trail.slice(at), file].join(' → '));
      if (at >= 0 || done.has(file)) return;
      for (const next of below.get(file) ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const file of below.keys()) visit(file, []);
    expect(circles).toEqual([]);
  });
});
