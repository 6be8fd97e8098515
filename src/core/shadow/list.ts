import type { Clock } from '../../../hal/index.js';
import { badRequest } from './errors.js';
import { nameProblem } from './names.js';
import type { ShadowStore } from './store.js';

export interface ListPage {
  /** 1..100, default 25. */
  readonly pageSize?: number;
  /** From the page before, of the same thing. */
  readonly nextToken?: string;
}

/** Body of an answer to ListNamedShadowsForThing. */
export interface ListedNames {
  readonly results: readonly string[];
  /** Present when there are more. */
  readonly nextToken?: string;
  /** Epoch seconds. */
  readonly timestamp: number;
}

const DEFAULT_PAGE = 25;
const MAX_PAGE = 100;
/** More than any token that was handed out has. */
const MAX_TOKEN = 512;

/** AWS IoT data plane API, ListNamedShadowsForThing: the classic shadow and deleted ones are not in the list. */
export async function listNames(
  { store, clock }: { readonly store: ShadowStore; readonly clock: Clock },
  thing: string,
  { pageSize = DEFAULT_PAGE, nextToken }: ListPage,
): Promise<ListedNames> {
  const problem = nameProblem({ thing, shadow: undefined });
  if (problem !== undefined) throw problem;
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > MAX_PAGE) {
    throw badRequest(`pageSize argument must be between 1 and ${MAX_PAGE}`);
  }
  const after = nextToken === undefined ? undefined : afterIn(nextToken, thing);
  // one more than asked for tells whether there is a next page
  const found = await store.names(thing, { limit: pageSize + 1, ...(after !== undefined && { after }) });
  const results = found.slice(0, pageSize);
  const last = found.length > pageSize ? results.at(-1) : undefined;
  const timestamp = Math.floor(clock.now() / 1000);
  return { results, ...(last !== undefined && { nextToken: tokenFor(thing, last) }), timestamp };
}

/** Says where to go on; nothing secret, and worth nothing for another thing. */
function tokenFor(thing: string, last: string): string {
  return Buffer.from(`${thing}/${last}`).toString('base64url');
}

function afterIn(token: string, thing: string): string {
  const text = token.length > MAX_TOKEN ? '' : Buffer.from(token, 'base64url').toString('utf8');
  const after = text.startsWith(`${thing}/`) ? text.slice(thing.length + 1) : '';
  if (after === '' || nameProblem({ thing, shadow: after }) !== undefined) {
    throw badRequest('Invalid nextToken argument');
  }
  return after;
}
