/** Error codes, read from the `…ErrorCode` unions in the source: each member has a doc comment that says what it means. */
import { table } from '../../../src/config/reference.js';
import { filesBelow, read } from './sources.js';

export interface ErrorCode {
  readonly code: string;
  /** Name of the union: `HalErrorCode`. */
  readonly union: string;
  /** File that declares it. */
  readonly file: string;
  /** Empty when it has none. */
  readonly meaning: string;
}

/** Every code, in the order of files and declarations. */
export function errorCodes(): readonly ErrorCode[] {
  return ['hal', 'devices', 'src']
    .flatMap((folder) => filesBelow(folder, '.ts'))
    .flatMap((file) => codesIn(read(file), file));
}

/**
 * @returns the codes of every `export type XErrorCode = …;` in a source text
 * @throws {Error} when a union is written in another form than doc comment and literal
 */
export function codesIn(source: string, file: string): readonly ErrorCode[] {
  const codes: ErrorCode[] = [];
  for (const head of source.matchAll(/^export type (\w+ErrorCode) =/gm)) {
    const member = /\s*(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?(?:\|\s*)?'([A-Z0-9_]+)'/y;
    let end = head.index + head[0].length;
    for (;;) {
      member.lastIndex = end;
      const match = member.exec(source);
      if (match === null) break;
      end = member.lastIndex;
      const meaning = (match[1] ?? '')
        .replace(/^\s*\* ?/gm, '')
        .replace(/\s+/g, ' ')
        .trim();
      codes.push({ code: match[2]!, union: head[1]!, file, meaning });
    }
    if (source[end] !== ';')
      throw new Error(`${file}: ${head[1]} has a member that is no doc comment and literal`);
  }
  return codes;
}

/** The table of docs/errors.md: a part for each union. */
export function errorTable(codes: readonly ErrorCode[]): string {
  const unions = [...new Set(codes.map(({ union }) => union))];
  return unions
    .map((union) => {
      const own = codes.filter((code) => code.union === union);
      const rows = own.map(({ code, meaning }) => [`\`${code}\``, meaning.replaceAll('|', '\\|')]);
      const title = union.replace(/ErrorCode$/, 'Error');
      return [`## ${title}`, `Declared in \`${own[0]!.file}\`.`, table(['Code', 'Meaning'], rows)].join(
        '\n\n',
      );
    })
    .join('\n\n');
}
