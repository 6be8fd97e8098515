interface Node<V> {
  readonly children: Map<string, Node<V>>;
  readonly values: Map<unknown, V>;
}

function node<V>(): Node<V> {
  return { children: new Map(), values: new Map() };
}

/** Values under topic filters, by key; found by topic. What matches is MQTT 5.0, section 4.7. */
export class FilterTree<V> {
  readonly #root: Node<V> = node();

  /** @returns what stood there before */
  set(filter: string, key: unknown, value: V): V | undefined {
    let at = this.#root;
    for (const level of filter.split('/')) {
      let next = at.children.get(level);
      if (next === undefined) {
        next = node();
        at.children.set(level, next);
      }
      at = next;
    }
    const before = at.values.get(key);
    at.values.set(key, value);
    return before;
  }

  get(filter: string, key: unknown): V | undefined {
    let at: Node<V> | undefined = this.#root;
    for (const level of filter.split('/')) {
      at = at.children.get(level);
      if (at === undefined) return undefined;
    }
    return at.values.get(key);
  }

  /** @returns whether it was there */
  delete(filter: string, key: unknown): boolean {
    const levels = filter.split('/');
    const path: Node<V>[] = [this.#root];
    for (const level of levels) {
      const next = (path.at(-1) as Node<V>).children.get(level);
      if (next === undefined) return false;
      path.push(next);
    }
    const found = (path.at(-1) as Node<V>).values.delete(key);
    for (let i = levels.length; i > 0; i -= 1) {
      const at = path[i] as Node<V>;
      if (at.values.size > 0 || at.children.size > 0) break;
      (path[i - 1] as Node<V>).children.delete(levels[i - 1] as string);
    }
    return found;
  }

  /** All values whose filter matches the topic name. */
  match(topic: string): V[] {
    const found: V[] = [];
    const levels = topic.split('/');
    // [MQTT-4.7.2-1]: a leading wildcard does not match a topic that begins with $
    collect(this.#root, levels, 0, topic.startsWith('$'), found);
    return found;
  }
}

function collect<V>(
  at: Node<V>,
  levels: readonly string[],
  depth: number,
  dollar: boolean,
  found: V[],
): void {
  if (!dollar) {
    // `a/#` matches `a` too (4.7.1.2)
    const rest = at.children.get('#');
    if (rest) found.push(...rest.values.values());
  }
  if (depth === levels.length) {
    found.push(...at.values.values());
    return;
  }
  const next = at.children.get(levels[depth] as string);
  if (next) collect(next, levels, depth + 1, false, found);
  if (!dollar) {
    const any = at.children.get('+');
    if (any) collect(any, levels, depth + 1, false, found);
  }
}

interface Leaf<V> {
  readonly children: Map<string, Leaf<V>>;
  value: V | undefined;
}

/** Values under topic names; found by topic filter. */
export class NameTree<V> {
  readonly #root: Leaf<V> = { children: new Map(), value: undefined };

  /** @returns what stood there before */
  set(topic: string, value: V): V | undefined {
    let at = this.#root;
    for (const level of topic.split('/')) {
      let next = at.children.get(level);
      if (next === undefined) {
        next = { children: new Map(), value: undefined };
        at.children.set(level, next);
      }
      at = next;
    }
    const before = at.value;
    at.value = value;
    return before;
  }

  /** @returns what stood there */
  delete(topic: string): V | undefined {
    const levels = topic.split('/');
    const path: Leaf<V>[] = [this.#root];
    for (const level of levels) {
      const next = (path.at(-1) as Leaf<V>).children.get(level);
      if (next === undefined) return undefined;
      path.push(next);
    }
    const last = path.at(-1) as Leaf<V>;
    const before = last.value;
    last.value = undefined;
    for (let i = levels.length; i > 0; i -= 1) {
      const at = path[i] as Leaf<V>;
      if (at.value !== undefined || at.children.size > 0) break;
      (path[i - 1] as Leaf<V>).children.delete(levels[i - 1] as string);
    }
    return before;
  }

  /** All values whose topic name the filter matches. */
  match(filter: string): V[] {
    const found: V[] = [];
    gather(this.#root, filter.split('/'), 0, found);
    return found;
  }
}

function gather<V>(at: Leaf<V>, levels: readonly string[], depth: number, found: V[]): void {
  const level = levels[depth];
  if (level === undefined) {
    if (at.value !== undefined) found.push(at.value);
    return;
  }
  if (level !== '#' && level !== '+') {
    const next = at.children.get(level);
    if (next) gather(next, levels, depth + 1, found);
    return;
  }
  if (level === '#' && at.value !== undefined) found.push(at.value);
  for (const [name, child] of at.children) {
    // [MQTT-4.7.2-1]
    if (depth === 0 && name.startsWith('$')) continue;
    gather(child, levels, level === '#' ? depth : depth + 1, found);
  }
}
