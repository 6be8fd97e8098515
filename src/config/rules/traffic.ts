import type { Traffic } from '../../../devices/contract.js';
import { type Draft, findOption, type Member } from '../draft.js';
import { suggestion } from '../nearest.js';
import { parsePath } from '../path.js';
import { CLOUD, SHADOW_SERVICE } from '../schema/lists.js';
import type { Finding } from '../sentences.js';

/** Whom a role or builtin controls, follows, sends to or listens to is in the group. */
export function knownNeighbours(draft: Draft): readonly Finding[] {
  const things = draft.things.map(({ name }) => name).filter((name) => name !== '');
  const members = [...things, ...draft.functions.map(({ name }) => name).filter((name) => name !== '')];
  const findings: Finding[] = [];
  const look = (member: Member<unknown>, traffic: Traffic) => {
    const refuse = (name: string, candidates: readonly string[], what: string) => {
      const hint = suggestion(name, candidates, `there are`);
      const message = `"${name}" is no ${what} of this file${hint}`;
      findings.push({ path: findOption(member, name), of: 'value', message });
    };
    const asked = new Set([...(traffic.drives ?? []), ...(traffic.follows ?? [])]);
    for (const name of asked) {
      if (!things.includes(name)) refuse(name, things, 'thing');
      else if (name === member.name) {
        findings.push({
          path: findOption({ ...member, options: { ...member.options } }, name),
          of: 'value',
          message: `"${name}" cannot drive or follow itself; name another thing`,
        });
      }
    }
    const peers = new Set([
      ...(traffic.publishes ?? []).flatMap(({ to }) => to),
      ...(traffic.receives ?? []).map(({ from }) => from),
    ]);
    for (const name of peers) {
      if (name === CLOUD || name === SHADOW_SERVICE || members.includes(name)) continue;
      refuse(name, [...members, CLOUD], 'thing or function');
    }
  };
  for (const thing of draft.things) {
    if (thing.sound && thing.definition) look(thing, thing.definition.traffic(thing.name, thing.options));
  }
  for (const member of draft.functions) {
    if (member.sound && member.definition?.traffic)
      look(member, member.definition.traffic(member.name, member.options));
  }
  return findings;
}

/** What roles and builtins say about their own options. */
export function ownRules(draft: Draft): readonly Finding[] {
  return [...draft.things, ...draft.functions].flatMap(({ sound, definition, options, path }) =>
    (sound ? (definition?.check?.(options) ?? []) : []).map((finding) => ({
      path: [...path, ...parsePath(finding.path)],
      of: 'value' as const,
      message: finding.message,
    })),
  );
}
