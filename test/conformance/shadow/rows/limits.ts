import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('14 Limits');
export const limits = rows;

const SIZE = 'AWS IoT guide: device-shadow-error-messages';
const DEPTH = 'Shadow manager: JsonUtil depth';

/** A section of so many bytes as compact JSON: {"a":"…"} */
const ofBytes = (bytes: number): { a: string } => ({ a: 'x'.repeat(bytes - 8) });

row('reported of 8192 bytes is allowed', SIZE, async ({ x }) => {
  assert.ok((await x.report(ofBytes(8192))).accepted);
});
row('reported of 8193 bytes: 413', SIZE, async ({ x }) => {
  (await x.report(ofBytes(8193))).rejected(413, 'The payload exceeds the maximum size allowed');
});
row('desired and reported count together', SIZE, async ({ x }) => {
  await x.desire(ofBytes(4096));
  assert.ok((await x.report(ofBytes(4096))).accepted);
  (await x.report(ofBytes(4097))).rejected(413, /exceeds/);
});
row('the merged document counts: a small patch may be too much', SIZE, async ({ x }) => {
  await x.report(ofBytes(8192));
  (await x.report({ b: 1 })).rejected(413, /exceeds/);
  assert.deepEqual(await x.reported(), ofBytes(8192));
});
row('the merged document counts: a large request that removes is allowed', SIZE, async ({ x }) => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`key-number-${n}`, null]));
  assert.ok((await x.report({ ...many, a: 1 })).accepted);
});
row('bytes of UTF-8 count, not characters', SIZE, async ({ x }) => {
  (await x.report({ a: 'é'.repeat(4093) })).rejected(413, /exceeds/);
  assert.ok((await x.report({ a: 'é'.repeat(4092) })).accepted);
});
row('blanks in the request do not count', SIZE, async ({ x }) => {
  assert.ok((await x.update(`{"state":{"reported":{${' '.repeat(9000)}"a":1}}}`)).accepted);
});
row('metadata does not count', 'AWS IoT guide: device-shadow limits', async ({ x }) => {
  const many = Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`k${n}`, 1]));
  assert.ok((await x.report(many)).accepted);
});
row('desired null makes room', SIZE, async ({ x }) => {
  await x.desire(ofBytes(8000));
  assert.ok((await x.update({ state: { desired: null, reported: ofBytes(8000) } })).accepted);
});
row('a request of more than 128 KB: 413', 'AWS IoT guide: device-shadow limits', async ({ x }) => {
  (await x.update(`{"state":{"reported":{"a":1}}${' '.repeat(131_072)}}`)).rejected(413, /exceeds/);
});

const nested = (levels: number, core: unknown): unknown => {
  let value = core;
  for (let level = levels; level > 0; level -= 1) value = { [level]: value };
  return value;
};
row('six levels are allowed', DEPTH, async ({ x }) => {
  assert.ok((await x.report(nested(6, 1))).accepted);
});
row('seven levels: 400', DEPTH, async ({ x }) => {
  (await x.report(nested(7, 1))).rejected(400, 'JSON contains too many levels of nesting; maximum is 6');
});
row('an array is a level', DEPTH, async ({ x }) => {
  assert.ok((await x.report(nested(5, [1]))).accepted);
  (await x.report(nested(5, [[1]]))).rejected(400, /levels of nesting/);
});
row('an empty container is no level', DEPTH, async ({ x }) => {
  assert.ok((await x.report(nested(5, [[]]))).accepted);
  assert.ok((await x.report(nested(6, {}))).accepted);
});
row('desired has the same depth', DEPTH, async ({ x }) => {
  (await x.desire(nested(7, 1))).rejected(400, /levels of nesting/);
});
row('a hundred thousand brackets harm nobody', 'choice: input is bounded', async ({ x }) => {
  const deep = '['.repeat(60_000) + ']'.repeat(60_000);
  (await x.update(`{"state":{"reported":{"a":${deep}}}}`)).rejected(400, /levels of nesting|Invalid JSON/);
});
row(
  'ten unanswered requests of one client are taken, the eleventh: 429',
  SIZE,
  async ({ x, service, holdSaves }) => {
    const release = holdSaves();
    const topic = `${x.topic()}/update`;
    const burst = Array.from(
      { length: 12 },
      (_, n) => [topic, JSON.stringify({ state: { reported: { n } }, clientToken: `t${n}` })] as const,
    );
    // refused at once, the fence behind them too
    const { all } = await x.sendAll(burst);
    release();
    while (service.status().pendingRequests > 0) await new Promise((resolve) => setImmediate(resolve));
    const refused = all.filter((reply) => reply.kind === 'rejected');
    assert.deepEqual(
      refused.map(({ body }) => [body.code, body.clientToken]),
      [
        [429, 't10'],
        [429, 't11'],
      ],
    );
  },
);
row('after the answers the client may ask again', SIZE, async ({ x, service, holdSaves }) => {
  const release = holdSaves();
  const topic = `${x.topic()}/update`;
  await x.sendAll(
    Array.from({ length: 12 }, (_, n) => [topic, `{"state":{"reported":{"n":${n}}}}`] as const),
  );
  release();
  while (service.status().pendingRequests > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await x.reported(), { n: 9 });
});
