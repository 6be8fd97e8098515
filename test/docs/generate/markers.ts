/** Generated parts of hand-written pages stand between `<!-- generated: NAME -->` and `<!-- end: NAME -->`. */

/** @throws {Error} when the page lacks a marker */
export function fill(page: string, parts: Readonly<Record<string, string>>): string {
  let result = page;
  for (const [name, text] of Object.entries(parts)) {
    const start = `<!-- generated: ${name} -->`;
    const end = `<!-- end: ${name} -->`;
    const from = result.indexOf(start);
    const to = result.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`the page lacks "${start}" … "${end}"`);
    result = `${result.slice(0, from + start.length)}\n\n${text}\n\n${result.slice(to)}`;
  }
  return result;
}
