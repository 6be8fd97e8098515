/** What a group is made of, as a configuration or a deployment gives it, and what may be wrong with it. */
import { thingNameProblem } from '../identity/index.js';
import { filterProblem, namesOwner, OWN_NAME } from './filter.js';
import type { GroupLimits } from './limits.js';
import { CLOUD, type Party, rowText, SHADOW_SERVICE, type SubscriptionRow, TELEMETRY } from './rows.js';

export interface GroupDefinition {
  /** The core's own thing. */
  readonly core?: string;
  readonly things: readonly { readonly name: string; readonly role?: string }[];
  readonly functions: readonly { readonly name: string }[];
  /** Configured and implied rows. Those of {@link MEMBER_ROWS} are added to them. */
  readonly rows: readonly SubscriptionRow[];
}

export type MemberKind = 'core' | 'thing' | 'function';

export interface Member {
  readonly name: string;
  readonly kind: MemberKind;
  readonly role?: string;
  /** It joined while the core ran, and does not stand in the definition. */
  readonly joined: boolean;
}

/** The members that a definition names. */
export function membersOf(definition: GroupDefinition): readonly Member[] {
  const { core, things, functions } = definition;
  return [
    ...(core === undefined ? [] : [{ name: core, kind: 'core' as const, joined: false }]),
    ...things.map(({ name, role }) => ({
      name,
      kind: 'thing' as const,
      ...(role !== undefined && { role }),
      joined: false,
    })),
    ...functions.map(({ name }) => ({ name, kind: 'function' as const, joined: false })),
  ];
}

/**
 * @param members those of the definition and those that joined
 * @returns one sentence per problem
 */
export function definitionProblems(
  definition: GroupDefinition,
  members: ReadonlyMap<string, Member>,
  limits: GroupLimits,
): readonly string[] {
  return [...memberProblems(membersOf(definition)), ...rowProblems(definition.rows, members, limits)];
}

function memberProblems(members: readonly Member[]): readonly string[] {
  const problems: string[] = [];
  const seen = new Map<string, Member>();
  for (const member of members) {
    const { name, kind } = member;
    const problem = thingNameProblem(name);
    if (problem !== undefined) problems.push(`the ${kind} ${JSON.stringify(name)} ${problem}`);
    const other = seen.get(name);
    if (other !== undefined) problems.push(`${name} is named twice, as a ${other.kind} and as a ${kind}`);
    seen.set(name, member);
  }
  return problems;
}

function rowProblems(
  rows: readonly SubscriptionRow[],
  members: ReadonlyMap<string, Member>,
  limits: GroupLimits,
): readonly string[] {
  const problems: string[] = [];
  const roles = new Set([...members.values()].map(({ role }) => role));
  for (const row of rows) {
    const tell = (what: string): void => void problems.push(`the row ${rowText(row)}: ${what}`);
    for (const side of ['source', 'target'] as const) {
      const problem = partyProblem(row[side], members, roles);
      if (problem !== undefined) tell(`its ${side} ${problem}`);
    }
    const subject = filterProblem(row.subject);
    if (subject !== undefined) tell(`its subject ${subject}`);
    if (Buffer.byteLength(row.subject) > limits.topicBytes)
      tell(`its subject is longer than ${limits.topicBytes} bytes`);
    if (namesOwner(row.subject) && typeof row.source === 'string' && typeof row.target === 'string') {
      tell(`its subject has ${OWN_NAME}, but neither source nor target is a pattern over things`);
    }
  }
  return problems;
}

function partyProblem(
  party: Party,
  members: ReadonlyMap<string, Member>,
  roles: ReadonlySet<string | undefined>,
): string | undefined {
  if (typeof party === 'string') {
    const known = party === SHADOW_SERVICE || party === CLOUD || party === TELEMETRY || members.has(party);
    return known ? undefined : `${JSON.stringify(party)} is not a member of the group`;
  }
  if ('role' in party && !roles.has(party.role))
    return `names the role ${JSON.stringify(party.role)}, which no thing has`;
  return undefined;
}
