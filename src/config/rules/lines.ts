import type { LineClaim } from '../../../devices/contract.js';
import { addressKey, type LineAddress, messageOf } from '../../../hal/index.js';
import { type Draft, elements, isMapping, type ThingMember } from '../draft.js';
import { type Path, parsePath, valueAt } from '../path.js';
import type { Finding } from '../sentences.js';

/** Every line has one holder, whatever address it is given by. */
export function uniqueLines(draft: Draft): readonly Finding[] {
  const holders = new Map<string, { thing: ThingMember; position: number; claim: LineClaim }>();
  const findings: Finding[] = [];
  for (const [position, thing] of draft.things.entries()) {
    for (const claim of claimsOf(thing)) {
      const path: Path = [...thing.path, ...parsePath(claim.path)];
      let key: string;
      try {
        key = addressKey(claim.address);
      } catch (error) {
        // The address has no known form, or names a header position without a line: that is the finding.
        if (thing.sound) findings.push({ path, of: 'value', message: messageOf(error) });
        continue;
      }
      const holder = holders.get(key);
      if (holder === undefined) {
        holders.set(key, { thing, position, claim });
        continue;
      }
      const written = JSON.stringify(claim.address).replaceAll('"', '');
      const line = written === key ? key : `${written} is ${key}, which`;
      const message = `${line} is already held by things[${holder.position}] "${holder.thing.name}" (${holder.claim.path}); choose another line`;
      findings.push({ path, of: 'value', message });
    }
  }
  return findings;
}

function claimsOf(thing: ThingMember): readonly LineClaim[] {
  if (thing.definition === undefined) return [];
  if (thing.sound) return thing.definition.lines(thing.options);
  try {
    return thing.definition.lines(thing.options).filter((claim) => claim?.address !== undefined);
  } catch {
    // The schema already refused these options; a role may expect them to be complete.
    return [];
  }
}

/** Wires of the mock board end at addresses that can exist. */
export function wireEnds(draft: Draft): readonly Finding[] {
  const findings: Finding[] = [];
  const wires = elements(valueAt(draft.document, ['hal', 'mock', 'wires']));
  for (const [index, wire] of wires.entries()) {
    for (const end of ['from', 'to'] as const) {
      const address = wire[end];
      if (typeof address !== 'string' && !isMapping(address)) continue;
      try {
        addressKey(address as LineAddress);
      } catch (error) {
        // As above: the message is the finding.
        const path: Path = ['hal', 'mock', 'wires', index, end];
        findings.push({ path, of: 'value', message: messageOf(error) });
      }
    }
  }
  return findings;
}
