/** Topic names and filters: MQTT 5.0, section 4.7. Levels are compared byte by byte, nothing is normalised. */

/** A name to publish to: not empty, no wildcards [MQTT-3.3.2-2], [MQTT-4.7.3-1]. */
export function isTopicName(topic: string): boolean {
  return topic.length > 0 && !topic.includes('+') && !topic.includes('#');
}

/** [MQTT-4.7.1-1]: `#` alone and last; [MQTT-4.7.1-2]: `+` alone on its level. */
export function isTopicFilter(filter: string): boolean {
  if (filter.length === 0) return false;
  if (!filter.includes('+') && !filter.includes('#')) return true;
  const levels = filter.split('/');
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    if (level === '+') return true;
    return !level.includes('+') && !level.includes('#');
  });
}

export interface ParsedFilter {
  /** What messages are matched against. */
  readonly filter: string;
  /** Name of the group that shares the subscription. */
  readonly share: string | undefined;
}

/**
 * `$share/{name}/{filter}` taken apart; other filters as they are.
 * [MQTT-4.8.2-1]: a name of at least one character; [MQTT-4.8.2-2]: without `/`, `+` or `#`, followed by a filter.
 * @returns undefined when it is neither a filter nor a shared one
 */
export function parseFilter(text: string): ParsedFilter | undefined {
  if (!text.startsWith('$share/')) {
    return isTopicFilter(text) ? { filter: text, share: undefined } : undefined;
  }
  const slash = text.indexOf('/', 7);
  if (slash < 0) return undefined;
  const share = text.slice(7, slash);
  const filter = text.slice(slash + 1);
  return isTopicName(share) && isTopicFilter(filter) ? { filter, share } : undefined;
}

export function levelsOf(topic: string): number {
  let levels = 1;
  for (let i = topic.indexOf('/'); i >= 0; i = topic.indexOf('/', i + 1)) levels += 1;
  return levels;
}
