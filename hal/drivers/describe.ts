import type { LineIdentity } from '../contract.js';

/** Where a line is, for messages: `GPIO17 (pinctrl-bcm2711:17)`. */
export function describe(line: LineIdentity): string {
  const place = `${line.chip}:${line.offset}`;
  return line.name === '' ? place : `${line.name} (${place})`;
}
