/** Imports of the project's sources, read from their text. */
import { posix } from 'node:path';
import { filesBelow, read } from './generate/sources.js';

export interface Import {
  readonly file: string;
  /** A file of the project (`hal/index.ts`), a package (`mqtt`, `@peculiar/x509`) or `node:…`. */
  readonly target: string;
  readonly kind: 'file' | 'package' | 'node';
  /** `type`: gone after compilation. `lazy`: `import()`. */
  readonly mode: 'value' | 'type' | 'lazy';
}

export function importsOf(folders: readonly string[]): readonly Import[] {
  return folders
    .flatMap((folder) => filesBelow(folder, '.ts'))
    .flatMap((file) => importsIn(read(file), file));
}

export function importsIn(source: string, file: string): readonly Import[] {
  const code = withoutComments(source);
  const imports: Import[] = [];
  const add = (specifier: string, mode: Import['mode']) =>
    imports.push({ file, mode, ...resolve(file, specifier) });
  for (const [, clause, specifier] of code.matchAll(
    /^\s*(?:import|export)\s+((?:type\s+)?(?:[\w$*]|\{[^}]*\}|[\s,])*?)\s*from\s*['"]([^'"]+)['"]/gm,
  )) {
    add(specifier!, onlyTypes(clause!) ? 'type' : 'value');
  }
  for (const [, specifier] of code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)) add(specifier!, 'value');
  for (const [, before, specifier] of code.matchAll(
    /(typeof\s+|[:<|&]\s*)?\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
  )) {
    add(specifier!, before === undefined ? 'lazy' : 'type');
  }
  for (const [, specifier] of code.matchAll(/\brequire(?:\.resolve)?\(\s*['"]([^'"]+)['"]\s*\)/g))
    add(specifier!, 'lazy');
  return imports;
}

/** `type X`, `type { … }`, and `{ type A, type B }`: nothing of it is there at run time. */
function onlyTypes(clause: string): boolean {
  if (/^type\s/.test(clause)) return true;
  const names = /^\{([^}]*)\}$/.exec(clause.trim())?.[1];
  if (names === undefined) return false;
  const each = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return each.length > 0 && each.every((name) => name.startsWith('type '));
}

function resolve(file: string, specifier: string): Pick<Import, 'target' | 'kind'> {
  if (specifier.startsWith('node:')) return { target: specifier, kind: 'node' };
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
    return { target: path, kind: 'file' };
  }
  const parts = specifier.split('/');
  return { target: parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/'), kind: 'package' };
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
