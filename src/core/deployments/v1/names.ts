/** Names in the place of ARNs. */

/** Source or target of a row: a thing, a function, `cloud`, `GGShadowService`; undefined for what we have not. */
export function partyOf(arn: string): string | undefined {
  if (arn === 'cloud' || arn === 'GGShadowService') return arn;
  return thingOf(arn) ?? (isSystemFunction(arn) ? undefined : functionOf(arn));
}

export function thingOf(arn: string): string | undefined {
  return /^arn:aws[a-z-]*:iot:[^:]*:[^:]*:thing\/(.+)$/.exec(arn)?.[1];
}

/** Version and alias are left out: here a function is what the group says. */
export function functionOf(arn: string): string | undefined {
  return /^arn:aws[a-z-]*:lambda:[^:]*:[^:]*:function:([a-zA-Z0-9_-]+)(?::.*)?$/.exec(arn)?.[1];
}

/** One that came with the Greengrass core itself. */
export function isSystemFunction(arn: string): boolean {
  return /^arn:aws[a-z-]*:lambda:::function:GG/.test(arn);
}
