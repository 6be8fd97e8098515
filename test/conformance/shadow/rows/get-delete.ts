import assert from 'node:assert/strict';
import { type Row, sectionOf } from '../row.js';

const getting = sectionOf('10 Get');
const deleting = sectionOf('11 Delete');
const tokens = sectionOf('12 Client tokens');
export const getDelete: Row[] = [];

const GET = 'Shadow manager: GetThingShadowRequestHandler';
const GUIDE = 'AWS IoT guide: device-shadow-mqtt';
const FLOW = 'AWS IoT guide: device-shadow-data-flow';
const SDK = 'AWS SDK: iotshadow v2utils, deviceShadow.py';

{
  const { row } = getting;
  row('the answer has state, metadata, version and timestamp', GET, async ({ x }) => {
    await x.report({ a: 1 });
    assert.deepEqual(Object.keys((await x.get()).accepted).sort(), [
      'metadata',
      'state',
      'timestamp',
      'version',
    ]);
  });
  row('state holds desired, reported and, where they differ, delta', GET, async ({ x }) => {
    await x.update({ state: { desired: { a: 1 }, reported: { a: 2, b: 3 } } });
    assert.deepEqual(await x.state(), { desired: { a: 1 }, reported: { a: 2, b: 3 }, delta: { a: 1 } });
  });
  row('without a difference there is no delta member', GET, async ({ x }) => {
    await x.update({ state: { desired: { a: 1 }, reported: { a: 1 } } });
    assert.deepEqual(await x.state(), { desired: { a: 1 }, reported: { a: 1 } });
  });
  row('a section that is not there is not in the answer', GET, async ({ x }) => {
    await x.report({ a: 1 });
    assert.deepEqual(Object.keys(await x.state()), ['reported']);
  });
  row('timestamp is the time of the answer', GET, async ({ x, clock }) => {
    await x.report({ a: 1 });
    await clock.advance(10_000);
    assert.equal((await x.get()).accepted.timestamp, Math.floor(clock.now() / 1000));
  });
  row('an empty shadow is a shadow', GET, async ({ x }) => {
    await x.update({ state: {} });
    const { state, metadata, version } = (await x.get()).accepted;
    assert.deepEqual({ state, metadata, version }, { state: {}, metadata: {}, version: 1 });
  });
  row(
    'a classic shadow that is not there: 404',
    'AWS IoT guide: device-shadow-comms-device',
    async ({ x }) => {
      (await x.get()).rejected(404, 'No shadow exists with name: Unnamed Shadow');
    },
  );
  row(
    'a named shadow that is not there: 404 with its name',
    'AWS SDK: iotshadowclientv2.spec',
    async ({ x }) => {
      (await x.get('', 'config')).rejected(404, 'No shadow exists with name: config');
    },
  );
  row('a deleted shadow: 404', GET, async ({ x }) => {
    await x.report({ a: 1 });
    await x.delete();
    (await x.get()).rejected(404, 'No shadow exists with name: Unnamed Shadow');
  });
  for (const payload of ['{', 'hello', '[]', '{"version":99}', '{"state":{"reported":{"a":9}}}']) {
    row(`the payload ${payload} is ignored`, GUIDE, async ({ x }) => {
      await x.report({ a: 1 });
      assert.deepEqual(((await x.get(payload)).accepted.state as { reported: unknown }).reported, { a: 1 });
    });
  }
  row('a payload that is not UTF-8 is ignored', GUIDE, async ({ x }) => {
    await x.report({ a: 1 });
    assert.equal((await x.get(Buffer.from([0xff, 0xfe]))).accepted.version, 1);
  });
}
{
  const { row } = deleting;
  row('the answer has version and timestamp and nothing else', FLOW, async ({ x }) => {
    await x.report({ a: 1 });
    assert.deepEqual(Object.keys((await x.delete()).accepted).sort(), ['timestamp', 'version']);
  });
  row('no documents and no delta', GUIDE, async ({ x }) => {
    await x.desire({ a: 1 });
    assert.deepEqual((await x.delete()).kinds, ['accepted']);
  });
  row('what is not there: 404', 'Shadow manager: DeleteThingShadowRequestHandler', async ({ x }) => {
    (await x.delete()).rejected(404, 'No shadow exists with name: Unnamed Shadow');
    (await x.delete('', 'n')).rejected(404, 'No shadow exists with name: n');
  });
  row('what was deleted already: 404', 'Shadow manager: DeleteThingShadowRequestHandler', async ({ x }) => {
    await x.report({ a: 1 });
    await x.delete();
    (await x.delete()).rejected(404, 'No shadow exists with name: Unnamed Shadow');
  });
  row('a cleared shadow can be deleted', FLOW, async ({ x }) => {
    await x.update({ state: null });
    assert.equal((await x.delete()).accepted.version, 1);
  });
  row('nothing of the old document comes back', FLOW, async ({ x }) => {
    await x.update({ state: { desired: { a: 1 }, reported: { b: 1 } } });
    await x.delete();
    await x.report({ c: 1 });
    assert.deepEqual(await x.state(), { reported: { c: 1 } });
  });
  row('payload and a version in it are ignored', GUIDE, async ({ x }) => {
    await x.report({ a: 1 });
    assert.equal((await x.delete('{"version":99}')).accepted.version, 1);
  });
  row('a delete is kept over a restart', FLOW, async ({ x, restart }) => {
    await x.report({ a: 1 });
    await x.delete();
    await restart();
    (await x.get()).rejected(404, /^No shadow/);
  });
  row('delete and update in one burst are done in their order', FLOW, async ({ x }) => {
    await x.report({ a: 1 });
    const topic = x.topic();
    await x.sendAll([
      [`${topic}/delete`, ''],
      [`${topic}/update`, '{"state":{"reported":{"b":1}}}'],
      [`${topic}/delete`, ''],
      [`${topic}/update`, '{"state":{"reported":{"c":1}}}'],
    ]);
    assert.deepEqual(await x.reported(), { c: 1 });
    assert.equal(await x.version(), 3);
  });
}
{
  const { row } = tokens;
  row(
    'is in accepted, delta and documents of an update',
    'AWS IoT guide: device-shadow-document',
    async ({ x }) => {
      const answers = await x.update({ state: { desired: { a: 1 } }, clientToken: 'tok' });
      assert.deepEqual(
        answers.all.map(({ body }) => body.clientToken),
        ['tok', 'tok', 'tok'],
      );
    },
  );
  row('is absent where the request has none', 'AWS IoT guide: device-shadow-document', async ({ x }) => {
    for (const { body } of (await x.desire({ a: 1 })).all) assert.ok(!('clientToken' in body));
  });
  row('is in the rejected message: state missing', GUIDE, async ({ x }) => {
    assert.equal((await x.update({ clientToken: 'tok' })).rejected(400, /state/).clientToken, 'tok');
  });
  row('is in the rejected message: version conflict', GUIDE, async ({ x }) => {
    await x.report({ a: 1 });
    const answers = await x.update({ state: {}, version: 7, clientToken: 'tok' });
    assert.equal(answers.rejected(409, 'Version conflict').clientToken, 'tok');
  });
  row('is in the rejected message: too large', GUIDE, async ({ x }) => {
    const answers = await x.update({ state: { reported: { a: 'x'.repeat(9000) } }, clientToken: 'tok' });
    assert.equal(answers.rejected(413, /exceeds/).clientToken, 'tok');
  });
  row('is in the rejected message: names', 'choice: on every answer', async ({ x }) => {
    const answers = await x.update({ state: {}, clientToken: 'tok' }, 'a.b');
    assert.equal(answers.rejected(400, /ShadowName/).clientToken, 'tok');
  });
  row('is in get/accepted', SDK, async ({ x }) => {
    await x.report({ a: 1 });
    assert.equal((await x.get('{"clientToken":"tok"}')).accepted.clientToken, 'tok');
  });
  row('is in get/rejected', SDK, async ({ x }) => {
    assert.equal((await x.get('{"clientToken":"tok"}')).rejected(404, /./).clientToken, 'tok');
  });
  row('is in delete/accepted', SDK, async ({ x }) => {
    await x.report({ a: 1 });
    assert.equal((await x.delete('{"clientToken":"tok"}')).accepted.clientToken, 'tok');
  });
  row('is in delete/rejected', SDK, async ({ x }) => {
    assert.equal((await x.delete('{"clientToken":"tok"}')).rejected(404, /./).clientToken, 'tok');
  });
  row('may have 64 bytes', 'AWS IoT guide: device-shadow-error-messages', async ({ x }) => {
    const clientToken = 'é'.repeat(32);
    assert.equal((await x.update({ state: {}, clientToken })).accepted.clientToken, clientToken);
  });
  row(
    'of 65 bytes is refused and not echoed',
    'AWS IoT guide: device-shadow-error-messages',
    async ({ x }) => {
      const answers = await x.update({ state: {}, clientToken: 'x'.repeat(65) });
      assert.ok(!('clientToken' in answers.rejected(400, 'Invalid clientToken')));
    },
  );
  row(
    'is measured in bytes, not in characters',
    'AWS IoT guide: device-shadow-error-messages',
    async ({ x }) => {
      (await x.update({ state: {}, clientToken: 'é'.repeat(40) })).rejected(400, 'Invalid clientToken');
    },
  );
  row('may be empty', 'Shadow manager: update_payload_schema', async ({ x }) => {
    assert.equal((await x.update({ state: {}, clientToken: '' })).accepted.clientToken, '');
  });
  row('with quotes and backslashes comes back as it was', 'choice: on every answer', async ({ x }) => {
    const clientToken = '"\\\u0001\u2028';
    const answers = await x.update({ state: { desired: { a: 1 } }, clientToken });
    for (const { body } of answers.all) assert.equal(body.clientToken, clientToken);
  });
  row('that is none does not spoil a get or delete', GUIDE, async ({ x }) => {
    await x.report({ a: 1 });
    assert.ok(!('clientToken' in (await x.get('{"clientToken":7}')).accepted));
    assert.ok(!('clientToken' in (await x.delete(`{"clientToken":"${'x'.repeat(99)}"}`)).accepted));
  });
}

getDelete.push(...getting.rows, ...deleting.rows, ...tokens.rows);
