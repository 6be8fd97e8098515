/** MQTT topic filters (MQTT 5.0, section 4.7), with one level of our own: `${thing}`. */

export { matches } from '../../topic-filter.js';

/** A level of a row's subject that stands for the name of the thing for which the row is taken. */
export const OWN_NAME = '$' + '{thing}';

/** @returns what is wrong with the filter, as a clause; undefined when it is one */
export function filterProblem(filter: string): string | undefined {
  if (filter === '') return 'is empty';
  if (filter.includes('\0')) return 'contains a NUL character';
  const levels = filter.split('/');
  if (levels.filter((level) => level === OWN_NAME).length > 1) return `has more than one ${OWN_NAME}`;
  for (const [at, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || at !== levels.length - 1)) {
      return 'has a # that is not alone in the last level';
    }
    if (level.includes('+') && level !== '+') return 'has a + that is not alone in its level';
    if (level.includes(OWN_NAME) && level !== OWN_NAME)
      return `has a ${OWN_NAME} that is not alone in its level`;
  }
  return undefined;
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

export function namesOwner(filter: string): boolean {
  return filter.includes(OWN_NAME);
}

/** The filter with its {@link OWN_NAME} levels replaced. */
export function withOwner(filter: string, thing: string): string {
  return filter.replaceAll(OWN_NAME, thing);
}

/** Whether some topic matches both filters. */
export function overlap(a: string, b: string): boolean {
  const left = a.split('/');
  const right = b.split('/');
  if (isWild(left[0]) && right[0]?.startsWith('$')) return false;
  if (isWild(right[0]) && left[0]?.startsWith('$')) return false;
  for (let at = 0; ; at++) {
    const one = left[at];
    const other = right[at];
    // `a/#` includes `a` itself.
    if (one === '#' || other === '#') return true;
    if (one === undefined || other === undefined) return one === other;
    if (one !== other && one !== '+' && other !== '+') return false;
  }
}

/** How many levels two filters share from the left, for finding the nearest. */
export function sharedLevels(a: string, b: string): number {
  const left = a.split('/');
  const right = b.split('/');
  let shared = 0;
  while (shared < left.length && shared < right.length && levelsMeet(left[shared], right[shared])) shared++;
  return shared;
}

function levelsMeet(a: string | undefined, b: string | undefined): boolean {
  return a === b || isWild(a) || isWild(b) || a === OWN_NAME || b === OWN_NAME;
}

function isWild(level: string | undefined): boolean {
  return level === '+' || level === '#';
}
