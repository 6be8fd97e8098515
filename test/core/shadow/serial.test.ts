import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../hal/index.js';
import { memoryShadows, type ShadowStore } from '../../../src/core/shadow/index.js';
import { patch } from './support/documents.js';
import { canonical, modelMerge, modelValue, NO_SECTION } from './support/model.js';
import { startService } from './support/service.js';

interface Write {
  readonly writer: number;
  readonly patch: JsonObject;
  /** Checks the version that the writer saw last. */
  readonly careful: boolean;
  /** Turns of the event loop before it is sent. */
  readonly wait: number;
}

/** Saves that take some turns of the event loop, and sometimes fail. */
function moody(store: ShadowStore, turns: () => number): ShadowStore {
  return {
    ...store,
    save: async (...change) => {
      const count = turns();
      for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (count === 4) throw new Error('the disk is full');
      return store.save(...change);
    },
  };
}

describe('any interleaving of writers', () => {
  const write: fc.Arbitrary<Write> = fc.record({
    writer: fc.nat(3),
    patch,
    careful: fc.boolean(),
    wait: fc.nat(3),
  });

  it('ends in the state that its accepted updates make in the order of their versions', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { minLength: 2, maxLength: 20 }),
        fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
        async (writes, moods) => {
          let mood = 0;
          const store = moody(memoryShadows(), () => moods[mood++ % moods.length] ?? 0);
          const { hub, service, heard, idle } = await startService({ store, limits: { depth: 32 } });
          const ports = [0, 1, 2, 3].map((writer) => hub.port(`writer${writer}`));
          for (const { writer, patch: reported, careful, wait } of writes) {
            for (let turn = 0; turn < wait; turn += 1) await new Promise((resolve) => setImmediate(resolve));
            const seen = heard.findLast(({ topic }) => topic.endsWith('update/accepted'))?.body.version;
            const version = careful && seen !== undefined ? { version: seen } : {};
            const payload = JSON.stringify({ state: { reported }, ...version });
            void ports[writer]?.publish({ topic: '$aws/things/T/shadow/update', payload });
          }
          await idle();
          const answers = heard.filter(({ topic }) => /update\/(accepted|rejected)$/.test(topic));
          expect(answers).toHaveLength(writes.length);
          const accepted = answers.filter(({ topic }) => topic.endsWith('accepted')).map(({ body }) => body);
          expect(accepted.map(({ version }) => version)).toEqual(accepted.map((_, index) => index + 1));
          let model = NO_SECTION;
          for (const { state } of accepted) {
            const { reported } = state as { reported: JsonObject };
            model = Object.keys(reported).length === 0 ? NO_SECTION : modelMerge(model, reported, 1);
          }
          const document = await service.read('T');
          expect(document?.version ?? 0).toBe(accepted.length);
          expect(canonical(document?.reported?.value ?? {})).toBe(canonical(modelValue(model)));
          await service.stop();
        },
      ),
      { numRuns: 300 },
    );
  });
});
