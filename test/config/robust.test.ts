import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from './support.js';

const KEYS = [
  'version',
  'core',
  'connect',
  'hal',
  'mock',
  'wires',
  'mqtt',
  'port',
  'cloud',
  'sink',
  'dynamodb',
  'things',
  'name',
  'role',
  'line',
  'lines',
  'red',
  'functions',
  'handler',
  'builtin',
  'subscriptions',
  'source',
  'subject',
  'environment',
  '__proto__',
  'constructor',
];
const WORDS = [
  'lamp',
  'crossing',
  'driver',
  'talker',
  'counter',
  'GPIO4',
  'J8:11',
  '20s',
  'A',
  'cloud',
  '',
  'a/#',
];

const { document } = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.constantFrom(...WORDS), fc.integer(), fc.boolean(), fc.constant(null), fc.double()),
  node: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('node'), { maxKeys: 5 }),
  ),
  document: fc.dictionary(fc.constantFrom(...KEYS), tie('node'), { maxKeys: 6 }),
}));

describe('checking', () => {
  it('never throws, whatever the file holds, and gives either a configuration or problems', async () => {
    await fc.assert(
      fc.asyncProperty(document, async (value) => {
        const text = JSON.stringify({ ...(value as object), version: 1 });
        const { config, problems } = await check(text, {
          env: { GREENLIGHT_CORE_MQTT_PORT: '1', GREENLIGHT_CLOUD_DYNAMODB_REGION: 'x' },
        });
        expect(config === undefined).toBe(problems.length > 0);
        for (const problem of problems) {
          expect(problem.message).not.toBe('');
          expect(problem.message).not.toMatch(/undefined|\[object|NaN/);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('never throws on text that is no YAML', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom(...'{}[]:,-&*!|>\'"#%@`ab1 \n\t') }),
        async (text) => {
          const { config, problems } = await check(text);
          expect(config === undefined).toBe(problems.length > 0);
        },
      ),
      { numRuns: 200 },
    );
  });
});
