import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('5 Merge');
export const merging = rows;

const GUIDE = 'AWS IoT guide: device-shadow-document';
const MERGER = 'Shadow manager: JsonMerger';

/** Section reported after some requests, one after the other. */
const CASES: readonly (readonly [
  rule: string,
  patches: readonly unknown[],
  expected: unknown,
  source: `Shadow manager: ${string}` | `AWS IoT guide: ${string}` | `choice: ${string}`,
])[] = [
  ['a key that the request lacks stays', [{ a: 1, b: 2 }, { b: 3 }], { a: 1, b: 3 }, GUIDE],
  ['a new key is added', [{ a: 1 }, { b: 2 }], { a: 1, b: 2 }, GUIDE],
  [
    'objects merge member by member',
    [{ o: { a: 1, b: 2 } }, { o: { b: 3, c: 4 } }],
    { o: { a: 1, b: 3, c: 4 } },
    GUIDE,
  ],
  [
    'objects merge on every level',
    [{ o: { p: { a: 1, b: 1 } } }, { o: { p: { b: 2 } } }],
    { o: { p: { a: 1, b: 2 } } },
    GUIDE,
  ],
  ['null removes a key', [{ a: 1, b: 2 }, { a: null }], { b: 2 }, GUIDE],
  ['null removes a key deep inside', [{ o: { a: 1, b: 2 } }, { o: { a: null } }], { o: { b: 2 } }, GUIDE],
  ['null for a key that is not there is no error', [{ a: 1 }, { b: null }], { a: 1 }, MERGER],
  ['null removes an object', [{ o: { a: 1 }, b: 1 }, { o: null }], { b: 1 }, MERGER],
  ['null removes an array', [{ a: [1], b: 1 }, { a: null }], { b: 1 }, MERGER],
  ['{} as a value removes the key', [{ o: { a: 1 }, b: 1 }, { o: {} }], { b: 1 }, MERGER],
  ['{} removes a scalar too', [{ a: 1, b: 1 }, { a: {} }], { b: 1 }, MERGER],
  ['arrays are replaced whole', [{ a: [1, 2, 3] }, { a: [4] }], { a: [4] }, GUIDE],
  [
    'arrays of objects are replaced whole',
    [{ a: [{ x: 1, y: 1 }] }, { a: [{ x: 2 }] }],
    { a: [{ x: 2 }] },
    GUIDE,
  ],
  ['an empty array is a value', [{ a: [1] }, { a: [] }], { a: [] }, MERGER],
  ['scalar to object', [{ a: 1 }, { a: { b: 1 } }], { a: { b: 1 } }, MERGER],
  ['object to scalar', [{ a: { b: 1 } }, { a: 1 }], { a: 1 }, MERGER],
  ['array to scalar', [{ a: [1] }, { a: 1 }], { a: 1 }, MERGER],
  ['array to object', [{ a: [1] }, { a: { b: 1 } }], { a: { b: 1 } }, MERGER],
  ['scalar to array (fails silently in the shadow manager)', [{ a: 1 }, { a: [1] }], { a: [1] }, GUIDE],
  [
    'object to array (fails silently in the shadow manager)',
    [{ a: { b: 1 } }, { a: [1] }],
    { a: [1] },
    GUIDE,
  ],
  [
    'number to string, string to boolean',
    [
      { a: 1, b: 'x' },
      { a: '1', b: true },
    ],
    { a: '1', b: true },
    MERGER,
  ],
  [
    'a new object is taken without its nulls and empty objects',
    [{ z: 1 }, { o: { a: null, b: {}, c: 1, d: { e: null } } }],
    { z: 1, o: { c: 1 } },
    MERGER,
  ],
  [
    'a new object in which nothing remains is not added',
    [{ z: 1 }, { o: { a: null, b: { c: {} } } }],
    { z: 1 },
    MERGER,
  ],
  [
    'an object of nothing in place of a scalar removes it',
    [{ z: 1, a: 1 }, { a: { b: null } }],
    { z: 1 },
    'choice: nulls are never stored',
  ],
  [
    'an object that loses its last member stays, empty',
    [{ z: 1, o: { a: 1 } }, { o: { a: null } }],
    { z: 1, o: {} },
    MERGER,
  ],
  [
    'an object left empty can be filled again',
    [{ z: 1, o: { a: 1 } }, { o: { a: null } }, { o: { b: 2 } }],
    { z: 1, o: { b: 2 } },
    MERGER,
  ],
  ['a section that loses its last key is gone', [{ a: 1 }, { a: null }], undefined, MERGER],
  [
    'nulls in the first request are not stored',
    [{ a: null, b: 1, c: {}, d: { e: null }, f: [] }],
    { b: 1, f: [] },
    GUIDE,
  ],
  ['a first request of nulls alone makes no section', [{ a: null, b: {} }], undefined, GUIDE],
  ['reported {} removes the section', [{ a: 1 }, {}], undefined, MERGER],
  ['reported null removes the section', [{ a: 1 }, null], undefined, GUIDE],
  ['reported null where there is none is no error', [null], undefined, MERGER],
  ['a section that was removed can be written again', [{ a: 1 }, null, { b: 2 }], { b: 2 }, GUIDE],
  [
    'objects in arrays keep their nulls and empty objects',
    [{ a: [{ n: null, e: {} }] }],
    { a: [{ n: null, e: {} }] },
    GUIDE,
  ],
  ['a key named state is ordinary: value', [{ state: 'on', a: 1 }, { a: 2 }], { state: 'on', a: 2 }, GUIDE],
  [
    'a key named state is ordinary: null',
    [
      { state: 'on', a: 1 },
      { state: null, c: 2 },
    ],
    { a: 1, c: 2 },
    GUIDE,
  ],
  [
    'a key named state is ordinary: null without there being one',
    [{ a: 1 }, { state: null, c: 2 }],
    { a: 1, c: 2 },
    GUIDE,
  ],
  [
    'a key named state is ordinary: object',
    [{ state: { x: 1 } }, { state: { y: 2 }, c: 1 }],
    { state: { x: 1, y: 2 }, c: 1 },
    GUIDE,
  ],
  ['a key named state is ordinary: empty object', [{ a: 1 }, { state: {} }], { a: 1 }, GUIDE],
  [
    'keys named desired, reported, delta, metadata and version are ordinary',
    [{ desired: 1, reported: 2, delta: 3, metadata: 4, version: 5 }],
    { desired: 1, reported: 2, delta: 3, metadata: 4, version: 5 },
    GUIDE,
  ],
  [
    'a key named timestamp is ordinary',
    [{ timestamp: 1 }, { timestamp: { timestamp: 2 } }],
    { timestamp: { timestamp: 2 } },
    GUIDE,
  ],
  [
    'keys of the language are ordinary',
    [{ constructor: 1, toString: { a: 1 }, hasOwnProperty: 2 }, { toString: { b: 1 } }],
    { constructor: 1, toString: { a: 1, b: 1 }, hasOwnProperty: 2 },
    'choice: keys are data',
  ],
];

for (const [rule, patches, expected, source] of CASES) {
  row(rule, source, async ({ x }) => {
    for (const patch of patches) assert.ok((await x.report(patch)).accepted);
    assert.deepEqual(await x.reported(), expected);
    assert.equal(await x.version(), patches.length);
  });
}
row('desired is merged by the same rules', MERGER, async ({ x }) => {
  await x.desire({ o: { a: 1, b: [1] }, c: 1 });
  await x.desire({ o: { a: null, b: [2], d: 1 }, c: {} });
  assert.deepEqual((await x.state()).desired, { o: { b: [2], d: 1 } });
});
row('an update of one section leaves the other alone', GUIDE, async ({ x }) => {
  await x.desire({ a: 1 });
  await x.report({ a: 2 });
  assert.deepEqual((await x.state()).desired, { a: 1 });
});
row('desired null removes desired only', GUIDE, async ({ x }) => {
  await x.update({ state: { desired: { a: 1 }, reported: { b: 1 } } });
  await x.desire(null);
  assert.deepEqual(await x.state(), { reported: { b: 1 } });
});
row('state null clears both sections and the shadow still exists', GUIDE, async ({ x }) => {
  await x.update({ state: { desired: { a: 1 }, reported: { b: 1 } } });
  assert.equal((await x.update({ state: null })).accepted.version, 2);
  const { state, metadata, version } = (await x.get()).accepted;
  assert.deepEqual({ state, metadata, version }, { state: {}, metadata: {}, version: 2 });
});
row('state null makes a shadow that did not exist', 'Shadow manager: ShadowDocument', async ({ x }) => {
  assert.equal((await x.update({ state: null })).accepted.version, 1);
  assert.deepEqual(await x.state(), {});
});
row('a key named __proto__ is ordinary', 'choice: keys are data', async ({ x }) => {
  await x.update('{"state":{"reported":{"__proto__":{"a":1},"b":1}}}');
  await x.update('{"state":{"reported":{"__proto__":{"c":2}}}}');
  const text = (await x.get()).all[0]?.text ?? '';
  assert.match(text, /"__proto__":\{"a":1,"c":2\}/);
});
