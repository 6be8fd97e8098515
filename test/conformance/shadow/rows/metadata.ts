import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('7 Metadata');
export const metadata = rows;

const GUIDE = 'AWS IoT guide: device-shadow-document';
const META = 'Shadow manager: ShadowStateMetadata';
type Stamped = Record<string, Record<string, unknown>>;

row('every leaf has its timestamp, in epoch seconds', GUIDE, async ({ x, clock }) => {
  const now = Math.floor(clock.now() / 1000);
  await x.report({ a: 1, o: { b: 'x', c: true } });
  const leaf = { timestamp: now };
  assert.deepEqual(await x.metadata(), { reported: { a: leaf, o: { b: leaf, c: leaf } } });
});
row('arrays have metadata by element', GUIDE, async ({ x, clock }) => {
  const leaf = { timestamp: Math.floor(clock.now() / 1000) };
  await x.report({ a: [1, 'x'], e: [], o: [{ p: 1 }, [2]] });
  assert.deepEqual(await x.metadata(), { reported: { a: [leaf, leaf], e: [], o: [{ p: leaf }, [leaf]] } });
});
row('what an update does not name keeps its time', GUIDE, async ({ x, clock }) => {
  await x.report({ a: 1, b: 1 });
  await clock.advance(5_000);
  await x.report({ b: 2 });
  const { a, b } = ((await x.metadata()) as Stamped).reported as Record<string, { timestamp: number }>;
  assert.equal((b?.timestamp ?? 0) - (a?.timestamp ?? 0), 5);
});
row('a leaf that is named gets the new time though its value is the same', META, async ({ x, clock }) => {
  await x.report({ a: 1 });
  await clock.advance(5_000);
  await x.report({ a: 1 });
  assert.deepEqual(await x.metadata(), { reported: { a: { timestamp: Math.floor(clock.now() / 1000) } } });
});
row('a key that is removed loses its metadata', GUIDE, async ({ x, clock }) => {
  await x.report({ a: 1, b: 1 });
  await x.report({ a: null });
  assert.deepEqual(await x.metadata(), { reported: { b: { timestamp: Math.floor(clock.now() / 1000) } } });
});
row('an object left empty has no metadata', META, async ({ x, clock }) => {
  await x.report({ z: 1, o: { a: 1 } });
  await x.report({ o: { a: null } });
  assert.deepEqual(await x.metadata(), { reported: { z: { timestamp: Math.floor(clock.now() / 1000) } } });
});
row('a section in which all is left empty has no metadata section', META, async ({ x }) => {
  await x.report({ o: { a: 1 } });
  await x.report({ o: { a: null } });
  assert.deepEqual(await x.metadata(), {});
  assert.deepEqual(await x.reported(), { o: {} });
});
row('a section that is removed has no metadata', META, async ({ x, clock }) => {
  await x.update({ state: { desired: { a: 1 }, reported: { a: 1 } } });
  await x.desire(null);
  assert.deepEqual(await x.metadata(), { reported: { a: { timestamp: Math.floor(clock.now() / 1000) } } });
});
row('it follows a change of type to an array', META, async ({ x, clock }) => {
  const leaf = { timestamp: Math.floor(clock.now() / 1000) };
  await x.report({ a: 1, o: { b: 1 } });
  await x.report({ a: [1, 2], o: [3] });
  assert.deepEqual(await x.metadata(), { reported: { a: [leaf, leaf], o: [leaf] } });
});
row('it follows a change of type to a scalar and to an object', META, async ({ x, clock }) => {
  const leaf = { timestamp: Math.floor(clock.now() / 1000) };
  await x.report({ a: [1], b: { c: 1 }, d: 1 });
  await x.report({ a: 1, b: 2, d: { e: 1 } });
  assert.deepEqual(await x.metadata(), { reported: { a: leaf, b: leaf, d: { e: leaf } } });
});
row('a key named timestamp has metadata like any other', META, async ({ x, clock }) => {
  const leaf = { timestamp: Math.floor(clock.now() / 1000) };
  await x.report({ timestamp: 7 });
  assert.deepEqual(await x.metadata(), { reported: { timestamp: leaf } });
});
row('a key named timestamp beside others survives updates of them', META, async ({ x, clock }) => {
  await x.report({ o: { timestamp: 7 } });
  await clock.advance(2_000);
  await x.report({ o: { b: 1 } });
  const now = Math.floor(clock.now() / 1000);
  assert.deepEqual(await x.metadata(), {
    reported: { o: { timestamp: { timestamp: now - 2 }, b: { timestamp: now } } },
  });
});
row('an accepted update carries metadata of the request alone', META, async ({ x }) => {
  await x.report({ a: 1 });
  const { metadata: told, timestamp } = (await x.report({ b: 1 })).accepted;
  assert.deepEqual(told, { reported: { b: { timestamp } } });
});
row('there a null leaf has a timestamp', META, async ({ x }) => {
  const { metadata: told, timestamp } = (await x.report({ a: null, b: 1 })).accepted;
  assert.deepEqual(told, { reported: { a: { timestamp }, b: { timestamp } } });
});
row('there {} stays {}', META, async ({ x }) => {
  assert.deepEqual((await x.report({ a: {} })).accepted.metadata, { reported: { a: {} } });
});
row('there a section null has a timestamp', META, async ({ x }) => {
  const { metadata: told, timestamp } = (await x.desire(null)).accepted;
  assert.deepEqual(told, { desired: { timestamp } });
});
row('there state null has one timestamp', META, async ({ x }) => {
  const { metadata: told, timestamp } = (await x.update({ state: null })).accepted;
  assert.deepEqual(told, { timestamp });
});
row('there state {} has none', META, async ({ x }) => {
  assert.deepEqual((await x.update({ state: {} })).accepted.metadata, {});
});
row('a get never carries metadata.delta', 'Shadow manager: GetThingShadowRequestHandler', async ({ x }) => {
  await x.desire({ a: 1 });
  assert.deepEqual(Object.keys(await x.metadata()), ['desired']);
});
