import { type Draft, elements, isMapping } from '../draft.js';
import { formatPath, type Path, valueAt } from '../path.js';
import type { Finding } from '../sentences.js';

/** What needs a core has one: here, or elsewhere through `connect`. */
export function reachableCore(draft: Draft): readonly Finding[] {
  const { core, connect } = draft.document;
  if (core !== undefined) return [];
  const findings: Finding[] = [];
  const carried = draft.things.find(({ definition }) => definition !== undefined);
  if (connect === undefined && carried !== undefined) {
    const message = `"${carried.name}" has no core to connect to; add "core: {}" to run one here, or "connect" to use one elsewhere`;
    findings.push({ path: carried.path, of: 'value', message });
  }
  for (const key of ['functions', 'subscriptions']) {
    if (elements(draft.document[key]).length === 0) continue;
    const message =
      'belongs to a core, and this file has none; add "core: {}", or move it to the file of the core';
    findings.push({ path: [key], of: 'key', message });
  }
  return findings;
}

const LISTENERS: readonly Path[] = [
  ['core', 'mqtt', 'port'],
  ['core', 'discovery', 'port'],
  ['core', 'discovery', 'alsoPort'],
  ['dashboard', 'port'],
];

/** No two listeners want the same port. */
export function distinctPorts(draft: Draft): readonly Finding[] {
  const holders = new Map<number, { path: Path; host: unknown }>();
  const findings: Finding[] = [];
  for (const path of LISTENERS) {
    const port = valueAt(draft.document, path);
    if (typeof port !== 'number' || port === 0) continue;
    const host = valueAt(draft.document, [...path.slice(0, -1), 'host']);
    const holder = holders.get(port);
    if (holder === undefined) holders.set(port, { path, host });
    else if (sameInterface(holder.host, host)) {
      const message = `${port} is already the port of ${formatPath(holder.path)}; choose another`;
      findings.push({ path, of: 'value', message });
    }
  }
  return findings;
}

function sameInterface(a: unknown, b: unknown): boolean {
  const all = ['0.0.0.0', '::'];
  return a === b || all.includes(String(a)) || all.includes(String(b));
}

/** A certificate comes with its key. */
export function keyWithCertificate(draft: Draft): readonly Finding[] {
  const iot = valueAt(draft.document, ['cloud', 'iot']);
  if (!isMapping(iot) || (iot.certificate === undefined) === (iot.privateKey === undefined)) return [];
  const missing = iot.certificate === undefined ? 'certificate' : 'privateKey';
  return [
    {
      path: ['cloud', 'iot', missing],
      of: 'value',
      message: 'is missing: certificate and privateKey go together; give both or neither',
    },
  ];
}
