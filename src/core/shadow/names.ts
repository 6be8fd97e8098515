import { badRequest, type ShadowError } from './errors.js';

/** Which shadow: a thing's classic one (`shadow` undefined) or one of its named ones. */
export interface ShadowId {
  readonly thing: string;
  readonly shadow: string | undefined;
}

const THING_NAME = /^[a-zA-Z0-9:_-]+$/;
const THING_NAME_MAX = 128;
/** `$` as in AWS IoT (`$package`); Greengrass V2 refuses it. */
const SHADOW_NAME = /^[$a-zA-Z0-9:_-]+$/;
const SHADOW_NAME_MAX = 64;

/** What is wrong with the names, in the order in which AWS's shadow manager looks; undefined when they are right. */
export function nameProblem(id: ShadowId): ShadowError | undefined {
  const { thing, shadow } = id;
  if (thing.length === 0) return badRequest('ThingName is missing');
  if (thing.length > THING_NAME_MAX) {
    return badRequest(`ThingName has a maximum length of ${THING_NAME_MAX}`);
  }
  if (!THING_NAME.test(thing)) return badRequest('ThingName must match pattern [a-zA-Z0-9:_-]+');
  if (shadow === undefined) return undefined;
  if (shadow.length > SHADOW_NAME_MAX) {
    return badRequest(`ShadowName has a maximum length of ${SHADOW_NAME_MAX}`);
  }
  if (!SHADOW_NAME.test(shadow)) return badRequest('ShadowName must match pattern [$a-zA-Z0-9:_-]+');
  return undefined;
}

/** An empty name means the classic shadow, as in the protocol's APIs. */
export function shadowId(thing: string, shadow?: string): ShadowId {
  return { thing, shadow: shadow === '' ? undefined : shadow };
}

/** One text per shadow; `/` is in no name. */
export function keyOf(id: ShadowId): string {
  return `${id.thing}/${id.shadow ?? ''}`;
}

export function idOf(key: string): ShadowId {
  const slash = key.indexOf('/');
  return shadowId(key.slice(0, slash), key.slice(slash + 1));
}
