import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../hal/index.js';
import { delta } from '../../../src/core/shadow/delta.js';
import type { ShadowDocument } from '../../../src/core/shadow/document.js';
import { carryOut } from '../../../src/core/shadow/engine.js';
import { shadowLimits } from '../../../src/core/shadow/limits.js';
import { type Merged, merge } from '../../../src/core/shadow/merge.js';
import { patch, sectionPatch, stored } from './support/documents.js';
import {
  canonical,
  type ModelSection,
  modelDelta,
  modelMerge,
  modelMetadata,
  modelValue,
  NO_SECTION,
} from './support/model.js';

const RUNS = { numRuns: 3_000 };
const NONE: Merged = { value: {}, metadata: {} };

function built(patches: readonly JsonObject[]): JsonObject {
  return patches.reduce((section, next) => merge(section, next, 1), NONE).value;
}

describe('merge', () => {
  it('agrees with the model, values and times, over sequences of requests', () => {
    fc.assert(
      fc.property(fc.array(patch, { minLength: 1, maxLength: 5 }), (patches) => {
        let section = NONE;
        let model: ModelSection = NO_SECTION;
        patches.forEach((next, time) => {
          section = merge(section, next, time);
          model = modelMerge(model, next, time);
          expect(canonical(section.value)).toBe(canonical(modelValue(model)));
          expect(canonical(section.metadata)).toBe(canonical(modelMetadata(model)));
        });
      }),
      RUNS,
    );
  });

  it('changes neither the section nor the request', () => {
    fc.assert(
      fc.property(patch, patch, (first, second) => {
        const section = merge(undefined, first, 1);
        const before = JSON.stringify([section, second]);
        merge(section, second, 2);
        expect(JSON.stringify([section, second])).toBe(before);
      }),
      RUNS,
    );
  });

  it('done twice is as done once', () => {
    fc.assert(
      fc.property(patch, patch, (first, second) => {
        const once = built([first, second]);
        expect(canonical(merge({ value: once, metadata: {} }, second, 1).value)).toBe(canonical(once));
      }),
      RUNS,
    );
  });
});

describe('delta', () => {
  const sections = fc.tuple(stored, stored);

  it('agrees with the model', () => {
    fc.assert(
      fc.property(sections, ([desired, reported]) => {
        expect(canonical(delta(desired, reported) ?? {})).toBe(canonical(modelDelta(desired, reported)));
      }),
      RUNS,
    );
  });

  it('is empty when both are equal, and when what it asks for was reported', () => {
    fc.assert(
      fc.property(sections, ([desired, reported]) => {
        expect(delta(desired, desired)).toBeUndefined();
        const difference = delta(desired, reported);
        if (difference === undefined) return;
        const followed = merge({ value: reported, metadata: {} }, difference, 1).value;
        expect(delta(desired, followed)).toBeUndefined();
      }),
      RUNS,
    );
  });

  it('is not empty when anything that is desired was not reported', () => {
    fc.assert(
      fc.property(sections, ([desired, reported]) => {
        if (delta(desired, reported) !== undefined) return;
        // laying desired over reported then changes nothing
        const laid = merge({ value: reported, metadata: {} }, desired, 1).value;
        const withoutEmpty = (value: JsonObject): string => canonical(merge(undefined, value, 1).value);
        expect(withoutEmpty(laid)).toBe(withoutEmpty(reported));
      }),
      RUNS,
    );
  });
});

describe('a shadow under any sequence of requests', () => {
  const limits = shadowLimits({ depth: 5 });
  const id = { thing: 't', shadow: undefined };
  const request = fc.oneof(
    { weight: 8, arbitrary: fc.record({ desired: sectionPatch, reported: sectionPatch }) },
    { weight: 1, arbitrary: fc.constantFrom('delete', 'clear', 'junk', 'stale') },
  );

  it('has a version that rises by one with each accepted update and never else, also across deletes', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
        let record: ReturnType<typeof carryOut>['record'];
        let version = 0;
        for (const each of requests) {
          const step = carryOut(id, record, toRequest(each, version), 1_000, limits);
          const { outcome } = step;
          if (outcome.kind === 'updated') {
            expect(outcome.current.version).toBe(version + 1);
            version += 1;
          } else if (outcome.kind === 'failed') expect(step.record).toBe(record);
          else expect(step.record?.version).toBe(version);
          record = step.record;
        }
      }),
      RUNS,
    );
  });

  it('counts its size by what it holds and says the same in text and in objects', () => {
    fc.assert(
      fc.property(patch, patch, (desired, reported) => {
        const { outcome } = carryOut(id, undefined, toRequest({ desired, reported }, 0), 1_000, limits);
        if (outcome.kind !== 'updated') return;
        const document: ShadowDocument = outcome.current;
        const bytes = Object.values(document.state).map((section) =>
          Buffer.byteLength(JSON.stringify(section)),
        );
        expect(document.bytes).toBe(bytes.reduce((sum, size) => sum + size, 0));
        expect(document.stateText).toBe(JSON.stringify(document.state));
        expect(document.metadataText).toBe(JSON.stringify(document.metadata));
      }),
      RUNS,
    );
  });
});

function toRequest(
  given: string | { desired?: JsonObject | null | undefined; reported?: JsonObject | null | undefined },
  version: number,
): { operation: 'update' | 'delete'; payload: Buffer } {
  if (given === 'delete') return { operation: 'delete', payload: Buffer.alloc(0) };
  const body =
    given === 'clear'
      ? { state: null }
      : given === 'stale'
        ? { state: {}, version: version + 2 }
        : { state: given };
  return { operation: 'update', payload: Buffer.from(given === 'junk' ? '{"state":' : JSON.stringify(body)) };
}
