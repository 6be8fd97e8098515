import assert from 'node:assert/strict';
import { sectionOf } from '../row.js';

const { rows, row } = sectionOf('17 Storage');
export const storage = rows;

row(
  'state, metadata and version are kept over a restart',
  'Shadow manager: ShadowManagerDatabaseTest',
  async ({ x, restart }) => {
    await x.update({ state: { desired: { a: [1, { b: 2 }] }, reported: { o: { p: 'ü' } } } });
    const { timestamp: _, ...before } = (await x.get()).accepted;
    await restart();
    const { timestamp: __, ...after } = (await x.get()).accepted;
    assert.deepEqual(after, before);
  },
);
row(
  'named shadows are kept over a restart',
  'Shadow manager: ShadowManagerDatabaseTest',
  async ({ x, restart }) => {
    await x.report({ a: 1 }, 'n');
    await restart();
    assert.deepEqual((await x.state('n')).reported, { a: 1 });
  },
);
row('versions go on after a restart', 'Shadow manager: ShadowManagerDatabaseTest', async ({ x, restart }) => {
  await x.report({ a: 1 });
  await restart();
  assert.equal((await x.report({ a: 2 })).accepted.version, 2);
});
row(
  'an answer is not given before the change is on disk',
  'choice: accepted means stored',
  async ({ x, holdSaves }) => {
    const release = holdSaves();
    let isHeld = true;
    setTimeout(() => {
      isHeld = false;
      release();
    }, 60);
    await x.report({ a: 1 });
    assert.ok(!isHeld);
  },
);
row(
  'another shadow does not wait for one whose save is slow',
  'choice: shadows are independent',
  async ({ x, service, holdSaves }) => {
    await x.report({ a: 1 }, 'read');
    const release = holdSaves();
    const slow = service.update(x.thing, 'slow', { state: {} }, 'test');
    assert.deepEqual((await x.state('read')).reported, { a: 1 });
    release();
    await slow;
  },
);
