import { describe, expect, it } from 'vitest';
import type { Role } from '../../devices/contract.js';
import { type JsonObject, SILENT, VirtualClock } from '../../hal/index.js';
import { ShadowBinding } from '../../src/things/binding.js';
import type { ShadowClient, ShadowDocument } from '../../src/things/shadow-client.js';

/** A lamp that starts red, and the part of the shadow service that its binding talks to. */
function bench(document: ShadowDocument) {
  const reported: JsonObject[] = [];
  let aspect = 'R';
  const role: Role = {
    start: async () => {},
    stop: async () => {},
    apply: async (desired) => {
      aspect = String(desired.property);
      return undefined;
    },
    state: () => ({ property: aspect }),
  };
  const shadow = {
    onDelta: () => () => {},
    get: async () => document,
    update: async (state: { reported: JsonObject }) => {
      reported.push(state.reported);
      return document.version + reported.length;
    },
  } as unknown as ShadowClient;
  const binding = new ShadowBinding({
    thing: 'light',
    role,
    shadow,
    clock: new VirtualClock(),
    log: SILENT,
    onApplied: () => {},
  });
  return { binding, reported, aspect: () => aspect };
}

describe('a role that starts anew', () => {
  it('does what was desired and done before the crash, though there is no delta', async () => {
    const { binding, aspect, reported } = bench({
      version: 3,
      state: { desired: { property: 'G' }, reported: { property: 'G' } },
    });
    await binding.reconcile();
    expect(aspect()).toBe('G');
    expect(reported).toEqual([]);
  });

  it('reports its safe state when nothing is desired', async () => {
    const { binding, aspect, reported } = bench({ version: 3, state: { reported: { property: 'G' } } });
    await binding.reconcile();
    expect(aspect()).toBe('R');
    expect(reported).toEqual([{ property: 'R' }]);
  });
});
