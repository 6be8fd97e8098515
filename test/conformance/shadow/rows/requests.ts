import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('3 Update requests');
export const requests = rows;

const ERRORS = 'AWS IoT guide: device-shadow-error-messages';
const SCHEMA = 'Shadow manager: update_payload_schema';

for (const [what, payload, message, source] of [
  ['no payload', '', 'Missing update payload', 'Shadow manager: ErrorMessage'],
  ['blanks', '  ', 'Invalid JSON', ERRORS],
  ['null', 'null', 'Invalid JSON', ERRORS],
  ['an array', '[]', 'Invalid JSON', ERRORS],
  ['a string', '"str"', 'Invalid JSON', ERRORS],
  ['a number', '42', 'Invalid JSON', ERRORS],
  ['broken JSON', '{"state":', 'Invalid JSON', ERRORS],
  ['text behind the JSON', '{"state":{}} x', 'Invalid JSON', 'choice: JSON is one value, RFC 8259'],
  ['single quotes', "{'state':{}}", 'Invalid JSON', ERRORS],
  [
    'a number beyond what a double holds',
    '{"state":{"reported":{"a":1e999}}}',
    'Invalid JSON',
    'choice: it would be stored as null',
  ],
  ['an empty object', '{}', 'Missing required node: state', ERRORS],
  ['no state', '{"version":1}', 'Missing required node: state', ERRORS],
  ['state a number', '{"state":1}', 'State node must be an object', ERRORS],
  ['state a string', '{"state":"on"}', 'State node must be an object', ERRORS],
  ['state an array', '{"state":[]}', 'State node must be an object', ERRORS],
  ['desired a number', '{"state":{"desired":1}}', 'Desired node must be an object', ERRORS],
  ['desired an array', '{"state":{"desired":[1]}}', 'Desired node must be an object', ERRORS],
  ['reported a string', '{"state":{"reported":"x"}}', 'Reported node must be an object', ERRORS],
  ['reported false', '{"state":{"reported":false}}', 'Reported node must be an object', ERRORS],
  ['an unknown section alone', '{"state":{"foo":{}}}', 'State contains an invalid node', ERRORS],
  [
    'an unknown section beside reported',
    '{"state":{"foo":{},"reported":{"a":1}}}',
    'State contains an invalid node',
    ERRORS,
  ],
  [
    'null in an array',
    '{"state":{"reported":{"a":[1,null]}}}',
    'State contains an invalid node',
    'AWS IoT guide: device-shadow-document',
  ],
  [
    'null in an array in an array',
    '{"state":{"desired":{"a":[[null]]}}}',
    'State contains an invalid node',
    'AWS IoT guide: device-shadow-document',
  ],
  ['version a string', '{"state":{},"version":"1"}', 'Invalid version', ERRORS],
  ['version null', '{"state":{},"version":null}', 'Invalid version', ERRORS],
  ['version negative', '{"state":{},"version":-1}', 'Invalid version', ERRORS],
  ['version with a fraction', '{"state":{},"version":1.5}', 'Invalid version', ERRORS],
  ['clientToken a number', '{"state":{},"clientToken":5}', 'Invalid clientToken', ERRORS],
  ['clientToken null', '{"state":{},"clientToken":null}', 'Invalid clientToken', ERRORS],
] as const) {
  row(`${what}: 400, ${message}`, source, async ({ x }) => {
    (await x.update(payload)).rejected(400, message);
    (await x.get()).rejected(404, /^No shadow/);
  });
}
row('a payload that is not UTF-8: 415', ERRORS, async ({ x }) => {
  const payload = Buffer.concat([
    Buffer.from('{"state":{"reported":{"a":"'),
    Buffer.from([0xff]),
    Buffer.from('"}}}'),
  ]);
  (await x.update(payload)).rejected(415, 'Unsupported documented encoding; supported encoding is UTF-8');
});
row('an update that is refused changes neither state nor version', SCHEMA, async ({ x }) => {
  await x.report({ a: 1 });
  for (const payload of ['', '{', '{"state":{"reported":1}}', '{"state":{"foo":1}}']) await x.update(payload);
  assert.deepEqual(await x.reported(), { a: 1 });
  assert.equal(await x.version(), 1);
});
row('of a key that occurs twice the last counts', 'Shadow manager: JsonUtil', async ({ x }) => {
  await x.update('{"state":{"reported":{"a":1,"a":2}}}');
  assert.deepEqual(await x.reported(), { a: 2 });
});
row('unknown members beside state are ignored, not echoed and not stored', SCHEMA, async ({ x }) => {
  const answers = await x.update({
    state: { reported: { a: 1 } },
    thingName: 'x',
    extra: 1,
    metadata: {},
    timestamp: 5,
  });
  assert.deepEqual(Object.keys(answers.accepted).sort(), ['metadata', 'state', 'timestamp', 'version']);
  assert.notEqual(answers.accepted.timestamp, 5);
  assert.deepEqual(Object.keys((await x.get()).accepted).sort(), [
    'metadata',
    'state',
    'timestamp',
    'version',
  ]);
});
row(
  'state.delta beside reported is dropped without a word',
  'Shadow manager: UpdateThingShadowRequestHandler',
  async ({ x }) => {
    const answers = await x.update({ state: { reported: { a: 1 }, delta: { b: 1 } } });
    assert.deepEqual(answers.accepted.state, { reported: { a: 1 } });
    assert.deepEqual(await x.state(), { reported: { a: 1 } });
  },
);
row(
  'state.delta alone is an update of nothing',
  'Shadow manager: UpdateThingShadowRequestHandler',
  async ({ x }) => {
    assert.deepEqual((await x.update({ state: { delta: { b: 1 } } })).accepted.state, {});
    assert.deepEqual(await x.state(), {});
  },
);
row('state {} is accepted, changes nothing and is a version', SCHEMA, async ({ x }) => {
  await x.report({ a: 1 });
  assert.equal((await x.update({ state: {} })).accepted.version, 2);
  assert.deepEqual(await x.reported(), { a: 1 });
});
row('desired and reported in one request', 'AWS IoT guide: device-shadow-document', async ({ x }) => {
  await x.update({ state: { desired: { a: 1 }, reported: { a: 2 } } });
  assert.deepEqual(await x.state(), { desired: { a: 1 }, reported: { a: 2 }, delta: { a: 1 } });
});
row(
  'all kinds of JSON values are kept as they are',
  'AWS IoT guide: device-shadow-document',
  async ({ x }) => {
    const value = {
      s: 'ü\u2028"\\',
      i: -7,
      f: 1.5,
      big: 9007199254740991,
      t: true,
      f2: false,
      a: [1, 'x', [], {}],
      o: { p: 1 },
    };
    await x.report(value);
    assert.deepEqual(await x.reported(), value);
  },
);
row('"" is a key and a value like any other', 'AWS IoT guide: device-shadow-document', async ({ x }) => {
  await x.report({ '': '' });
  assert.deepEqual(await x.reported(), { '': '' });
});
