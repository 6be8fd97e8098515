import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const listing = sectionOf('15 List of named shadows (HTTPS)');
const crud = sectionOf('15 Shadows over HTTPS');

const API = 'AWS IoT API: ListNamedShadowsForThing';
const GUIDE = 'AWS IoT guide: device-shadow-rest-api';
type Listed = { results: string[]; nextToken?: string; timestamp: number };

const path = (thing: string): string => `/api/things/shadow/ListNamedShadowsForThing/${thing}`;

{
  const { row } = listing;
  row('names the named shadows and tells the time', GUIDE, async ({ x, rest, clock }) => {
    await x.report({ a: 1 }, 'b');
    await x.report({ a: 1 }, 'a');
    const { status, body } = await rest('GET', path(x.thing));
    assert.equal(status, 200);
    assert.deepEqual(body, { results: ['a', 'b'], timestamp: Math.floor(clock.now() / 1000) });
  });
  row('not the classic shadow', GUIDE, async ({ x, rest }) => {
    await x.report({ a: 1 });
    assert.deepEqual(((await rest('GET', path(x.thing))).body as Listed).results, []);
  });
  row('not deleted shadows', 'Shadow manager: ListNamedShadowsForThingIPCHandler', async ({ x, rest }) => {
    await x.report({ a: 1 }, 'a');
    await x.report({ a: 1 }, 'b');
    await x.delete('', 'a');
    assert.deepEqual(((await rest('GET', path(x.thing))).body as Listed).results, ['b']);
  });
  row('not those of a thing whose name begins alike', API, async ({ x, rest }) => {
    await x.answer(`$aws/things/${x.thing}0/shadow/name/other/update`, '{"state":{}}');
    await x.report({ a: 1 }, 'mine');
    assert.deepEqual(((await rest('GET', path(x.thing))).body as Listed).results, ['mine']);
  });
  row('an unknown thing has none', API, async ({ x, rest }) => {
    assert.deepEqual(((await rest('GET', path(x.thing))).body as Listed).results, []);
  });
  row('pages of pageSize, each name once', API, async ({ x, rest }) => {
    for (const name of ['e', 'd', 'c', 'b', 'a']) await x.report({ a: 1 }, name);
    const seen: string[] = [];
    let query = '?pageSize=2';
    for (let page = 0; page < 3; page += 1) {
      const body = (await rest('GET', path(x.thing) + query)).body as Listed;
      seen.push(...body.results);
      assert.equal(body.nextToken === undefined, page === 2);
      query = `?pageSize=2&nextToken=${encodeURIComponent(body.nextToken ?? '')}`;
    }
    assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e']);
  });
  row(
    'no token when the last page is exactly full',
    'choice: an empty page helps nobody',
    async ({ x, rest }) => {
      for (const name of ['a', 'b']) await x.report({ a: 1 }, name);
      assert.equal(((await rest('GET', `${path(x.thing)}?pageSize=2`)).body as Listed).nextToken, undefined);
    },
  );
  row(
    '25 names where no size is asked',
    'Shadow manager: ListNamedShadowsForThingIPCHandler',
    async ({ x, rest }) => {
      for (let n = 0; n < 27; n += 1) await x.report({ a: 1 }, `s${String(n).padStart(2, '0')}`);
      assert.equal(((await rest('GET', path(x.thing))).body as Listed).results.length, 25);
    },
  );
  for (const size of ['0', '101', '-1', 'x', '1.5', '']) {
    row(`pageSize "${size}": 400`, API, async ({ x, rest }) => {
      const { status, body } = await rest('GET', `${path(x.thing)}?pageSize=${size}`);
      assert.equal(status, 400);
      assert.equal((body as { message: string }).message, 'pageSize argument must be between 1 and 100');
    });
  }
  row('a token that was not handed out for this thing: 400', API, async ({ x, rest }) => {
    for (const token of ['x', '', Buffer.from('other/name').toString('base64url')]) {
      const { status, body } = await rest('GET', `${path(x.thing)}?nextToken=${token}`);
      assert.equal(status, 400);
      assert.equal((body as { message: string }).message, 'Invalid nextToken argument');
    }
  });
  row('another thing: 403', 'choice: a thing reaches its own shadows', async ({ x, rest }) => {
    assert.equal((await rest('GET', path('other'), undefined, x.thing)).status, 403);
  });
}
{
  const { row } = crud;
  row('POST updates and answers as update/accepted does', GUIDE, async ({ x, rest }) => {
    const { status, body } = await rest('POST', `/things/${x.thing}/shadow`, {
      state: { reported: { a: 1 } },
      clientToken: 'c',
    });
    assert.equal(status, 200);
    const { timestamp } = body as { timestamp: number };
    const metadata = { reported: { a: { timestamp } } };
    assert.deepEqual(body, {
      version: 1,
      clientToken: 'c',
      timestamp,
      state: { reported: { a: 1 } },
      metadata,
    });
    assert.deepEqual(await x.reported(), { a: 1 });
  });
  row('GET answers as get/accepted does', GUIDE, async ({ x, rest }) => {
    await x.update({ state: { desired: { a: 1 }, reported: { a: 2 } } });
    const told = (await x.get()).accepted;
    const { status, body } = await rest('GET', `/things/${x.thing}/shadow`);
    assert.deepEqual([status, body], [200, told]);
  });
  row('DELETE answers as delete/accepted does', GUIDE, async ({ x, rest }) => {
    await x.report({ a: 1 });
    const { status, body } = await rest('DELETE', `/things/${x.thing}/shadow`);
    assert.deepEqual([status, Object.keys(body).sort()], [200, ['timestamp', 'version']]);
    assert.equal((await rest('GET', `/things/${x.thing}/shadow`)).status, 404);
  });
  row('name= is the named shadow', GUIDE, async ({ x, rest }) => {
    await rest('POST', `/things/${x.thing}/shadow?name=n`, { state: { reported: { a: 1 } } });
    assert.deepEqual((await x.state('n')).reported, { a: 1 });
    assert.equal((await rest('GET', `/things/${x.thing}/shadow?name=n`)).status, 200);
    assert.equal((await rest('GET', `/things/${x.thing}/shadow`)).status, 404);
  });
  row('an update over HTTPS is told to MQTT clients', GUIDE, async ({ x, rest }) => {
    const update = () => rest('POST', `/things/${x.thing}/shadow`, { state: { desired: { a: 1 } } });
    assert.deepEqual((await x.during(update, [`${x.topic()}/update`])).kinds, [
      'delta',
      'documents',
      'accepted',
    ]);
  });
  for (const [what, method, body, code] of [
    ['nothing there', 'GET', undefined, 404],
    ['nothing to delete', 'DELETE', undefined, 404],
    ['no body', 'POST', undefined, 400],
    ['broken state', 'POST', { state: 1 }, 400],
    ['a version of a new shadow', 'POST', { state: {}, version: 5 }, 400],
    ['too large', 'POST', { state: { reported: { a: 'x'.repeat(9000) } } }, 413],
    ['another method', 'PUT', { state: {} }, 405],
  ] as const) {
    row(`${what} (${method}): status ${code} and a JSON body that says it`, GUIDE, async ({ x, rest }) => {
      const answer = await rest(method, `/things/${x.thing}/shadow`, body);
      assert.equal(answer.status, code);
      assert.equal((answer.body as { code: number }).code, code);
      assert.equal(typeof (answer.body as { message: unknown }).message, 'string');
    });
  }
  row('version conflict: 409', GUIDE, async ({ x, rest }) => {
    await x.report({ a: 1 });
    assert.equal((await rest('POST', `/things/${x.thing}/shadow`, { state: {}, version: 7 })).status, 409);
  });
  row(
    'another thing: 403, also percent-encoded',
    'choice: a thing reaches its own shadows',
    async ({ x, rest }) => {
      for (const other of ['other', '%6fther', '%', `${x.thing}%00`]) {
        assert.equal((await rest('GET', `/things/${other}/shadow`)).status, 403);
      }
    },
  );
  row('a percent-encoded own name is the own thing', GUIDE, async ({ x, rest }) => {
    await x.report({ a: 1 });
    const encoded = [...x.thing].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('');
    assert.equal((await rest('GET', `/things/${encoded}/shadow`)).status, 200);
  });
  row('a shadow name that cannot be: 400', GUIDE, async ({ x, rest }) => {
    assert.equal((await rest('GET', `/things/${x.thing}/shadow?name=a%2Fb`)).status, 400);
  });
}

export const rest = [...listing.rows, ...crud.rows];
