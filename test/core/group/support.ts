import fc from 'fast-check';
import { type Clock, type Log, SILENT, SystemClock } from '../../../hal/index.js';
import {
  Group,
  type GroupDefinition,
  GroupPolicy,
  OWN_NAME,
  type Party,
  type SubscriptionRow,
} from '../../../src/core/group/index.js';

/** Few words, so that topics and filters meet often. */
const level = fc.constantFrom('a', 'b', '', '$aws', 'T1', 'T2');
const filterLevel = fc.constantFrom('a', 'b', '', '$aws', 'T1', '+');

export const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
export const filters = withRest(fc.array(filterLevel, { minLength: 1, maxLength: 4 }));
export const subjects = withRest(
  fc.array(fc.oneof(filterLevel, fc.constant(OWN_NAME)), { minLength: 1, maxLength: 4 }),
).filter((subject) => subject.split(OWN_NAME).length <= 2);

function withRest(levels: fc.Arbitrary<string[]>): fc.Arbitrary<string> {
  return fc.tuple(levels, fc.boolean()).map(([all, rest]) => [...all, ...(rest ? ['#'] : [])].join('/'));
}

export const row = (source: Party, subject: string, target: Party): SubscriptionRow => ({
  source,
  subject,
  target,
  origin: 'configured',
});

/** Publisher, Subscriber, Switch (no role), two traffic lights and a function. */
export const CROSSING: GroupDefinition = {
  core: 'Core',
  things: [
    { name: 'Publisher' },
    { name: 'Subscriber' },
    { name: 'Switch', role: 'light-controller' },
    { name: 'Light1', role: 'traffic-light' },
    { name: 'Light2', role: 'traffic-light' },
  ],
  functions: [{ name: 'Aggregator' }],
  rows: [],
};

export function groupWith(...rows: readonly SubscriptionRow[]): Group {
  const group = new Group({ name: 'crossing' });
  group.replace({ ...CROSSING, rows });
  return group;
}

export function policyOf(
  group: Group,
  options: {
    readonly revoked?: Readonly<Record<string, string>>;
    readonly internal?: readonly string[];
    readonly clock?: Clock;
    readonly log?: Log;
  } = {},
): GroupPolicy {
  return new GroupPolicy({
    group,
    revokedAt: (thing) => options.revoked?.[thing],
    ...(options.internal && { internal: new Set(options.internal) }),
    clock: options.clock ?? new SystemClock(),
    log: options.log ?? SILENT,
  });
}
