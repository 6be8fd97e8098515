/** A group as it is deployed: JSON, checked by whoever hands it in. */
import { createHash } from 'node:crypto';

export interface GroupDocument {
  readonly things: readonly NamedEntry[];
  readonly functions: readonly NamedEntry[];
  readonly subscriptions: readonly object[];
}

export interface NamedEntry {
  readonly name: string;
}

/** What a deployment changes of one list. */
export interface ListChange {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** The first of them: `+NAME`, `-NAME`, `~NAME`. */
  readonly first: readonly string[];
}

export interface GroupDocumentChange {
  readonly things: ListChange;
  readonly functions: ListChange;
  readonly subscriptions: ListChange;
}

const SHOWN = 20;

export function changesBetween(before: GroupDocument, now: GroupDocument): GroupDocumentChange {
  return {
    things: listChange(byName(before.things), byName(now.things)),
    functions: listChange(byName(before.functions), byName(now.functions)),
    subscriptions: listChange(byText(before.subscriptions), byText(now.subscriptions)),
  };
}

/** Equal for documents that say the same, in whatever order of keys. */
export function digestOf(document: object): string {
  return createHash('sha256').update(canonical(document)).digest('hex').slice(0, 32);
}

function byName(list: readonly NamedEntry[]): ReadonlyMap<string, string> {
  return new Map(list.map((entry) => [entry.name, canonical(entry)]));
}

/** A row has no name but what it says. */
function byText(list: readonly object[]): ReadonlyMap<string, string> {
  return new Map(list.map((row) => [rowText(row), '']));
}

function rowText(row: object): string {
  const { source, subject, target } = row as { source?: unknown; subject?: unknown; target?: unknown };
  return [source, subject, target]
    .map((side) => (typeof side === 'string' ? side : canonical(side)))
    .join(' → ');
}

function listChange(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): ListChange {
  const added = [...now.keys()].filter((name) => !before.has(name));
  const removed = [...before.keys()].filter((name) => !now.has(name));
  const changed = [...now].filter(([name, text]) => before.has(name) && before.get(name) !== text);
  const first = [
    ...added.map((name) => `+${name}`),
    ...removed.map((name) => `-${name}`),
    ...changed.map(([name]) => `~${name}`),
  ];
  return {
    added: added.length,
    removed: removed.length,
    changed: changed.length,
    first: first.slice(0, SHOWN),
  };
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
