/** Rows of the subscription table: who may send what to whom, and why the row is there. */
import { OWN_NAME } from './filter.js';

/** The shadow service's name in the table. */
export const SHADOW_SERVICE = 'GGShadowService';
/** AWS IoT's name in the table. */
export const CLOUD = 'cloud';

/** Name in the table of what keeps measurements on this machine. No member can have it. */
export const TELEMETRY = '@telemetry';

/** A member's name, `GGShadowService` or `cloud`; or every thing of a role; or every thing. */
export type Party = string | { readonly role: string } | { readonly every: 'thing' };

/**
 * `configured`: written by the user. `role`, `builtin`: follows from a thing's role or a builtin function.
 * `member`: every thing's way to its own shadow.
 */
export type RowOrigin = 'configured' | 'role' | 'builtin' | 'member';

/** A message from `source` on a topic that matches `subject` may reach `target`. */
export interface SubscriptionRow {
  readonly source: Party;
  /**
   * MQTT filter. A level `${thing}` stands for the name of the thing that a pattern in `source`, or else in `target`,
   * stands for.
   */
  readonly subject: string;
  readonly target: Party;
  readonly origin: RowOrigin;
  /** Where the row comes from, in words: `GG_Switch controls GG_TrafficLight`. */
  readonly because?: string;
}

/** What a role exchanges with others. */
export interface Traffic {
  readonly shadow: boolean;
  /** Things whose `desired` it sets. */
  readonly drives?: readonly string[];
  /** Things whose `reported` it follows. */
  readonly follows?: readonly string[];
  readonly publishes?: readonly { readonly subject: string; readonly to: readonly string[] }[];
  readonly receives?: readonly { readonly subject: string; readonly from: string }[];
}

/** The rows that every thing has, by which it reaches its own shadow and no other. */
export const MEMBER_ROWS: readonly SubscriptionRow[] = [
  {
    source: { every: 'thing' },
    subject: `$aws/things/${OWN_NAME}/shadow/#`,
    target: SHADOW_SERVICE,
    origin: 'member',
    because: 'every thing uses its own shadow',
  },
  {
    source: SHADOW_SERVICE,
    subject: `$aws/things/${OWN_NAME}/shadow/#`,
    target: { every: 'thing' },
    origin: 'member',
    because: 'every thing uses its own shadow',
  },
];

/** The rows that a thing's role needs. Those to the thing's own shadow are {@link MEMBER_ROWS}. */
export function impliedRows(thing: string, traffic: Traffic): readonly SubscriptionRow[] {
  const rows: SubscriptionRow[] = [];
  const row = (source: string, subject: string, target: string, because: string): void => {
    rows.push({ source, subject, target, origin: 'role', because });
  };
  const ask = (other: string, operation: 'get' | 'update', because: string): void => {
    const topic = `$aws/things/${other}/shadow/${operation}`;
    row(thing, topic, SHADOW_SERVICE, because);
    row(SHADOW_SERVICE, `${topic}/accepted`, thing, because);
    row(SHADOW_SERVICE, `${topic}/rejected`, thing, because);
  };
  for (const other of traffic.drives ?? []) {
    ask(other, 'update', `${thing} controls ${other}`);
    // It looks before it asks, so that a state that is already there is not asked for again.
    ask(other, 'get', `${thing} controls ${other}`);
  }
  for (const other of traffic.follows ?? []) {
    const because = `${thing} follows ${other}`;
    row(SHADOW_SERVICE, `$aws/things/${other}/shadow/update/documents`, thing, because);
    ask(other, 'get', because);
  }
  for (const { subject, to } of traffic.publishes ?? []) {
    for (const target of to) row(thing, subject, target, `${thing} publishes to ${target}`);
  }
  for (const { subject, from } of traffic.receives ?? []) {
    row(from, subject, thing, `${thing} receives from ${from}`);
  }
  return distinct(rows);
}

/** The rows by which a builtin function is invoked. */
export function builtinRows(
  name: string,
  subjects: readonly { readonly source: string; readonly subject: string }[],
): readonly SubscriptionRow[] {
  return distinct(
    subjects.map(({ source, subject }) => ({
      source,
      subject,
      target: name,
      origin: 'builtin' as const,
      because: `${name} is invoked by it`,
    })),
  );
}

/** Each (source, subject, target) once; the first stays. */
export function distinct(rows: readonly SubscriptionRow[]): readonly SubscriptionRow[] {
  const seen = new Map<string, SubscriptionRow>();
  for (const row of rows) {
    const key = rowKey(row);
    if (!seen.has(key)) seen.set(key, row);
  }
  return [...seen.values()];
}

/** Equal for rows with the same source, subject and target. */
export function rowKey(row: SubscriptionRow): string {
  return JSON.stringify([row.source, row.subject, row.target]);
}

/** `GG_Switch`, `every traffic-light`, `every thing`. */
export function partyText(party: Party): string {
  if (typeof party === 'string') return party;
  return 'role' in party ? `every ${party.role}` : 'every thing';
}

/** `GG_Switch → hello/world → cloud`. */
export function rowText(row: SubscriptionRow): string {
  return `${partyText(row.source)} → ${row.subject} → ${partyText(row.target)}`;
}
