import { hasWildcard, namesOwner, OWN_NAME } from './filter.js';
import type { SubscriptionRow } from './rows.js';

interface Node {
  readonly literal: Map<string, Node>;
  plus?: Node;
  own?: Node;
  /** The row whose subject ends here. */
  end?: SubscriptionRow;
  /** The row whose subject ends here with `#`. */
  rest?: SubscriptionRow;
}

/** Rows by subject. A topic finds one that matches in time that depends on its levels, not on the number of rows. */
export class FilterIndex {
  readonly #exact = new Map<string, SubscriptionRow>();
  #root: Node | undefined;

  /** Of several rows with the same subject the first stays. */
  add(row: SubscriptionRow): void {
    const { subject } = row;
    if (hasWildcard(subject) || namesOwner(subject)) this.#addPattern(row);
    else if (!this.#exact.has(subject)) this.#exact.set(subject, row);
  }

  /** @param isOwner whether a level may stand for `${thing}` */
  find(topic: string, isOwner: (level: string) => boolean): SubscriptionRow | undefined {
    const exact = this.#exact.get(topic);
    if (exact !== undefined || this.#root === undefined) return exact;
    return findIn(this.#root, topic.split('/'), 0, isOwner);
  }

  #addPattern(row: SubscriptionRow): void {
    this.#root ??= { literal: new Map() };
    let node = this.#root;
    for (const level of row.subject.split('/')) {
      if (level === '#') {
        node.rest ??= row;
        return;
      }
      node = child(node, level);
    }
    node.end ??= row;
  }
}

function child(node: Node, level: string): Node {
  if (level === '+') {
    node.plus ??= { literal: new Map() };
    return node.plus;
  }
  if (level === OWN_NAME) {
    node.own ??= { literal: new Map() };
    return node.own;
  }
  let next = node.literal.get(level);
  if (next === undefined) {
    next = { literal: new Map() };
    node.literal.set(level, next);
  }
  return next;
}

function findIn(
  node: Node,
  levels: readonly string[],
  at: number,
  isOwner: (level: string) => boolean,
): SubscriptionRow | undefined {
  const level = levels[at];
  if (level === undefined) return node.end ?? node.rest;
  const literal = node.literal.get(level);
  let found = literal && findIn(literal, levels, at + 1, isOwner);
  if (found !== undefined) return found;
  if (node.own !== undefined && isOwner(level)) found = findIn(node.own, levels, at + 1, isOwner);
  if (found !== undefined) return found;
  // A wildcard in the first level matches no topic that begins with `$` (MQTT 5.0, section 4.7.2).
  if (at === 0 && level.startsWith('$')) return undefined;
  return (node.plus && findIn(node.plus, levels, at + 1, isOwner)) ?? node.rest;
}
