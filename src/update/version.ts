/** Versions as packages have them: Semantic Versioning 2.0.0, without build metadata. */
export const VERSION = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]{1,64}))?$/;

/** Negative: `a` is older than `b`; by clause 11 of Semantic Versioning. @throws {RangeError} for what is no version */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (const [i, number] of left.numbers.entries()) {
    const difference = number - right.numbers[i]!;
    if (difference !== 0) return difference;
  }
  return comparePre(left.pre, right.pre);
}

function parts(version: string): { numbers: readonly number[]; pre: readonly string[] } {
  const match = VERSION.exec(version);
  if (match === null) throw new RangeError(`"${version}" is no version`);
  const [, major, minor, patch, pre] = match;
  return { numbers: [major, minor, patch].map(Number), pre: pre === undefined ? [] : pre.split('.') };
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  // a release comes after what was before it
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = compareIdentifiers(a[i]!, b[i]!);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareIdentifiers(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return Number(a) - Number(b);
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
