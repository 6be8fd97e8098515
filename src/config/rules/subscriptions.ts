import { type Draft, elements, isMapping } from '../draft.js';
import type { SubscriptionConfig } from '../model.js';
import { suggestion } from '../nearest.js';
import type { Path } from '../path.js';
import { CLOUD, SHADOW_SERVICE } from '../schema/lists.js';
import type { Finding } from '../sentences.js';

/** Stands in a subject for the name of the thing at the end that is `{ role: … }`. */
const THING = `\${thing}`;

/** Rows name members of the group, and subjects are topic filters. */
export function soundSubscriptions(draft: Draft): readonly Finding[] {
  return elements(draft.document.subscriptions).flatMap((row, index) => rowFindings(draft, row, index));
}

/** The rows, with one row per thing for `{ role: … }`. Call it when {@link soundSubscriptions} found nothing. */
export function expandSubscriptions(draft: Draft): readonly SubscriptionConfig[] {
  return elements(draft.document.subscriptions).flatMap(({ source, subject, target }) => {
    const role = roleOf(source) ?? roleOf(target);
    const row = (thing: string): SubscriptionConfig => ({
      source: roleOf(source) === undefined ? String(source) : thing,
      subject: String(subject).replaceAll(THING, () => thing),
      target: roleOf(target) === undefined ? String(target) : thing,
    });
    return role === undefined ? [row('')] : thingsWith(draft, role).map(row);
  });
}

function rowFindings(draft: Draft, row: Readonly<Record<string, unknown>>, index: number): Finding[] {
  const findings: Finding[] = [];
  const add = (key: string, message: string) => {
    const path: Path = ['subscriptions', index, key];
    findings.push({ path, of: 'value', message });
  };
  const members = [...draft.things, ...draft.functions].map(({ name }) => name).filter((name) => name !== '');
  const ends = [...members, SHADOW_SERVICE, CLOUD];
  for (const key of ['source', 'target'] as const) {
    const end = row[key];
    const role = roleOf(end);
    if (typeof end === 'string' && !ends.includes(end)) {
      add(
        key,
        `"${end}" is no thing, function, ${SHADOW_SERVICE} or ${CLOUD}${suggestion(end, ends, 'there are')}`,
      );
    } else if (role !== undefined && draft.roles.has(role) && thingsWith(draft, role).length === 0) {
      add(key, `no thing of this file has the role "${role}"; add one or name a thing`);
    }
  }
  const patterned = roleOf(row.source) !== undefined || roleOf(row.target) !== undefined;
  if (roleOf(row.source) !== undefined && roleOf(row.target) !== undefined) {
    add('target', 'only one of source and target can be { role: … }; name the other');
  }
  if (typeof row.subject === 'string') {
    const fault = filterFault(row.subject);
    if (fault !== undefined) add('subject', fault);
    if (!patterned && row.subject.includes(THING)) {
      add('subject', `${THING} needs { role: … } as source or target; write the name of the thing instead`);
    }
  }
  return findings;
}

function roleOf(end: unknown): string | undefined {
  return isMapping(end) && typeof end.role === 'string' ? end.role : undefined;
}

function thingsWith(draft: Draft, role: string): string[] {
  return draft.things.filter(({ definition }) => definition?.name === role).map(({ name }) => name);
}

/** What breaks the rules of topic filters, MQTT 5.0 §4.7. */
function filterFault(filter: string): string | undefined {
  const levels = filter.split('/');
  if (filter.includes('\0')) return 'a topic filter cannot contain U+0000; remove it';
  const hash = levels.findIndex((level) => level.includes('#'));
  if (hash >= 0 && (levels[hash] !== '#' || hash !== levels.length - 1)) {
    return `"${filter}" is no topic filter: "#" stands alone in the last level`;
  }
  if (levels.some((level) => level.includes('+') && level !== '+')) {
    return `"${filter}" is no topic filter: "+" stands alone in its level`;
  }
  return undefined;
}
