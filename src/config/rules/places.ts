import { isLoopback } from '../../loopback.js';
import { type Draft, elements, isMapping } from '../draft.js';
import { formatPath, type Path, valueAt } from '../path.js';
import type { Finding } from '../sentences.js';

/** What needs a core has one: here, or elsewhere through `connect`. Builtin functions can be clients of one. */
export function reachableCore(draft: Draft): readonly Finding[] {
  const { core, connect } = draft.document;
  if (core !== undefined) return [];
  const findings: Finding[] = [];
  const carried = draft.things.find(({ definition }) => definition !== undefined);
  if (connect === undefined && carried !== undefined) {
    const message = `"${carried.name}" has no core to connect to; add "core: {}" to run one here, or "connect" to use one elsewhere`;
    findings.push({ path: carried.path, of: 'value', message });
  }
  const functions = elements(draft.document.functions);
  const clients = connect !== undefined && functions.every(isBuiltin);
  for (const key of clients ? ['subscriptions'] : ['functions', 'subscriptions']) {
    if (elements(draft.document[key]).length === 0) continue;
    const message =
      'belongs to a core, and this file has none; add "core: {}", or move it to the file of the core';
    findings.push({ path: [key], of: 'key', message });
  }
  const cloud = valueAt(draft.document, ['cloud']);
  for (const key of clients && functions.length > 0 ? ['iot'] : ['sink', 'iot']) {
    if (!isMapping(cloud) || !isMapping(cloud[key])) continue;
    const message = 'belongs to a core, and this file has none; add "core: {}", or use "connect" without it';
    findings.push({ path: ['cloud', key], of: 'key', message });
  }
  return findings;
}

function isBuiltin(value: unknown): boolean {
  return isMapping(value) && value.builtin !== undefined;
}

const PLACES = ['discovery', 'greengrass', 'awsIot'] as const;

/** A core elsewhere is looked for in one place. */
export function onePlace(draft: Draft): readonly Finding[] {
  const { connect } = draft.document;
  if (!isMapping(connect)) return [];
  const given = PLACES.filter((key) => connect[key] !== undefined);
  const [first, second] = given;
  if (first === undefined) {
    const message = `says not where the core is; add one of ${PLACES.join(', ')}`;
    return [{ path: ['connect'], of: 'key', message }];
  }
  if (second !== undefined) {
    const message = `"${first}" says already where the core is; leave one of them`;
    return [{ path: ['connect', second], of: 'key', message }];
  }
  const { greengrass } = connect;
  if (!isMapping(greengrass) || greengrass.region !== undefined || greengrass.endpoint !== undefined)
    return [];
  const message = 'says not where discovery is; add region, such as eu-central-1, or endpoint';
  return [{ path: ['connect', 'greengrass'], of: 'key', message }];
}

const LISTENERS: readonly Path[] = [
  ['core', 'mqtt', 'port'],
  ['core', 'discovery', 'port'],
  ['core', 'discovery', 'alsoPort'],
  ['dashboard', 'port'],
  ['metrics', 'port'],
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

/** Whoever asks for metrics is not asked who they are. */
export function metricsOnLoopback(draft: Draft): readonly Finding[] {
  const host = valueAt(draft.document, ['metrics', 'host']);
  if (typeof host !== 'string' || isLoopback(host)) return [];
  const message = `${host} is beyond loopback, and metrics are served without TLS and to everyone; use 127.0.0.1 and let what collects them run on this machine, or forward the port (ssh -L)`;
  return [{ path: ['metrics', 'host'], of: 'value', message }];
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
