/** Schemas that the options of several roles share, and the types they come out as. */
import type { OptionSchema } from './contract.js';

/** Name of a line, header position, or chip and offset; delivered as a LineAddress. */
export const LINE: OptionSchema = {
  title: 'Line',
  description: 'A line name (GPIO17), a header position (J8:11), or { chip: LABEL, offset: N }.',
  anyOf: [
    { type: 'string', pattern: '^(J8:[0-9]{1,2}|[A-Za-z_][A-Za-z0-9_.+/-]{0,31})$' },
    {
      type: 'object',
      properties: { chip: { type: 'string', minLength: 1 }, offset: { type: 'integer', minimum: 0 } },
      required: ['chip', 'offset'],
      additionalProperties: false,
    },
  ],
};

/** `500ms`, `20s`, `5m`; delivered as a number of milliseconds. */
export const DURATION: OptionSchema = { type: 'string', format: 'duration' };

/** Name of a thing of the group. */
export const THING: OptionSchema = { type: 'string', pattern: '^[a-zA-Z0-9:_-]{1,128}$' };

/** A topic that is published to: no wildcards. */
export const TOPIC: OptionSchema = {
  type: 'string',
  minLength: 1,
  maxLength: 256,
  pattern: '^[^+#$][^+#]*$',
};

/** A topic filter that is subscribed to: `+` for one level, `#` for the rest. */
export const FILTER: OptionSchema = { type: 'string', minLength: 1, maxLength: 256 };

/** Who gets what a role publishes: subscription rows follow from it. */
export const RECIPIENTS: OptionSchema = {
  title: 'Recipients',
  description: 'Things, functions or `cloud` that get the messages; rows in `subscriptions` add to it.',
  type: 'array',
  items: { type: 'string', pattern: '^[a-zA-Z0-9:_-]{1,128}$' },
  uniqueItems: true,
  default: [],
};

export const ACTIVE_LOW: OptionSchema = {
  title: 'Active low',
  description: 'The line is active when it is electrically low.',
  type: 'boolean',
  default: false,
};

export const MAX_ON: OptionSchema = {
  ...DURATION,
  title: 'Longest time on',
  description:
    'After this time on, the output goes to its safe state and the thing reports it. Default: no limit.',
};

export const BIAS: OptionSchema = {
  title: 'Bias',
  description: 'The pull resistor inside the chip.',
  enum: ['as-is', 'disabled', 'pull-up', 'pull-down'],
};
