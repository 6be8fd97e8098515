import { LOG_PARTS } from '../../log/parts.js';
import { type Draft, isMapping } from '../draft.js';
import { suggestion } from '../nearest.js';
import { formatPath, type Path, valueAt } from '../path.js';
import { CLOUD, SHADOW_SERVICE } from '../schema/lists.js';
import type { Finding } from '../sentences.js';

/** Every member has a name of its own: the certificate, the MQTT client id and the subscription table go by it. */
export function uniqueNames(draft: Draft): readonly Finding[] {
  const holders = new Map<string, Path>();
  const findings: Finding[] = [];
  const { core } = draft.document;
  if (isMapping(core) && typeof core.thingName === 'string')
    holders.set(core.thingName, ['core', 'thingName']);
  for (const { name, path } of [...draft.things, ...draft.functions]) {
    if (name === '') continue;
    const at: Path = [...path, 'name'];
    const holder = holders.get(name);
    if (name === SHADOW_SERVICE || name === CLOUD) {
      const message = `"${name}" has a meaning of its own in subscriptions; choose another name`;
      findings.push({ path: at, of: 'value', message });
    } else if (holder !== undefined) {
      const message = `"${name}" is already the name of ${formatPath(holder.at(-1) === 'name' ? holder.slice(0, -1) : holder)}; choose another`;
      findings.push({ path: at, of: 'value', message });
    } else holders.set(name, at);
  }
  return findings;
}

/** Levels are set for parts that there are. */
export function knownLogParts(draft: Draft): readonly Finding[] {
  const parts = valueAt(draft.document, ['log', 'parts']);
  if (!isMapping(parts)) return [];
  const known = [...LOG_PARTS, ...draft.things.map(({ name }) => name).filter((name) => name !== '')];
  return Object.keys(parts)
    .filter((part) => !known.includes(part))
    .map((part) => ({
      path: ['log', 'parts', part],
      of: 'key',
      message: `no part of the log has this name${suggestion(part, known, 'there are')}`,
    }));
}
