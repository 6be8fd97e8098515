import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('2 Names');
export const names = rows;

const CHECKS = 'Shadow manager: Validator';

row(
  'a thing name may hold letters, digits, colon, underscore and hyphen',
  'AWS IoT API: ThingName',
  async ({ x }) => {
    const answer = await x.answer(`$aws/things/Az0:_-${x.thing}/shadow/get`, '');
    assert.equal(answer.body.code, 404);
  },
);
row('an empty thing name is refused on its own rejected topic', CHECKS, async ({ x }) => {
  await refused(x, '$aws/things//shadow/get', 400, 'ThingName is missing');
});
row('a thing name of 128 characters is allowed', 'AWS IoT API: ThingName', async ({ x }) => {
  const thing = x.thing.padEnd(128, 'x');
  await refused(x, `$aws/things/${thing}/shadow/get`, 404, /^No shadow exists/);
});
row('a thing name of 129 characters is refused', CHECKS, async ({ x }) => {
  const thing = x.thing.padEnd(129, 'x');
  await refused(x, `$aws/things/${thing}/shadow/get`, 400, 'ThingName has a maximum length of 128');
});
for (const bad of ['a b', 'ä', 'a.b', 'a$b']) {
  row(`thing name "${bad}" is refused`, CHECKS, async ({ x }) => {
    await refused(x, `$aws/things/${bad}/shadow/get`, 400, 'ThingName must match pattern [a-zA-Z0-9:_-]+');
  });
}
row('a shadow name of 64 characters is allowed', 'AWS IoT API: ShadowName', async ({ x }) => {
  const name = 's'.repeat(64);
  await x.report({ a: 1 }, name);
  assert.deepEqual((await x.state(name)).reported, { a: 1 });
});
row('a shadow name of 65 characters is refused', CHECKS, async ({ x }) => {
  const name = 's'.repeat(65);
  (await x.send(`${x.topic(name)}/get`, '')).rejected(400, 'ShadowName has a maximum length of 64');
});
for (const bad of ['a b', 'é', 'a.b', 'a/b']) {
  row(`shadow name "${bad}" is refused`, CHECKS, async ({ x }) => {
    const answers = await x.update({ state: { reported: { a: 1 } } }, bad);
    answers.rejected(400, /^ShadowName must match pattern/);
  });
}
row('a shadow name may hold $', 'AWS IoT API: ShadowName', async ({ x }) => {
  await x.report({ a: 1 }, '$package');
  assert.deepEqual((await x.state('$package')).reported, { a: 1 });
});
row('the thing name is looked at before the shadow name', CHECKS, async ({ x }) => {
  await refused(x, '$aws/things//shadow/name/a.b/get', 400, 'ThingName is missing');
});
row('length is looked at before the pattern', CHECKS, async ({ x }) => {
  const name = '.'.repeat(65);
  (await x.send(`${x.topic(name)}/get`, '')).rejected(400, 'ShadowName has a maximum length of 64');
});
row('names are case-sensitive', 'AWS IoT API: ShadowName', async ({ x }) => {
  await x.report({ a: 1 }, 'Case');
  (await x.get('', 'case')).rejected(404, 'No shadow exists with name: case');
});
row('a name such as constructor or __proto__ is a name like any other', CHECKS, async ({ x }) => {
  for (const name of ['constructor', '__proto__']) {
    await x.report({ a: 1 }, name);
    assert.deepEqual((await x.state(name)).reported, { a: 1 });
  }
});

type Exchange = Parameters<Parameters<typeof row>[2]>[0]['x'];

async function refused(x: Exchange, topic: string, code: number, message: string | RegExp): Promise<void> {
  const { kind, body } = await x.answer(topic, '');
  assert.deepEqual([kind, body.code], ['rejected', code]);
  if (typeof message === 'string') assert.equal(body.message, message);
  else assert.match(String(body.message), message);
}
