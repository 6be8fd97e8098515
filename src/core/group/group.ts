import { checkThingName } from '../identity/index.js';
import { definitionProblems, type GroupDefinition, type Member, membersOf } from './definition.js';
import { GroupError } from './errors.js';
import { GROUP_LIMITS, type GroupLimits } from './limits.js';
import {
  CLOUD,
  distinct,
  MEMBER_ROWS,
  rowKey,
  SHADOW_SERVICE,
  type SubscriptionRow,
  TELEMETRY,
} from './rows.js';
import { type MemberDirectory, SubscriptionTable } from './table.js';
import { type WhyAnswer, type WhyQuestion, why } from './why.js';

export interface GroupOptions {
  readonly name: string;
  /** {@link GROUP_LIMITS} where not given. */
  readonly limits?: Partial<GroupLimits>;
}

/** What a new definition changed, so that only that is acted upon. */
export interface GroupChange {
  readonly members: {
    readonly added: readonly Member[];
    /** Whoever holds connections drops theirs. */
    readonly removed: readonly Member[];
    /** Now of another kind or role, as they are now. */
    readonly changed: readonly Member[];
  };
  readonly rows: { readonly added: readonly SubscriptionRow[]; readonly removed: readonly SubscriptionRow[] };
}

/** Problems that one message lists. */
const SHOWN_PROBLEMS = 20;

/** The members of the group and its subscription table. Begins with no members. */
export class Group implements MemberDirectory {
  readonly name: string;
  readonly limits: GroupLimits;
  /** Those of the definition, and those that joined. */
  #members: ReadonlyMap<string, Member> = new Map();
  #joined = new Map<string, Member>();
  #definition: GroupDefinition = { things: [], functions: [], rows: [] };
  #table: SubscriptionTable;
  #revision = 0;

  constructor(options: GroupOptions) {
    this.name = options.name;
    this.limits = { ...GROUP_LIMITS, ...options.limits };
    this.#table = new SubscriptionTable(MEMBER_ROWS, this);
  }

  get table(): SubscriptionTable {
    return this.#table;
  }

  get definition(): GroupDefinition {
    return this.#definition;
  }

  /** Rises with every change to members or rows: what was derived from them is then out of date. */
  get revision(): number {
    return this.#revision;
  }

  member(name: string): Member | undefined {
    return this.#members.get(name);
  }

  members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** A thing or the core: something with a certificate and a shadow. */
  isThing(name: string): boolean {
    const kind = this.#members.get(name)?.kind;
    return kind === 'thing' || kind === 'core';
  }

  role(name: string): string | undefined {
    return this.#members.get(name)?.role;
  }

  /** Why a message passes or not; the answer names rows. Looks at every row: for people, not for messages. */
  why(question: WhyQuestion): WhyAnswer {
    return why(
      this.#table,
      question,
      (name) => this.#members.has(name) || name === SHADOW_SERVICE || name === CLOUD || name === TELEMETRY,
      this.limits,
    );
  }

  /**
   * Puts another definition in the place of the present one, in one step. Things that joined stay.
   * @throws {GroupError} GROUP_DEFINITION, GROUP_LIMIT; nothing is changed then
   */
  replace(definition: GroupDefinition): GroupChange {
    this.#checkLimits(definition);
    const members = this.#withJoined(definition);
    const problems = definitionProblems(definition, members, this.limits);
    if (problems.length > 0) throw new GroupError('GROUP_DEFINITION', listed(problems));
    const table = new SubscriptionTable(distinct([...definition.rows, ...MEMBER_ROWS]), this);
    const change = difference(this.#members, members, this.#table.list(), table.list());
    for (const { name } of membersOf(definition)) this.#joined.delete(name);
    this.#definition = definition;
    this.#members = members;
    this.#table = table;
    this.#revision++;
    return change;
  }

  /**
   * Makes a thing a member while the core runs; for good when the caller keeps it (see `ThingRecord.joins`).
   * @returns false when it is one already
   * @throws {GroupError} GROUP_NAME when a function has the name, GROUP_LIMIT
   */
  join(name: string): boolean {
    checkThingName(name);
    const known = this.#members.get(name);
    if (known?.kind === 'function')
      throw new GroupError('GROUP_NAME', `${name} is the name of a function of the group`);
    if (known !== undefined) return false;
    if (this.#count('thing') >= this.limits.things) {
      throw new GroupError(
        'GROUP_LIMIT',
        `the group has ${this.limits.things} things: ${name} is one too many`,
      );
    }
    this.#joined.set(name, { name, kind: 'thing', joined: true });
    this.#members = this.#withJoined(this.#definition);
    this.#revision++;
    return true;
  }

  /** Undoes {@link join}. @returns false when the thing did not join, or stands in the definition */
  leave(name: string): boolean {
    if (!this.#joined.delete(name)) return false;
    this.#members = this.#withJoined(this.#definition);
    this.#revision++;
    return true;
  }

  #withJoined(definition: GroupDefinition): ReadonlyMap<string, Member> {
    const members = new Map(this.#joined);
    for (const member of membersOf(definition)) members.set(member.name, member);
    return members;
  }

  #count(kind: Member['kind']): number {
    let count = 0;
    for (const member of this.#members.values()) if (member.kind === kind) count++;
    return count;
  }

  #checkLimits({ things, functions, rows }: GroupDefinition): void {
    const check = (count: number, limit: number, what: string): void => {
      if (count > limit)
        throw new GroupError('GROUP_LIMIT', `${count} ${what}: a group has at most ${limit}`);
    };
    check(things.length, this.limits.things, 'things');
    check(functions.length, this.limits.functions, 'functions');
    check(rows.length, this.limits.rows, 'subscription rows');
  }
}

function difference(
  membersBefore: ReadonlyMap<string, Member>,
  membersNow: ReadonlyMap<string, Member>,
  rowsBefore: readonly SubscriptionRow[],
  rowsNow: readonly SubscriptionRow[],
): GroupChange {
  const keysBefore = new Set(rowsBefore.map(rowKey));
  const keysNow = new Set(rowsNow.map(rowKey));
  const now = [...membersNow.values()];
  const isChanged = (member: Member): boolean => {
    const before = membersBefore.get(member.name);
    return before !== undefined && (before.kind !== member.kind || before.role !== member.role);
  };
  return {
    members: {
      added: now.filter(({ name }) => !membersBefore.has(name)),
      removed: [...membersBefore.values()].filter(({ name }) => !membersNow.has(name)),
      changed: now.filter(isChanged),
    },
    rows: {
      added: rowsNow.filter((row) => !keysBefore.has(rowKey(row))),
      removed: rowsBefore.filter((row) => !keysNow.has(rowKey(row))),
    },
  };
}

function listed(problems: readonly string[]): string {
  const shown = problems.slice(0, SHOWN_PROBLEMS).join('; ');
  const more = problems.length - SHOWN_PROBLEMS;
  return more > 0 ? `${shown}; and ${more} more` : shown;
}
