import { HalError } from '../errors.js';

/** The error for a line that no chip has, with up to three names that look like it. */
export function unknownLine(wanted: string, names: Iterable<string>): HalError {
  const near = [...new Set(names)]
    .filter((name) => name !== '')
    .map((name) => ({ name, distance: distance(wanted.toUpperCase(), name.toUpperCase()) }))
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name, 'en', { numeric: true }))
    .slice(0, 3)
    .map((entry) => entry.name);
  const hint =
    near.length > 0 ? `; the nearest names are ${near.join(', ')}` : '; the chips have no named lines';
  return new HalError('HAL_LINE_UNKNOWN', `line "${wanted}" is on no chip${hint}`);
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
