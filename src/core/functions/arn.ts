/**
 * Names of functions as the V1 runtime writes them. There is no account and no region here; the form is kept because
 * the published SDKs and runtimes parse it (`arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION`).
 */
const PREFIX = 'arn:aws:lambda:us-east-1:000000000000:function:';

/** Exactly these: the Python SDK compares the router's. */
export const ROUTER_ARN = 'arn:aws:lambda:::function:GGRouter';
export const SHADOW_ARN = 'arn:aws:lambda:::function:GGShadowService';
export const SECRETS_ARN = 'arn:aws:lambda:::function:GGSecretManager:1';

export function functionArn(name: string): string {
  return `${PREFIX}${name}:1`;
}

/** The function's name in an ARN of any account and region, or a plain name; undefined when it is neither. */
export function functionName(arn: string): string | undefined {
  const match =
    /^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]*:[a-zA-Z0-9]*:function:)?([a-zA-Z0-9_-]+)(?::[a-zA-Z0-9$_-]+)?$/.exec(
      arn,
    );
  return match?.[1];
}
