import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('8 Versions');
export const versions = rows;

const GUIDE = 'AWS IoT guide: device-shadow-data-flow';
const HANDLER = 'Shadow manager: UpdateThingShadowRequestHandler';

row('the first accepted update makes version 1', 'AWS SDK: iotshadowclientv2.spec', async ({ x }) => {
  assert.equal((await x.report({ a: 1 })).accepted.version, 1);
});
row('each accepted update adds one', GUIDE, async ({ x }) => {
  for (let version = 1; version <= 5; version += 1) {
    assert.equal((await x.report({ a: version })).accepted.version, version);
  }
});
row('also one that changes nothing', HANDLER, async ({ x }) => {
  await x.report({ a: 1 });
  assert.equal((await x.report({ a: 1 })).accepted.version, 2);
});
row('a refused update adds nothing', GUIDE, async ({ x }) => {
  await x.report({ a: 1 });
  await x.update('{"state":1}');
  assert.equal(await x.version(), 1);
});
row('a get adds nothing', GUIDE, async ({ x }) => {
  await x.report({ a: 1 });
  await x.get();
  assert.equal(await x.version(), 1);
});
row('without a version there is no check', GUIDE, async ({ x }) => {
  await x.report({ a: 1 });
  assert.equal((await x.report({ a: 2 })).accepted.version, 2);
});
row('the current version is accepted', GUIDE, async ({ x }) => {
  await x.report({ a: 1 });
  assert.equal((await x.update({ state: { reported: { a: 2 } }, version: 1 })).accepted.version, 2);
});
row('2.0 is the whole number 2', HANDLER, async ({ x }) => {
  await x.report({ a: 1 });
  await x.report({ a: 1 });
  assert.equal((await x.update('{"state":{},"version":2.0}')).accepted.version, 3);
});
for (const version of [1, 3, 0]) {
  row(
    `version ${version} where 2 is current: 409`,
    'AWS IoT guide: device-shadow-error-messages',
    async ({ x }) => {
      await x.report({ a: 1 });
      await x.report({ a: 2 });
      (await x.update({ state: { reported: { a: 3 } }, version })).rejected(409, 'Version conflict');
      assert.deepEqual(await x.reported(), { a: 2 });
    },
  );
}
row('a new shadow takes version 1', HANDLER, async ({ x }) => {
  assert.equal((await x.update({ state: { reported: { a: 1 } }, version: 1 })).accepted.version, 1);
});
for (const version of [0, 2, 17]) {
  row(`a new shadow does not take version ${version}: 400`, HANDLER, async ({ x }) => {
    (await x.update({ state: { reported: { a: 1 } }, version })).rejected(400, 'Invalid version');
    (await x.get()).rejected(404, /^No shadow/);
  });
}
row('of two writers with the same version one succeeds', GUIDE, async ({ x }) => {
  await x.report({ a: 0 });
  const topic = `${x.topic()}/update`;
  const write = (a: number): readonly [string, string] => [
    topic,
    JSON.stringify({ state: { reported: { a } }, version: 1 }),
  ];
  const answers = await x.sendAll([write(1), write(2)]);
  assert.deepEqual(answers.kinds, ['documents', 'accepted', 'rejected']);
  assert.deepEqual(await x.reported(), { a: 1 });
});
row('a delete tells the version of what was deleted', 'AWS SDK: iotshadowclientv2.spec', async ({ x }) => {
  for (let count = 0; count < 3; count += 1) await x.report({ count });
  assert.equal((await x.delete()).accepted.version, 3);
});
row('a shadow made anew goes on counting', GUIDE, async ({ x }) => {
  await x.report({ a: 1 });
  await x.report({ a: 2 });
  await x.delete();
  assert.equal((await x.report({ b: 1 })).accepted.version, 3);
  assert.deepEqual(await x.reported(), { b: 1 });
});
row('and goes on counting over several lives', GUIDE, async ({ x }) => {
  for (let version = 1; version <= 4; version += 1) {
    assert.equal((await x.report({ a: 1 })).accepted.version, version);
    assert.equal((await x.delete()).accepted.version, version);
  }
});
row('also after a restart in between', GUIDE, async ({ x, restart }) => {
  await x.report({ a: 1 });
  await x.delete();
  await restart();
  assert.equal((await x.report({ b: 1 })).accepted.version, 2);
});
row('a deleted shadow takes version 1', HANDLER, async ({ x }) => {
  await x.report({ a: 1 });
  await x.report({ a: 1 });
  await x.delete();
  assert.equal((await x.update({ state: { reported: { b: 1 } }, version: 1 })).accepted.version, 3);
});
row(
  'a deleted shadow takes the version it had, which clients send',
  'AWS SDK: aws-iot-device-sdk thing',
  async ({ x }) => {
    await x.report({ a: 1 });
    await x.report({ a: 1 });
    await x.delete();
    assert.equal((await x.update({ state: { reported: { b: 1 } }, version: 2 })).accepted.version, 3);
  },
);
row('a deleted shadow takes no other version: 400', HANDLER, async ({ x }) => {
  await x.report({ a: 1 });
  await x.report({ a: 1 });
  await x.delete();
  (await x.update({ state: { reported: { b: 1 } }, version: 3 })).rejected(400, 'Invalid version');
});
row('a version is remembered for 48 hours after the delete', GUIDE, async ({ x, clock }) => {
  await x.report({ a: 1 });
  await x.delete();
  await clock.advance(47 * 3_600_000);
  assert.equal((await x.report({ a: 1 })).accepted.version, 2);
});
row('and no longer', GUIDE, async ({ x, clock }) => {
  await x.report({ a: 1 });
  await x.report({ a: 1 });
  await x.delete();
  await clock.advance(50 * 3_600_000);
  assert.equal((await x.report({ a: 1 })).accepted.version, 1);
});
row('named shadows have versions of their own', GUIDE, async ({ x }) => {
  await x.report({ a: 1 });
  await x.report({ a: 1 });
  assert.equal((await x.report({ a: 1 }, 'n')).accepted.version, 1);
});
