/** Limits of a group, as AWS IoT Greengrass has them; each can be set otherwise. */
export interface GroupLimits {
  readonly things: number;
  readonly functions: number;
  readonly rows: number;
  /** Bytes of a message's payload; the broker keeps this one. */
  readonly messageBytes: number;
  /** UTF-8 bytes of a topic, and of a row's subject. */
  readonly topicBytes: number;
  /** `/` in a topic. Those of `$aws/rules/NAME/` do not count, as in AWS IoT's Basic Ingest. */
  readonly topicSlashes: number;
}

export const GROUP_LIMITS: GroupLimits = {
  things: 2_500,
  functions: 200,
  rows: 10_000,
  messageBytes: 128 * 1024,
  topicBytes: 256,
  topicSlashes: 7,
};

const BASIC_INGEST = /^\$aws\/rules\/[^/]*\//i;

/** @returns what is wrong with the topic, as a clause; undefined when it is within the limits */
export function topicLimitProblem(
  topic: string,
  limits: Pick<GroupLimits, 'topicBytes' | 'topicSlashes'>,
): string | undefined {
  // A UTF-16 unit is at most 3 bytes, so most topics need no count.
  if (topic.length * 3 > limits.topicBytes && Buffer.byteLength(topic) > limits.topicBytes) {
    return `is longer than ${limits.topicBytes} bytes`;
  }
  const counted = topic.startsWith('$') ? topic.replace(BASIC_INGEST, '') : topic;
  let slashes = 0;
  for (let at = counted.indexOf('/'); at >= 0; at = counted.indexOf('/', at + 1)) slashes++;
  return slashes > limits.topicSlashes ? `has more than ${limits.topicSlashes} slashes` : undefined;
}
