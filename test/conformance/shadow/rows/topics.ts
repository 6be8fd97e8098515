import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('1 Topics');
export const topics = rows;

const GUIDE = 'AWS IoT guide: device-shadow-mqtt';
const PARSING = 'Shadow manager: PubSubIntegrator';

row('update of the classic shadow is answered on its own update/accepted', GUIDE, async ({ x }) => {
  const answers = await x.report({ a: 1 });
  assert.ok(answers.all.some((reply) => reply.topic === `$aws/things/${x.thing}/shadow/update/accepted`));
});
row('update of a named shadow is answered under its name', GUIDE, async ({ x }) => {
  const answers = await x.report({ a: 1 }, 'config');
  const topic = `$aws/things/${x.thing}/shadow/name/config/update/accepted`;
  assert.ok(answers.all.some((reply) => reply.topic === topic));
});
row('get is answered on get/accepted', GUIDE, async ({ x }) => {
  await x.report({ a: 1 });
  assert.deepEqual((await x.get()).kinds, ['accepted']);
});
row('get of what is not there is answered on get/rejected', GUIDE, async ({ x }) => {
  assert.deepEqual((await x.get()).kinds, ['rejected']);
});
row('delete is answered on delete/accepted', GUIDE, async ({ x }) => {
  await x.report({ a: 1 });
  assert.deepEqual((await x.delete()).kinds, ['accepted']);
});
row('delete of what is not there is answered on delete/rejected', GUIDE, async ({ x }) => {
  assert.deepEqual((await x.delete()).kinds, ['rejected']);
});
row('get and delete of a named shadow are answered under its name', GUIDE, async ({ x }) => {
  await x.report({ a: 1 }, 's');
  const got = await x.get('', 's');
  const gone = await x.delete('', 's');
  assert.deepEqual(
    [...got.all, ...gone.all].map((reply) => reply.topic),
    [`${x.topic('s')}/get/accepted`, `${x.topic('s')}/delete/accepted`],
  );
});

for (const [rule, suffix] of [
  ['there is no list topic', '/list'],
  ['operations are lower case', '/Update'],
  ['a trailing slash makes another topic', '/get/'],
  ['…/shadow/name/update names neither shadow nor operation', '/name/update'],
  ['a word between shadow and operation is no shadow', '/other/get'],
  ['answer topics published by a client are no requests: accepted', '/update/accepted'],
  ['answer topics published by a client are no requests: rejected', '/get/rejected'],
  ['answer topics published by a client are no requests: delta', '/update/delta'],
  ['answer topics published by a client are no requests: documents', '/update/documents'],
  ['the bare shadow topic is no request', ''],
] as const) {
  row(`${rule} (…/shadow${suffix}): nothing is answered`, PARSING, async ({ x }) => {
    await x.report({ a: 1 });
    const answers = await x.send(`${x.topic()}${suffix}`, '{"state":{"reported":{"a":2}}}');
    assert.deepEqual(answers.kinds, []);
    assert.deepEqual(await x.reported(), { a: 1 });
  });
}

row('an empty shadow name is the classic shadow, answered on its topics', PARSING, async ({ x }) => {
  await x.report({ a: 1 });
  const answers = await x.send(`$aws/things/${x.thing}/shadow/name//get`, '');
  assert.deepEqual(
    answers.all.map((reply) => reply.topic),
    [`${x.topic()}/get/accepted`],
  );
});
row('a shadow may be named "shadow"', 'choice: topics are read from the left', async ({ x }) => {
  await x.report({ a: 1 }, 'shadow');
  assert.deepEqual((await x.state('shadow')).reported, { a: 1 });
});
row(
  'a shadow may be named "name", "get" or "update"',
  'choice: topics are read from the left',
  async ({ x }) => {
    for (const name of ['name', 'get', 'update']) {
      await x.report({ is: name }, name);
      assert.deepEqual((await x.state(name)).reported, { is: name });
    }
  },
);
row(
  'a last will on a request topic is no request',
  'AWS IoT guide: device-shadow-comms-device',
  async ({ x, lose }) => {
    await x.report({ connected: true });
    const [update, remove] = [`${x.topic()}/update`, `${x.topic()}/delete`];
    const heard = await x.during(async () => {
      await lose(update, '{"state":{"reported":{"connected":false}}}');
      await lose(remove, '');
    }, [update, remove]);
    assert.deepEqual(heard.kinds, []);
    assert.deepEqual(await x.reported(), { connected: true });
    assert.equal(await x.version(), 1);
  },
);
row(
  'nothing is retained: who subscribes later hears nothing old',
  'AWS IoT guide: device-shadow-comms-device',
  async ({ x, latecomer }) => {
    await x.desire({ a: 1 });
    const late = await latecomer();
    assert.deepEqual((await late.during(async () => {})).kinds, []);
  },
);
row(
  'classic and named shadows of one thing are independent',
  'Shadow manager: ShadowIPCTest',
  async ({ x }) => {
    await x.report({ a: 1 });
    await x.report({ a: 2 }, 'n');
    await x.delete();
    assert.deepEqual((await x.state('n')).reported, { a: 2 });
    (await x.get()).rejected(404, /^No shadow exists/);
  },
);
row('named shadows of one thing are independent', 'AWS IoT guide: iot-device-shadows', async ({ x }) => {
  await x.report({ a: 1 }, 'one');
  await x.report({ a: 2 }, 'two');
  assert.deepEqual((await x.state('one')).reported, { a: 1 });
  assert.equal(await x.version('two'), 1);
});
