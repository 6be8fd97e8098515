import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('9 Messages of an update');
export const messages = rows;

const GUIDE = 'AWS IoT guide: device-shadow-document';
const BUILDER = 'Shadow manager: ResponseMessageBuilder';
type Documents = Record<'previous' | 'current', { state: unknown; metadata: unknown; version: number }>;

row('delta, documents, accepted, in this order', BUILDER, async ({ x }) => {
  assert.deepEqual((await x.desire({ a: 1 })).kinds, ['delta', 'documents', 'accepted']);
});
row('without a difference: documents, accepted', BUILDER, async ({ x }) => {
  assert.deepEqual((await x.report({ a: 1 })).kinds, ['documents', 'accepted']);
});
row('accepted tells the state of the request, not the merged one', GUIDE, async ({ x }) => {
  await x.report({ a: 1 });
  assert.deepEqual((await x.report({ b: 2 })).accepted.state, { reported: { b: 2 } });
});
row('accepted tells the nulls of the request', BUILDER, async ({ x }) => {
  assert.deepEqual(
    (await x.update({ state: { desired: null, reported: { a: null, e: {} } } })).accepted.state,
    {
      desired: null,
      reported: { a: null, e: {} },
    },
  );
});
row('accepted of state null tells state null', BUILDER, async ({ x }) => {
  assert.equal((await x.update({ state: null })).accepted.state, null);
});
row('accepted has state, metadata, version and timestamp', GUIDE, async ({ x }) => {
  assert.deepEqual(Object.keys((await x.report({ a: 1 })).accepted).sort(), [
    'metadata',
    'state',
    'timestamp',
    'version',
  ]);
});
row('timestamps are whole epoch seconds', GUIDE, async ({ x, clock }) => {
  const answers = await x.desire({ a: 1 });
  for (const { body } of answers.all) assert.equal(body.timestamp, Math.floor(clock.now() / 1000));
});
row('delta has state, metadata, version and timestamp', GUIDE, async ({ x }) => {
  const delta = (await x.desire({ a: 1 })).one('delta');
  assert.deepEqual(Object.keys(delta).sort(), ['metadata', 'state', 'timestamp', 'version']);
  assert.equal(delta.version, 1);
});
row('documents has previous, current and timestamp', GUIDE, async ({ x }) => {
  assert.deepEqual(Object.keys((await x.report({ a: 1 })).one('documents')).sort(), [
    'current',
    'previous',
    'timestamp',
  ]);
});
row('documents tells the whole of before and after', GUIDE, async ({ x }) => {
  await x.update({ state: { desired: { a: 1 }, reported: { a: 1, b: 1 } } });
  const { previous, current } = (await x.report({ b: 2 })).one('documents') as Documents;
  assert.deepEqual(previous.state, { desired: { a: 1 }, reported: { a: 1, b: 1 } });
  assert.deepEqual(current.state, { desired: { a: 1 }, reported: { a: 1, b: 2 } });
  assert.deepEqual([previous.version, current.version], [1, 2]);
});
row('documents tells the metadata of both', GUIDE, async ({ x, clock }) => {
  const now = Math.floor(clock.now() / 1000);
  await x.report({ a: 1 });
  await clock.advance(3_000);
  const { previous, current } = (await x.report({ a: 2 })).one('documents') as Documents;
  assert.deepEqual(previous.metadata, { reported: { a: { timestamp: now } } });
  assert.deepEqual(current.metadata, { reported: { a: { timestamp: now + 3 } } });
});
row('documents of a new shadow has previous null', BUILDER, async ({ x }) => {
  assert.equal((await x.report({ a: 1 })).one('documents').previous, null);
});
row('documents of a shadow made anew has previous null', BUILDER, async ({ x }) => {
  await x.report({ a: 1 });
  await x.delete();
  assert.equal((await x.report({ a: 1 })).one('documents').previous, null);
});
row('documents holds no delta', GUIDE, async ({ x }) => {
  await x.desire({ a: 1 });
  const { previous, current } = (await x.report({ b: 2 })).one('documents') as Documents;
  assert.deepEqual(Object.keys(previous.state as object), ['desired']);
  assert.deepEqual(Object.keys(current.state as object), ['desired', 'reported']);
});
row('documents is published for an update that changes nothing too', BUILDER, async ({ x }) => {
  await x.report({ a: 1 });
  assert.deepEqual((await x.update({ state: {} })).kinds, ['documents', 'accepted']);
});
row('documents is not published for a refused update', GUIDE, async ({ x }) => {
  assert.deepEqual((await x.update('{}')).kinds, ['rejected']);
});
row('rejected has code, message and timestamp', GUIDE, async ({ x }) => {
  assert.deepEqual(Object.keys((await x.update('{}')).rejected(400, /./)).sort(), [
    'code',
    'message',
    'timestamp',
  ]);
});
row('a burst of updates is answered in its order, each with its own version', BUILDER, async ({ x }) => {
  const topic = `${x.topic()}/update`;
  const burst = Array.from(
    { length: 9 },
    (_, n) => [topic, JSON.stringify({ state: { reported: { n } } })] as const,
  );
  const answers = await x.sendAll(burst);
  const accepted = answers.all.filter((reply) => reply.kind === 'accepted').map((reply) => reply.body);
  assert.deepEqual(
    accepted.map((body) => body.version),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.deepEqual(
    accepted.map((body) => (body.state as { reported: { n: number } }).reported.n),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
});
row('within a burst previous is what current was before', BUILDER, async ({ x }) => {
  const topic = `${x.topic()}/update`;
  const burst = Array.from(
    { length: 6 },
    (_, n) => [topic, JSON.stringify({ state: { reported: { n } } })] as const,
  );
  const documents = (await x.sendAll(burst)).all
    .filter((reply) => reply.kind === 'documents')
    .map((reply) => reply.body as Documents);
  for (const [index, { previous }] of documents.entries()) {
    if (index > 0) assert.deepEqual(previous, documents[index - 1]?.current);
  }
});
row('a get behind an update sees it, one before it does not', BUILDER, async ({ x }) => {
  await x.report({ n: 0 });
  const topic = x.topic();
  const answers = await x.sendAll([
    [`${topic}/get`, ''],
    [`${topic}/update`, '{"state":{"reported":{"n":1}}}'],
  ]);
  const [first] = answers.all;
  assert.deepEqual(first?.body.state, { reported: { n: 0 } });
  assert.deepEqual(await x.reported(), { n: 1 });
});
