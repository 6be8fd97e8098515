/** Where every tool must be there: then one that is missing is a failure, not a reason to skip. */
export const MUST_HAVE_ALL = process.env.CI !== undefined;

/** For `skipIf`: true where the tool is missing and may be. The title of what is skipped says which tool it needs. */
export function mayLackFor(present: boolean): boolean {
  return !present && !MUST_HAVE_ALL;
}
