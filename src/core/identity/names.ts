import { IdentityError } from './errors.js';

/** AWS IoT: a thing name. Nothing in it can leave a folder, so it serves as a file name too. */
const THING_NAME = /^[a-zA-Z0-9:_-]{1,128}$/;

/** Names that mean something else in the subscription table. */
const RESERVED: ReadonlySet<string> = new Set(['cloud', 'GGShadowService']);

/** @returns what is wrong with the name, as a clause; undefined when it can name a thing */
export function thingNameProblem(name: string): string | undefined {
  if (!THING_NAME.test(name)) return 'needs 1 to 128 of the characters a-z A-Z 0-9 : _ -';
  if (RESERVED.has(name)) return 'is reserved for the subscription table';
  return undefined;
}

/** @throws {IdentityError} IDENTITY_NAME */
export function checkThingName(name: string): void {
  const problem = thingNameProblem(name);
  if (problem !== undefined) {
    throw new IdentityError(
      'IDENTITY_NAME',
      `the thing name ${JSON.stringify(name.slice(0, 140))} ${problem}`,
    );
  }
}
