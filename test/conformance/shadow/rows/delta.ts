import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('6 Delta');
export const deltas = rows;

const GUIDE = 'AWS IoT guide: device-shadow-mqtt';
const UTIL = 'Shadow manager: JsonUtil';

const CASES: readonly (readonly [rule: string, desired: unknown, reported: unknown, delta: unknown])[] = [
  ['equal sections have none', { a: 1, o: { b: [1] } }, { a: 1, o: { b: [1] } }, undefined],
  ['a value that differs', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1 }],
  ['a key only in desired is in it', { a: 1, b: 2 }, { a: 1 }, { b: 2 }],
  ['a key only in reported is not', { a: 1 }, { a: 1, b: 2 }, undefined],
  ['without reported all of desired', { a: 1, o: { b: 2 } }, undefined, { a: 1, o: { b: 2 } }],
  ['without desired none', undefined, { a: 1 }, undefined],
  ['inside objects only what differs', { o: { a: 1, b: 2 } }, { o: { a: 1, b: 3 } }, { o: { b: 2 } }],
  ['arrays that differ as a whole', { a: [1, 2] }, { a: [1, 3] }, { a: [1, 2] }],
  ['the order of an array matters', { a: [1, 2] }, { a: [2, 1] }, { a: [1, 2] }],
  [
    'the order of members does not, in arrays either',
    { a: [{ x: 1, y: 2 }] },
    { a: [{ y: 2, x: 1 }] },
    undefined,
  ],
  ['255 equals 255.0', { a: 255 }, { a: 255.0 }, undefined],
  ['1 differs from 1.5', { a: 1 }, { a: 1.5 }, { a: 1 }],
  ['"1" differs from 1', { a: '1' }, { a: 1 }, { a: '1' }],
  ['true differs from "true"', { a: true }, { a: 'true' }, { a: true }],
  ['false differs from 0', { a: false }, { a: 0 }, { a: false }],
  [
    'object desired, scalar reported: the whole object',
    { a: { b: 1, c: 2 } },
    { a: 5 },
    { a: { b: 1, c: 2 } },
  ],
  ['scalar desired, object reported: the scalar', { a: 5 }, { a: { b: 1 } }, { a: 5 }],
  ['array desired, object reported: the array', { a: [1] }, { a: { b: 1 } }, { a: [1] }],
  ['an empty array differs from none', { a: [] }, { b: 1 }, { a: [] }],
  ['keys of the language are keys', { constructor: 1 }, { b: 1 }, { constructor: 1 }],
];
for (const [rule, desired, reported, delta] of CASES) {
  row(rule, UTIL, async ({ x }) => {
    const state = { ...(desired !== undefined && { desired }), ...(reported !== undefined && { reported }) };
    const answers = await x.update({ state });
    if (delta === undefined) assert.ok(!answers.kinds.includes('delta'), answers.kinds.join());
    else assert.deepEqual(answers.one('delta').state, delta);
    assert.deepEqual((await x.state()).delta, delta);
  });
}
row('delta is published on every update while there is one, and whole', GUIDE, async ({ x }) => {
  await x.desire({ a: 1, b: 2 });
  assert.deepEqual((await x.report({ z: 1 })).one('delta').state, { a: 1, b: 2 });
  assert.deepEqual((await x.report({ a: 1 })).one('delta').state, { b: 2 });
});
row('a desire said again is told again', GUIDE, async ({ x }) => {
  await x.desire({ a: 1 });
  assert.deepEqual((await x.desire({ a: 1 })).one('delta').state, { a: 1 });
});
row('no delta is published when reported catches up', GUIDE, async ({ x }) => {
  await x.desire({ a: 1 });
  assert.deepEqual((await x.report({ a: 1 })).kinds, ['documents', 'accepted']);
});
row('what is removed from reported is wanted again', GUIDE, async ({ x }) => {
  await x.update({ state: { desired: { a: 1, b: 1 }, reported: { a: 1, b: 1 } } });
  assert.deepEqual((await x.report({ a: null })).one('delta').state, { a: 1 });
});
row('no delta after desired was removed', GUIDE, async ({ x }) => {
  await x.desire({ a: 1 });
  assert.deepEqual((await x.desire(null)).kinds, ['documents', 'accepted']);
});
row('no delta on delete', GUIDE, async ({ x }) => {
  await x.desire({ a: 1 });
  assert.deepEqual((await x.delete()).kinds, ['accepted']);
});
row('no delta when an update is refused', GUIDE, async ({ x }) => {
  await x.desire({ a: 1 });
  assert.deepEqual((await x.update({ state: { desired: { a: 2 } }, version: 9 })).kinds, ['rejected']);
});
row('its state has no wrapper', GUIDE, async ({ x }) => {
  assert.deepEqual((await x.desire({ color: 'red' })).one('delta').state, { color: 'red' });
});
row(
  'its metadata tells when desired was written',
  'Shadow manager: ShadowStateMetadata',
  async ({ x, clock }) => {
    const then = (await x.desire({ a: 1, o: { b: [1] } })).accepted.timestamp as number;
    await clock.advance(60_000);
    const delta = (await x.report({ z: 1 })).one('delta');
    assert.deepEqual(delta.metadata, { a: { timestamp: then }, o: { b: [{ timestamp: then }] } });
    assert.equal(delta.timestamp, then + 60);
  },
);
row(
  'its metadata covers the keys of the delta only',
  'Shadow manager: ShadowStateMetadata',
  async ({ x }) => {
    const answers = await x.update({
      state: { desired: { a: 1, o: { b: 1, c: 2 } }, reported: { a: 1, o: { b: 1 } } },
    });
    const delta = answers.one('delta');
    assert.deepEqual(delta.metadata, { o: { c: { timestamp: delta.timestamp } } });
  },
);
row('an object left empty in desired asks for the key to go: null', UTIL, async ({ x }) => {
  await x.update({ state: { desired: { z: 1, o: { a: 1 } }, reported: { z: 1, o: { b: 2 } } } });
  const delta = (await x.desire({ o: { a: null } })).one('delta');
  assert.deepEqual([delta.state, delta.metadata], [{ o: null }, { o: null }]);
  assert.deepEqual((await x.report({ o: null })).kinds, ['documents', 'accepted']);
});
row(
  'objects left empty, one in the other, ask for nothing',
  'choice: nobody could report them',
  async ({ x }) => {
    await x.update({ state: { desired: { z: 1, o: { p: { a: 1 } } }, reported: { z: 1 } } });
    assert.deepEqual((await x.desire({ o: { p: { a: null } } })).kinds, ['documents', 'accepted']);
  },
);
row('a key named state in desired is ordinary', 'AWS IoT guide: device-shadow-document', async ({ x }) => {
  const delta = (await x.desire({ state: { power: 'on' } })).one('delta');
  assert.deepEqual(delta.state, { state: { power: 'on' } });
});
row('classic and named shadows have deltas of their own', GUIDE, async ({ x }) => {
  await x.desire({ a: 1 });
  assert.deepEqual((await x.report({ a: 1 }, 'n')).kinds, ['documents', 'accepted']);
});
