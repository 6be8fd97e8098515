import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ROLES } from '../../devices/index.js';
import { rolesPage } from '../../devices/page.js';
import type { JsonObject } from '../../hal/index.js';
import { effectiveOptions, makeRole } from './rig.js';

/** The least that each role must be given. */
const LEAST: Readonly<Record<string, JsonObject>> = {
  'traffic-light': { lines: { red: 'GPIO17', yellow: 'J8:13', green: { chip: 'mock-bcm2711', offset: 22 } } },
  'light-controller': { controls: 'Light' },
  'car-counter': { line: 'GPIO24', light: 'Light' },
  climate: { method: 'mock' },
  distance: { trigger: 'GPIO5', echo: 'GPIO6' },
  publisher: {},
  subscriber: {},
};

const cases = [...ROLES].map(([name, definition]) => ({
  name,
  definition,
  least: LEAST[name] ?? { line: 'GPIO5' },
}));

describe.each(cases)('role $name', ({ name, definition, least }) => {
  it('is listed under its own name', () => {
    expect(definition.name).toBe(name);
    expect(definition.summary).toMatch(/\.$/);
  });

  it('is content with the least options, and refuses one it does not know', () => {
    expect(() => effectiveOptions(definition, least)).not.toThrow();
    expect(() => effectiveOptions(definition, { ...least, nonsense: 1 })).toThrow(/additional properties/);
  });

  it('has defaults that its own schema accepts and its check finds no fault with', () => {
    const filled = effectiveOptions(definition, name === 'climate' ? { line: 'GPIO4' } : least);
    expect(definition.check?.(filled) ?? []).toEqual([]);
  });

  it('misses what is required', () => {
    for (const key of definition.required) {
      const { [key]: _, ...rest } = least;
      expect(() => effectiveOptions(definition, rest)).toThrow(new RegExp(String(key)));
    }
  });

  it('takes exactly the lines that it claims, and lets them go', async () => {
    if (name === 'climate') return;
    const { role, board } = await makeRole(definition, { thing: 'Claimer', options: least });
    const held = board.lines().filter((line) => line.consumer === 'Claimer');
    const claims = definition.lines(effectiveOptions(definition, least));
    const claimed = claims.map((claim) => board.line(claim.address).name);
    expect(held.map((line) => line.name).sort()).toEqual(claimed.sort());
    for (const claim of claims) {
      const { direction } = board.line(claim.address);
      expect(direction).toBe(claim.direction === 'input' ? 'input' : 'output');
    }
    await role.stop();
    for (const claim of claims) {
      const line = board.line(claim.address);
      expect(line.consumer).toBeUndefined();
      if (claim.direction === 'output') expect(line.value).toBe(claim.safe ?? 'inactive');
    }
  });

  it('can be stopped before it was started', async () => {
    const { role } = await makeRole(definition, { options: least, start: false });
    await role.stop();
  });

  it('does not start with a signal that is aborted, and takes nothing', async () => {
    const { role, board, clock } = await makeRole(definition, { options: least, start: false });
    await expect(role.start(AbortSignal.abort(new Error('ended')))).rejects.toThrow('ended');
    expect(board.lines().filter((line) => line.consumer !== undefined)).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('reports only properties that its table has', async () => {
    if (name === 'climate' || !definition.traffic('T', effectiveOptions(definition, least)).shadow) return;
    const { role } = await makeRole(definition, { options: least });
    const known = definition.properties.map((property) => property.name);
    for (const key of Object.keys(role.state())) expect(known).toContain(key);
  });

  it('answers a property it does not have with a fault, if it takes any', async () => {
    if (name === 'climate') return;
    const { role } = await makeRole(definition, { options: least });
    const before = role.state();
    if (role.apply === undefined) return;
    expect(await role.apply({ nonsense: true })).toMatchObject({
      code: 'DEVICE_UNKNOWN_PROPERTY',
      property: 'nonsense',
    });
    expect(role.state()).toEqual(before);
  });
});

describe('docs/roles.md', () => {
  it('is what the definitions say (`npm run docs` writes it)', async () => {
    const page = await readFile(new URL('../../docs/roles.md', import.meta.url), 'utf8');
    expect(page).toBe(rolesPage());
  });
});
