import { expect, it } from 'vitest';
import { SPOOL_LIMITS } from '../../src/cloud/spool/index.js';
import { dayOffline } from '../support/day-offline.js';

const HOUR = 3_600_000;

it('a day offline, as configured by default: all is kept and sent in order', async () => {
  const { messages, batches } = await dayOffline({ sensors: 50, everyS: 600 });
  expect(SPOOL_LIMITS).toEqual({ maxBytes: 64 * 1024 * 1024, maxAgeMs: 30 * 24 * HOUR });
  expect(messages).toMatchObject({
    handedOver: 7_200,
    offline: { state: 'waiting', queued: 7_200, droppedForSize: 0, droppedForAge: 0, delivered: 0 },
    after: { state: 'idle', queued: 0, bytes: 0, delivered: 7_200 },
    outOfOrder: 0,
  });
  expect(batches).toMatchObject({ handedOver: 144, offline: { queued: 144 }, after: { delivered: 144 } });
});

it('a day offline, configured smaller: the newest are kept, the rest is counted', async () => {
  const maxBytes = 262_144;
  const { messages, batches } = await dayOffline({
    sensors: 50,
    everyS: 600,
    limits: { maxBytes, maxAgeMs: 12 * HOUR },
  });
  const { queued, bytes, droppedForSize, droppedForAge } = messages.offline;
  expect(queued + droppedForSize + droppedForAge).toBe(7_200);
  // as many as fit: one more would not
  expect(bytes).toBeLessThanOrEqual(maxBytes);
  expect(bytes + bytes / queued).toBeGreaterThan(maxBytes);
  expect(droppedForSize).toBeGreaterThan(5_000);
  expect(messages.after).toMatchObject({ delivered: queued, queued: 0 });
  // half a day of batches, and what became too old since the last look, a minute ago at most
  expect(batches.offline.queued).toBeGreaterThanOrEqual(72);
  expect(batches.offline.queued).toBeLessThanOrEqual(73);
  expect(batches.offline).toMatchObject({ droppedForSize: 0, droppedForAge: 144 - batches.offline.queued });
  expect(batches.after.delivered + batches.after.droppedForAge).toBe(144);
  expect([messages.outOfOrder, batches.outOfOrder]).toEqual([0, 0]);
});
