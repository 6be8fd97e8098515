/** Topic filters as policies of AWS have them. */

/** The topics that an MQTT filter matches, with the wildcard of policies: `a/+/#` becomes `a`, then two stars. */
export function topicPattern(filter: string): string {
  return filter
    .split('/')
    .map((level) => (level === '+' || level === '#' ? '*' : level))
    .join('/');
}

/** Where a shadow's topics begin. */
export function shadowTopic(thing: string, shadow: string | undefined): string {
  return `$aws/things/${thing}/shadow${shadow === undefined ? '' : `/name/${shadow}`}`;
}
