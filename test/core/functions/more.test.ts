import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import type { SubscriptionRow } from '../../../src/core/group/index.js';
import { alive, NO_PYTHON, NODE, PYTHON, processFunction, rig, rowsOf, until } from './support.js';

const node = (name: string, handler: string, run = {}) =>
  processFunction(name, { handler: join(NODE, handler), runtime: 'nodejs', ...run });
const python = (name: string, module: string, run = {}) =>
  processFunction(name, { handler: join(PYTHON, `${module}.function_handler`), runtime: 'python3', ...run });
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('handlers in Node', () => {
  it('may call back, return a promise, return a value, or let the loop run empty', async () => {
    const { manager } = await rig([node('Callback', 'probe.withCallback'), node('Silent', 'probe.silent')]);
    const result = await manager.invoke('Callback', json({ a: 1 }));
    expect(result).toMatchObject({ ok: true });
    expect(result.ok && result.payload.toString()).toBe('{"got":{"a":1}}');
    expect(await manager.invoke('Callback', json({ fail: 'tired' }))).toEqual({
      ok: false,
      failure: 'Handled',
      message: 'Error: tired',
    });
    const silent = await manager.invoke('Silent', json({}));
    expect(silent.ok && silent.payload.toString()).toBe('null');
  });

  it('written as ES modules start, publish, use shadows and hear that they end through their context', async () => {
    const { next, ask, answer, manager, lines } = await rig([
      node('Modern', 'modern.handler', { pinned: true }),
    ]);
    expect(JSON.parse((await next('modern/started')).payload.toString())).toEqual({ name: 'Modern' });
    await ask({ level: 3 });
    expect(await answer()).toMatchObject({
      topic: 'probe/ask',
      from: 'Tester',
      before: null,
      state: { desired: { level: 3 } },
      version: 1,
      refused: { code: 409, message: 'Version conflict' },
    });
    await manager.stop();
    expect(lines.map(({ text }) => text)).toEqual(expect.arrayContaining(['level 3', 'told to end']));
  });

  it('get a payload that is not JSON as an error of that invocation', async () => {
    const { manager } = await rig([node('Callback', 'probe.withCallback')]);
    expect(await manager.invoke('Callback', Buffer.from('{'))).toMatchObject({
      ok: false,
      failure: 'Handled',
    });
  });
});

describe.skipIf(NO_PYTHON !== undefined)('handlers in Python', () => {
  it('get and give bytes with binary encoding', async () => {
    const { manager, next } = await rig([python('Binary', 'binary', { encoding: 'binary' })]);
    const result = await manager.invoke('Binary', Buffer.from([1, 2, 255]));
    expect(result.ok && [...result.payload]).toEqual([255, 2, 1]);
    expect([...(await next('probe/answer')).payload]).toEqual([255, 2, 1]);
  });

  it('may never come to an end at module level, and are ended all the same', async () => {
    const { manager, next, status } = await rig([python('Looping', 'looping', { pinned: true })], {
      limits: { startMs: 50 },
    });
    for (let i = 0; i < 3; i++) expect((await next('hello/world')).payload.toString()).toBe('looping');
    expect(status('Looping')).toMatchObject({ state: 'ok', figures: { workers: 1 } });
    await manager.stop();
    expect(status('Looping')).toBeUndefined();
  });

  it('that cannot be loaded are started again, ever later, and say why', async () => {
    const clock = new VirtualClock();
    const { status, lines } = await rig([python('Broken', 'broken', { pinned: true })], { clock });
    const exits = (count: number) =>
      until(
        () => status('Broken').figures.exits === count && status('Broken').figures.workers === 0,
        () => JSON.stringify([status('Broken'), lines]),
      );
    await exits(1);
    expect(status('Broken')).toMatchObject({
      state: 'degraded',
      cause: 'its process exited with code 1: ImportError("no camera here")',
    });
    await clock.advance(999);
    expect(status('Broken').figures).toMatchObject({ workers: 0, restarts: 0 });
    await clock.advance(1);
    await exits(2);
    await clock.advance(1_999);
    expect(status('Broken').figures).toMatchObject({ workers: 0, restarts: 1 });
    await clock.advance(1);
    await exits(3);
    expect(status('Broken').state).toBe('failed');
    expect(lines).toContainEqual({
      level: 'error',
      text: 'ImportError: no camera here',
      function: 'Broken',
    });
  });

  it('that cannot be loaded on demand fail one invocation per attempt, and none is lost', async () => {
    const { manager, status } = await rig([python('Broken', 'broken')], {
      limits: { restart: { firstMs: 1, maxMs: 1 } },
    });
    const results = await Promise.all([1, 2, 3].map((i) => manager.invoke('Broken', json(i))));
    for (const result of results) {
      expect(result).toMatchObject({ ok: false, failure: 'Unhandled' });
      expect(!result.ok && result.message).toContain('could not start');
    }
    expect(status('Broken').figures).toMatchObject({ invocations: 3, errors: 3, dropped: 0, queued: 0 });
  });

  it('take what they have started with them when they end', async () => {
    const { ask, answer, manager } = await rig([python('Probe', 'probe')]);
    await ask({ do: 'spawn' });
    const pids = (await answer()).pids as number[];
    expect(pids.every(alive)).toBe(true);
    await manager.stop();
    await until(
      () => pids.every((pid) => !alive(pid)),
      () => `${pids} still there`,
    );
  });
});

describe('the function manager', () => {
  it('drops and counts what is more than may wait', async () => {
    const { manager, status } = await rig([node('Probe', 'probe.handler', { pinned: true })], {
      limits: { queued: 2 },
    });
    const asked = [1, 2, 3, 4].map((i) => manager.invoke('Probe', json({ do: 'sleep', seconds: 0.05, i })));
    const settled = await Promise.allSettled(asked);
    const refused = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(refused.length).toBeGreaterThanOrEqual(1);
    expect(refused[0]).toMatchObject({ code: 'FUNCTION_QUEUE_FULL' });
    const { invocations, succeeded, errors, dropped, queued } = status('Probe').figures;
    expect(invocations).toBe(4);
    expect([succeeded! + dropped!, errors, queued]).toEqual([4, 0, 0]);
  });

  it('uses a process again that has just given a result, instead of starting another', async () => {
    const { manager, status } = await rig([node('A', 'probe.withCallback')]);
    for (let i = 0; i < 20; i++) expect(await manager.invoke('A', json(i))).toMatchObject({ ok: true });
    expect(status('A').figures).toMatchObject({ succeeded: 20, workers: 1 });
  });

  it('ends the process that is longest idle to make room for another function', async () => {
    const { manager, status } = await rig(
      [node('A', 'probe.withCallback'), node('B', 'probe.withCallback')],
      {
        limits: { onDemandWorkers: 1 },
      },
    );
    expect(await manager.invoke('A', json(1))).toMatchObject({ ok: true });
    expect(await manager.invoke('B', json(2))).toMatchObject({ ok: true });
    expect(status('A').figures).toMatchObject({ workers: 0, exits: 0 });
    expect(await manager.invoke('A', json(3))).toMatchObject({ ok: true });
  });

  it('says why a function cannot run, and runs the others', async () => {
    const missing = node('Missing', 'nowhere.handler');
    const { manager, status } = await rig([missing, node('B', 'probe.withCallback')]);
    expect(status('Missing').state).toBe('failed');
    expect(status('Missing').cause).toContain(
      `no readable file for handler ${join(NODE, 'nowhere.handler')}`,
    );
    expect(await manager.invoke('B', json(2))).toMatchObject({ ok: true });
    expect(await manager.invoke('Missing', json(2))).toMatchObject({ ok: false });
    await expect(manager.invoke('Nobody', json(2))).rejects.toMatchObject({ code: 'FUNCTION_UNKNOWN' });
  });

  it('replaces only what changed, and nothing when something cannot run', async () => {
    const rows: SubscriptionRow[] = ['Same', 'Moved', 'Changed', 'Gone', 'New'].flatMap(rowsOf);
    const run = { pinned: true };
    const same = node('Same', 'probe.handler', run);
    const moved = { ...node('Moved', 'probe.handler', run), subjects: ['other/#'] };
    const changed = node('Changed', 'probe.handler', { ...run, environment: { COLOUR: 'red' } });
    const { manager, hub, status, next } = await rig(
      [
        same,
        node('Moved', 'probe.handler', run),
        node('Changed', 'probe.handler', run),
        node('Gone', 'probe.handler', run),
      ],
      {
        members: ['New'],
        rows: [...rows, { source: 'Tester', subject: 'other/x', target: 'Moved', origin: 'configured' }],
      },
    );
    const pids = async (): Promise<Record<string, unknown>> => {
      const found: Record<string, unknown> = {};
      for (const { name } of manager.status()) {
        await manager.invoke(name, json({}));
        found[name] = JSON.parse((await next('probe/answer')).payload.toString()).pid;
      }
      return found;
    };
    const before = await pids();
    const bad = node('Bad', 'nowhere.handler');
    await expect(manager.replace([same, bad])).rejects.toMatchObject({ code: 'FUNCTION_DEFINITION' });
    expect(await pids()).toEqual(before);
    expect(await manager.replace([same, moved, changed, node('New', 'probe.handler', run)])).toEqual({
      added: ['New'],
      removed: ['Gone'],
      restarted: ['Changed'],
      resubscribed: ['Moved'],
    });
    const after = await pids();
    expect(after.Same).toBe(before.Same);
    expect(after.Moved).toBe(before.Moved);
    expect(after.Changed).not.toBe(before.Changed);
    expect(Object.keys(after).sort()).toEqual(['Changed', 'Moved', 'New', 'Same']);
    expect(hub.open).not.toContain('Gone');
    const asked = status('Moved').figures.invocations!;
    await hub.port('Tester').publish({ topic: 'probe/ask', payload: '{}' });
    await hub.port('Tester').publish({ topic: 'other/x', payload: '{}' });
    expect(status('Moved').figures.invocations).toBe(asked + 1);
  });

  it('needs its port, and takes nothing when it is stopped', async () => {
    const { manager } = await rig([], { members: ['A'] });
    expect(manager.httpPort).toBe(0);
    const one = [node('A', 'probe.withCallback')];
    await manager.replace(one);
    await expect(rig(one, { httpPort: manager.httpPort })).rejects.toMatchObject({ code: 'FUNCTION_API' });
    await manager.stop();
    await expect(manager.replace([])).rejects.toMatchObject({ code: 'FUNCTION_STOPPED' });
  });

  it('has 200 functions up within seconds, and tells their status at once', async () => {
    const functions = Array.from({ length: 200 }, (_, i) => node(`F${i}`, 'probe.withCallback'));
    const began = performance.now();
    const { manager } = await rig(functions, { rows: [] });
    const started = performance.now();
    expect(await manager.invoke('F199', json({}))).toMatchObject({ ok: true });
    const asked = performance.now();
    expect(manager.status()).toHaveLength(200);
    const told = performance.now();
    expect((await manager.replace(functions)).restarted).toEqual([]);
    const replaced = performance.now();
    expect(started - began).toBeLessThan(3_000);
    expect(told - asked).toBeLessThan(200);
    expect(replaced - told).toBeLessThan(3_000);
  });
});
