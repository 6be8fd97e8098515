import { namesOwner, overlap, withOwner } from './filter.js';
import { FilterIndex } from './filter-index.js';
import type { Party, SubscriptionRow } from './rows.js';

/** Who is what, for rows that name a role or every thing. */
export interface MemberDirectory {
  isThing(name: string): boolean;
  role(name: string): string | undefined;
}

/**
 * The subscription table. Immutable: a change to the rows makes a new table; roles and things are looked up when asked.
 * A question costs a few map look-ups whatever the number of rows.
 */
export class SubscriptionTable {
  readonly #rows: readonly SubscriptionRow[];
  readonly #members: MemberDirectory;
  readonly #sources: ByParty<SourceEntry>;
  readonly #targets: ByParty<SubscriptionRow[]>;

  /** @param rows checked before: subjects are filters, `${thing}` stands only beside a pattern */
  constructor(rows: readonly SubscriptionRow[], members: MemberDirectory) {
    this.#rows = rows;
    this.#members = members;
    this.#sources = new ByParty(members, () => new SourceEntry(members));
    this.#targets = new ByParty(members, () => []);
    for (const row of rows) {
      this.#sources.at(row.source).add(row);
      this.#targets.at(row.target).push(row);
    }
  }

  /** May this message reach this target? */
  passes(source: string, topic: string, target: string): boolean {
    return this.find(source, topic, target) !== undefined;
  }

  /** A row that lets the message pass. */
  find(source: string, topic: string, target: string): SubscriptionRow | undefined {
    for (const entry of this.#sources.of(source)) {
      for (const index of entry.targets.of(target)) {
        const row =
          index.bySource.find(topic, (level) => level === source) ??
          index.byTarget.find(topic, (level) => level === target);
        if (row !== undefined) return row;
      }
    }
    return undefined;
  }

  /** Is there any target that a message from this source on this topic may reach? */
  mayPublish(source: string, topic: string): boolean {
    return this.findPublish(source, topic) !== undefined;
  }

  findPublish(source: string, topic: string): SubscriptionRow | undefined {
    for (const entry of this.#sources.of(source)) {
      const row = entry.findAny(source, topic);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  /** Is there any message that this target could get through this filter? For information: delivery asks `passes`. */
  maySubscribe(target: string, filter: string): boolean {
    return this.rowsTo(target).some((row) => overlap(subjectFor(row, target), filter));
  }

  /** The rows whose source is, or stands for, this name. */
  rowsFrom(source: string): readonly SubscriptionRow[] {
    return this.#sources.of(source).flatMap((entry) => entry.rows);
  }

  /** The rows whose target is, or stands for, this name. */
  rowsTo(target: string): readonly SubscriptionRow[] {
    return this.#targets.of(target).flat();
  }

  /** In the order in which they were given. */
  list(): readonly SubscriptionRow[] {
    return this.#rows;
  }

  /** Whether a row's source or target is, or stands for, this name. */
  stands(party: Party, name: string): boolean {
    if (typeof party === 'string') return party === name;
    return 'role' in party ? this.#members.role(name) === party.role : this.#members.isThing(name);
  }
}

/** Whose name `${thing}` is in a row: the pattern's; with patterns on both sides the source's. */
export function ownerSide(row: SubscriptionRow): 'source' | 'target' {
  return typeof row.source === 'string' ? 'target' : 'source';
}

/** The row's subject as it reads for one target; another thing's name in it becomes `+`. */
export function subjectFor(row: SubscriptionRow, target: string): string {
  if (!namesOwner(row.subject)) return row.subject;
  return withOwner(row.subject, ownerSide(row) === 'target' ? target : '+');
}

class SourceEntry {
  readonly rows: SubscriptionRow[] = [];
  readonly targets: ByParty<TargetEntry>;
  /** All subjects of this source whose `${thing}` is the source. */
  readonly #subjects = new FilterIndex();
  /** All subjects whose `${thing}` is a target, by what the target stands for. */
  readonly #owned = new Map<
    string,
    { readonly index: FilterIndex; readonly isOwner: (name: string) => boolean }
  >();

  constructor(private readonly members: MemberDirectory) {
    this.targets = new ByParty(members, () => new TargetEntry());
  }

  add(row: SubscriptionRow): void {
    this.rows.push(row);
    const side = ownerSide(row);
    const target = this.targets.at(row.target);
    (side === 'source' ? target.bySource : target.byTarget).add(row);
    if (side === 'target' && namesOwner(row.subject)) this.#ownedBy(row.target).add(row);
    else this.#subjects.add(row);
  }

  findAny(source: string, topic: string): SubscriptionRow | undefined {
    const row = this.#subjects.find(topic, (level) => level === source);
    if (row !== undefined) return row;
    for (const { index, isOwner } of this.#owned.values()) {
      const owned = index.find(topic, isOwner);
      if (owned !== undefined) return owned;
    }
    return undefined;
  }

  #ownedBy(target: Party): FilterIndex {
    const { members } = this;
    const role = typeof target === 'object' && 'role' in target ? target.role : undefined;
    const key = role === undefined ? '' : `role:${role}`;
    let owned = this.#owned.get(key);
    if (owned === undefined) {
      const isOwner = (name: string): boolean =>
        role === undefined ? members.isThing(name) : members.role(name) === role;
      owned = { index: new FilterIndex(), isOwner };
      this.#owned.set(key, owned);
    }
    return owned.index;
  }
}

class TargetEntry {
  readonly bySource = new FilterIndex();
  readonly byTarget = new FilterIndex();
}

/** Something kept per party, found by the name of a member. */
class ByParty<T> {
  readonly #named = new Map<string, T>();
  readonly #roles = new Map<string, T>();
  #every: T | undefined;

  constructor(
    private readonly members: MemberDirectory,
    private readonly make: () => T,
  ) {}

  /** What is kept for exactly this party; made when there is none. */
  at(party: Party): T {
    if (typeof party === 'object' && 'every' in party) {
      this.#every ??= this.make();
      return this.#every;
    }
    const map = typeof party === 'string' ? this.#named : this.#roles;
    const key = typeof party === 'string' ? party : party.role;
    let value = map.get(key);
    if (value === undefined) {
      value = this.make();
      map.set(key, value);
    }
    return value;
  }

  /** What is kept for every party that is, or stands for, this name; its own first. */
  of(name: string): readonly T[] {
    const found: T[] = [];
    const named = this.#named.get(name);
    if (named !== undefined) found.push(named);
    if (this.#roles.size > 0) {
      const role = this.members.role(name);
      const value = role === undefined ? undefined : this.#roles.get(role);
      if (value !== undefined) found.push(value);
    }
    if (this.#every !== undefined && this.members.isThing(name)) found.push(this.#every);
    return found;
  }
}
