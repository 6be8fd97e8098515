import type { Traffic } from '../../../devices/contract.js';
import { type Draft, type FunctionMember, findOption, type Member, type ThingMember } from '../draft.js';
import { suggestion } from '../nearest.js';
import { parsePath } from '../path.js';
import { CLOUD, SHADOW_SERVICE } from '../schema/lists.js';
import type { Finding } from '../sentences.js';

/** Whom a role or builtin controls, follows, sends to or listens to is in the group. */
export function knownNeighbours(draft: Draft): readonly Finding[] {
  const things = namesOf(draft.things);
  const members = [...things, ...namesOf(draft.functions)];
  return [...trafficOf(draft.things), ...trafficOf(draft.functions)].flatMap(([member, traffic]) => {
    const finding = (name: string, message: string): Finding => ({
      path: findOption(member, name),
      of: 'value',
      message,
    });
    const unknown = (name: string, what: string, candidates: readonly string[]) =>
      finding(name, `"${name}" is no ${what} of this file${suggestion(name, candidates, 'there are')}`);

    const asked = new Set([...(traffic.drives ?? []), ...(traffic.follows ?? [])]);
    const peers = new Set([
      ...(traffic.publishes ?? []).flatMap(({ to }) => to),
      ...(traffic.receives ?? []).map(({ from }) => from),
    ]);
    // A name that is both followed and listened to is named once.
    for (const name of [...asked, CLOUD, SHADOW_SERVICE, ...members]) peers.delete(name);
    return [
      ...[...asked].flatMap((name) => {
        if (!things.includes(name)) return unknown(name, 'thing', things);
        if (name !== member.name) return [];
        return finding(name, `"${name}" cannot drive or follow itself; name another thing`);
      }),
      ...[...peers].map((name) => unknown(name, 'thing or function', [...members, CLOUD])),
    ];
  });
}

function trafficOf(members: readonly (ThingMember | FunctionMember)[]): [Member<unknown>, Traffic][] {
  return members.flatMap((member) => {
    const traffic = member.sound ? member.definition?.traffic?.(member.name, member.options) : undefined;
    return traffic === undefined ? [] : [[member, traffic] as [Member<unknown>, Traffic]];
  });
}

function namesOf(members: readonly Member<unknown>[]): string[] {
  return members.map(({ name }) => name).filter((name) => name !== '');
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
