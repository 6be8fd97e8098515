import { describe, expect, it } from 'vitest';
import { codesIn, errorCodes } from './generate/error-codes.js';
import { filesBelow, read } from './generate/sources.js';

const CODES = errorCodes();

describe('error codes', () => {
  it('are found in every form of union', () => {
    const source = `
export type AErrorCode =
  /** One; with a semicolon. */
  | 'A_ONE'
  /**
   * Two, on
   * two lines.
   */
  | 'A_TWO';
export type BErrorCode = 'B_ONE' | 'B_TWO';
`;
    expect(codesIn(source, 'a.ts').map(({ union, code, meaning }) => [union, code, meaning])).toEqual([
      ['AErrorCode', 'A_ONE', 'One; with a semicolon.'],
      ['AErrorCode', 'A_TWO', 'Two, on two lines.'],
      ['BErrorCode', 'B_ONE', ''],
      ['BErrorCode', 'B_TWO', ''],
    ]);
    expect(() => codesIn('export type CErrorCode = AErrorCode;', 'c.ts')).toThrow(/CErrorCode/);
  });

  it('each have a sentence that says what they mean', () => {
    expect(CODES.length).toBeGreaterThan(10);
    expect(CODES.filter(({ meaning }) => !/^[A-Z].*\.$/.test(meaning))).toEqual([]);
  });

  it('are each declared once', () => {
    const codes = CODES.map(({ code }) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it('are those of the table in docs/errors.md, with the same sentences', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([A-Z0-9_]+)` *\| (.*?) *\|$/gm)];
    const listed = rows.map(([, code, meaning]) => `${code}: ${meaning!.replaceAll('\\|', '|')}`);
    expect(listed.sort()).toEqual(CODES.map(({ code, meaning }) => `${code}: ${meaning}`).sort());
  });

  it('are each provoked by a test', () => {
    const tests = filesBelow('test', '.ts').filter((file) => !file.startsWith('test/docs/'));
    const text = tests.map(read).join('\n');
    expect(CODES.map(({ code }) => code).filter((code) => !new RegExp(`\\b${code}\\b`).test(text))).toEqual(
      [],
    );
  });

  it('that the source names are declared', () => {
    const declared = new Set(CODES.map(({ code }) => code));
    const prefixes = new Set([...declared].map((code) => code.split('_')[0]!));
    const constructed = /new \w+Error\(\s*'([A-Z]+_[A-Z0-9_]+)'/g;
    const named = ['src', 'hal', 'devices']
      .flatMap((folder) => filesBelow(folder, '.ts'))
      .flatMap((file) => [...read(file).matchAll(constructed)].map(([, code]) => ({ file, code: code! })));
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ code }) => prefixes.has(code.split('_')[0]!) && !declared.has(code))).toEqual([]);
  });
});
