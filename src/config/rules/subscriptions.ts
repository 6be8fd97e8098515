import { type Draft, elements, isMapping } from '../draft.js';
import { suggestion } from '../nearest.js';
import type { Path } from '../path.js';
import { CLOUD, SHADOW_SERVICE } from '../schema/lists.js';
import type { Finding } from '../sentences.js';

/** Stands in a subject for the name of the thing at the end that is `{ role: … }`. */
const THING = `\${thing}`;
/** As AWS IoT has it. */
const SUBJECT_BYTES = 256;

/** Rows name members of the group, and subjects are topic filters. */
export function soundSubscriptions(draft: Draft): readonly Finding[] {
  return elements(draft.document.subscriptions).flatMap((row, index) => rowFindings(draft, row, index));
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
  if (row.source === CLOUD && row.target === CLOUD) {
    add(
      'target',
      `${CLOUD} is the source already; a row from ${CLOUD} goes to a thing, a function or ${SHADOW_SERVICE}`,
    );
  }
  const patterned = roleOf(row.source) !== undefined || roleOf(row.target) !== undefined;
  if (typeof row.subject === 'string') {
    const fault = filterFault(row.subject, subjectBytes(draft));
    if (fault !== undefined) add('subject', fault);
    if (!patterned && row.subject.includes(THING)) {
      add('subject', `${THING} needs { role: … } as source or target; write the name of the thing instead`);
    }
  }
  return findings;
}

function subjectBytes({ document: { core } }: Draft): number {
  const limits = isMapping(core) ? core.limits : undefined;
  const set = isMapping(limits) ? limits.topicBytes : undefined;
  return typeof set === 'number' ? set : SUBJECT_BYTES;
}

function roleOf(end: unknown): string | undefined {
  return isMapping(end) && typeof end.role === 'string' ? end.role : undefined;
}

function thingsWith(draft: Draft, role: string): string[] {
  return draft.things.filter(({ definition }) => definition?.name === role).map(({ name }) => name);
}

/** What breaks the rules of topic filters (MQTT 5.0, section 4.7), or of the level that stands for a thing. */
function filterFault(filter: string, limit: number): string | undefined {
  if (filter.includes('\0')) return 'a topic filter cannot contain U+0000; remove it';
  if (Buffer.byteLength(filter) > limit) {
    return `is longer than ${limit} bytes; shorten it, or raise core.limits.topicBytes`;
  }
  const levels = filter.split('/');
  const hash = levels.findIndex((level) => level.includes('#'));
  if (hash >= 0 && (levels[hash] !== '#' || hash !== levels.length - 1)) {
    return `"${filter}" is no topic filter: "#" stands alone in the last level`;
  }
  if (levels.some((level) => level.includes('+') && level !== '+')) {
    return `"${filter}" is no topic filter: "+" stands alone in its level`;
  }
  const owners = levels.filter((level) => level.includes(THING));
  if (owners.length > 1 || owners.some((level) => level !== THING)) {
    return `"${filter}" is no topic filter: ${THING} stands alone in its level, and once`;
  }
  return undefined;
}
