import { describe, expect, it } from 'vitest';
import { type JsonObject, SILENT, VirtualClock } from '../../../hal/index.js';
import {
  durableShadows,
  memoryShadows,
  type ShadowChange,
  ShadowError,
  ShadowService,
  untilReported,
} from '../../../src/core/shadow/index.js';
import { MemoryStore } from '../../../src/store/memory.js';
import { Hub } from './support/hub.js';
import { HeldStore, startService, until } from './support/service.js';

const kinds = (heard: readonly { topic: string }[]): string[] =>
  heard.map(({ topic }) => topic.split('/').slice(3).join('/'));
const report = (reported: JsonObject): { state: { reported: JsonObject } } => ({ state: { reported } });

describe('direct calls', () => {
  it('answer as the messages do and publish the same', async () => {
    const { service, heard } = await startService();
    const { accepted, delta, current } = await service.update(
      'T',
      undefined,
      { state: { desired: { a: 1 } }, clientToken: 'c' },
      'cli',
    );
    expect(kinds(heard)).toEqual([
      'shadow/update/delta',
      'shadow/update/documents',
      'shadow/update/accepted',
    ]);
    expect(heard[2]?.body).toEqual(JSON.parse(JSON.stringify(accepted)));
    expect([delta, current.version]).toEqual([{ a: 1 }, 1]);
    const got = await service.get('T');
    expect(heard[3]).toEqual({
      topic: '$aws/things/T/shadow/get/accepted',
      body: JSON.parse(JSON.stringify(got)),
    });
    expect(await service.delete('T', undefined, 'cli')).toEqual({ version: 1, timestamp: got.timestamp });
    expect(kinds(heard.slice(4))).toEqual(['shadow/delete/accepted']);
  });

  it('throw what a rejected message says, and publish it', async () => {
    const { service, heard } = await startService();
    await service.update('T', 'n', report({ a: 1 }), 'cli');
    const attempt = service.update('T', 'n', { ...report({ a: 2 }), version: 9 }, 'cli');
    await expect(attempt).rejects.toMatchObject({ code: 'SHADOW_VERSION_CONFLICT', protocolCode: 409 });
    expect(heard.at(-1)).toMatchObject({
      topic: '$aws/things/T/shadow/name/n/update/rejected',
      body: { code: 409 },
    });
    await expect(service.get('T')).rejects.toBeInstanceOf(ShadowError);
  });

  it('publish nothing on a topic made of a name that cannot be', async () => {
    const { service, heard } = await startService();
    await expect(service.get('a/#')).rejects.toMatchObject({ protocolCode: 400 });
    expect(heard).toEqual([]);
  });

  it('read quietly', async () => {
    const { service, heard } = await startService();
    expect(await service.read('T')).toBeUndefined();
    await service.update('T', undefined, report({ a: 1 }), 'cli');
    heard.length = 0;
    expect((await service.read('T'))?.state).toEqual({ reported: { a: 1 } });
    expect(heard).toEqual([]);
  });

  it('are refused when the service does not run', async () => {
    const { service } = await startService();
    await service.stop();
    await service.stop();
    await expect(service.get('T')).rejects.toMatchObject({ code: 'SHADOW_STOPPED', protocolCode: 503 });
  });

  it('take a limit that cannot be for a mistake', async () => {
    await expect(startService({ limits: { documentBytes: 30_721 } })).rejects.toThrow(/documentBytes.*30720/);
  });

  it('hold the size that was configured', async () => {
    const { service } = await startService({ limits: { documentBytes: 30_720 } });
    const ofBytes = (bytes: number): object => report({ a: 'x'.repeat(bytes - 8) });
    await service.update('T', undefined, ofBytes(30_720), 'cli');
    await expect(service.update('T', undefined, ofBytes(30_721), 'cli')).rejects.toMatchObject({
      protocolCode: 413,
    });
  });
});

describe('changes', () => {
  it('are told with who made them, deletes too, in order', async () => {
    const { service, request, idle } = await startService();
    const told: ShadowChange[] = [];
    service.events.on('changed', (change) => told.push(change));
    request('T/shadow/update', report({ a: 1 }));
    request('T/shadow/update', report({ a: 2 }));
    request('T/shadow/update', { state: 1 });
    request('T/shadow/delete');
    await idle();
    expect(
      told.map(({ by, version, previous, current }) => [by, version, previous?.version, current?.version]),
    ).toEqual([
      ['client', 1, undefined, 1],
      ['client', 2, 1, 2],
      ['client', 2, 2, undefined],
    ]);
  });

  it('whose listener throws still reach the requester', async () => {
    const { service, heard, request, idle } = await startService();
    service.events.on('changed', () => {
      throw new Error('a listener’s own fault');
    });
    request('T/shadow/update', report({ a: 1 }));
    await idle();
    await expect(service.update('T', undefined, report({ a: 2 }), 'cli')).resolves.toBeDefined();
    expect(kinds(heard).filter((kind) => kind.endsWith('accepted'))).toHaveLength(2);
  });

  it('can be waited for until reported follows', async () => {
    const { service } = await startService();
    await service.update('T', undefined, { state: { desired: { a: 1 } } }, 'cli');
    const following = untilReported(service, 'T', undefined, new AbortController().signal);
    await service.update('T', undefined, report({ a: 0 }), 'thing');
    await service.update('Other', undefined, report({ a: 1 }), 'thing');
    await service.update('T', undefined, report({ a: 1 }), 'thing');
    expect((await following)?.version).toBe(3);
    expect(service.events.listenerCount('changed')).toBe(0);
  });

  it('are no longer waited for after the signal', async () => {
    const { service } = await startService();
    await service.update('T', undefined, { state: { desired: { a: 1 } } }, 'cli');
    const giveUp = new AbortController();
    const following = untilReported(service, 'T', undefined, giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(following).rejects.toThrow('enough');
    expect(service.events.listenerCount('changed')).toBe(0);
  });
});

describe('a disk that is slow', () => {
  it('delays the answer until the change is saved, and saves what gathered at once', async () => {
    const store = new HeldStore();
    const { service, heard, request, idle } = await startService({ store });
    store.isHolding = true;
    request('T/shadow/update', report({ n: 0 }));
    await until(() => store.held === 1);
    for (let n = 1; n <= 5; n += 1) request('T/shadow/update', report({ n }));
    request('T/shadow/get');
    expect(heard).toEqual([]);
    store.release();
    await idle();
    const accepted = heard.filter(({ topic }) => topic.endsWith('update/accepted'));
    expect(accepted.map(({ body }) => body.version)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(heard.at(-1)).toMatchObject({ topic: '$aws/things/T/shadow/get/accepted', body: { version: 6 } });
    expect(store.saves).toBe(2);
    expect(service.status()).toMatchObject({
      accepted: 7,
      pendingRequests: 0,
      pendingBytes: 0,
      busyShadows: 0,
    });
  });

  it('does not delay other shadows', async () => {
    const store = new HeldStore();
    const { service, heard, request } = await startService({ store });
    await service.update('Quick', undefined, report({ a: 1 }), 'cli');
    store.isHolding = true;
    request('Slow/shadow/update', report({ a: 1 }));
    await until(() => store.held === 1);
    heard.length = 0;
    request('Quick/shadow/get');
    await until(() => heard.length === 1);
    expect(heard[0]?.topic).toBe('$aws/things/Quick/shadow/get/accepted');
    store.release();
  });

  it('is waited for by stop', async () => {
    const store = new HeldStore();
    const { service, heard, request } = await startService({ store });
    store.isHolding = true;
    request('T/shadow/update', report({ a: 1 }));
    await until(() => store.held === 1);
    let isStopped = false;
    const stopping = service.stop().then(() => {
      isStopped = true;
    });
    request('T/shadow/get');
    await new Promise((resolve) => setImmediate(resolve));
    expect(isStopped).toBe(false);
    store.release();
    await stopping;
    expect(kinds(heard)).toEqual(['shadow/update/documents', 'shadow/update/accepted']);
  });
});

describe('a disk that refuses', () => {
  it('makes every change fail with 500 and leaves what was there', async () => {
    const store = new HeldStore();
    const { service, heard, request, idle } = await startService({ store });
    await service.update('T', undefined, report({ a: 1 }), 'cli');
    heard.length = 0;
    store.fails = 'save';
    request('T/shadow/update', { ...report({ a: 2 }), clientToken: 'x' });
    request('T/shadow/get');
    request('T/shadow/update', { state: 1 });
    request('T/shadow/update', { ...report({ a: 3 }), version: 2 });
    request('T/shadow/delete');
    await idle();
    expect(heard.map(({ body }) => body.code ?? body.version)).toEqual([500, 1, 400, 409, 500]);
    expect(heard[0]?.body).toMatchObject({ message: 'Internal service failure', clientToken: 'x' });
    store.fails = undefined;
    expect((await service.update('T', undefined, report({ b: 1 }), 'cli')).current.state).toEqual({
      reported: { a: 1, b: 1 },
    });
    expect(service.status()).toMatchObject({ storeFailures: 1, lastStoreFailure: 'the disk is full' });
  });

  it('to read is an answer too, and the next request tries again', async () => {
    const store = new HeldStore();
    const { service, heard, request, idle } = await startService({ store });
    store.fails = 'load';
    request('T/shadow/update', { ...report({ a: 1 }), clientToken: 'x' });
    request('T/shadow/get');
    await idle();
    expect(heard.map(({ body }) => [body.code, body.clientToken])).toEqual([
      [500, 'x'],
      [500, undefined],
    ]);
    store.fails = undefined;
    expect((await service.update('T', undefined, report({ a: 1 }), 'cli')).current.version).toBe(1);
  });

  it('to give one record sets that one aside and says so; the rest goes on', async () => {
    const raw = new MemoryStore();
    await raw.write([{ type: 'put', key: 'd/Bad/', value: '{"version":41,"state"' }]);
    const { service } = await startService({ store: durableShadows(raw) });
    await service.update('Good', undefined, report({ a: 1 }), 'cli');
    await expect(service.get('Bad')).rejects.toMatchObject({ protocolCode: 404 });
    expect(service.status().setAside).toMatchObject([{ thing: 'Bad', cause: 'it is not JSON' }]);
    expect((await service.update('Bad', undefined, report({ a: 1 }), 'cli')).current.version).toBe(42);
    const again = await startService({ store: durableShadows(raw) });
    expect(again.service.status().setAside).toMatchObject([{ thing: 'Bad' }]);
  });
});

describe('too much', () => {
  it('of one client is refused while others are served', async () => {
    const store = new HeldStore();
    const { hub, heard, request, idle } = await startService({ store, limits: { inFlightPerClient: 2 } });
    const other = hub.port('other');
    store.isHolding = true;
    for (let n = 0; n < 3; n += 1) request('T/shadow/update', { ...report({ n }), clientToken: `c${n}` });
    request('T/shadow/update', report({ n: 9 }), other);
    expect(heard).toMatchObject([{ body: { code: 429, message: 'Too Many Requests', clientToken: 'c2' } }]);
    await until(() => store.held === 1);
    store.release();
    await idle();
    expect(heard.filter(({ topic }) => topic.endsWith('accepted'))).toHaveLength(3);
  });

  it('counts a request as unanswered until the broker has taken the answer', async () => {
    const { hub, heard, request, idle, service } = await startService({ limits: { inFlightPerClient: 1 } });
    let take = (): void => {};
    hub.onPublish = (from, topic) =>
      from === 'GGShadowService' && topic.endsWith('get/rejected')
        ? new Promise<void>((resolve) => {
            take = resolve;
          })
        : undefined;
    request('T/shadow/get');
    await until(() => heard.length === 1);
    const first = take;
    request('T/shadow/get');
    expect(heard[1]?.body.code).toBe(429);
    take();
    first();
    await idle();
    expect(service.status().throttled).toBe(1);
  });

  it('for one thing in a second is refused where that is configured', async () => {
    const { heard, request, idle, clock } = await startService({ limits: { requestsPerSecondPerThing: 3 } });
    for (let n = 0; n < 5; n += 1) request('T/shadow/get');
    request('Other/shadow/get');
    await idle();
    expect(heard.map(({ body }) => body.code).sort()).toEqual([404, 404, 404, 404, 429, 429]);
    await clock.advance(1_000);
    request('T/shadow/get');
    await idle();
    expect(heard.at(-1)?.body.code).toBe(404);
  });

  it('of direct calls is refused by the common bounds', async () => {
    const store = new HeldStore();
    const { service } = await startService({ store, limits: { pendingRequests: 2 } });
    store.isHolding = true;
    const waiting = [1, 2].map((n) => service.update('T', undefined, report({ n }), 'cli'));
    await expect(service.get('T')).rejects.toMatchObject({ code: 'SHADOW_TOO_MANY_REQUESTS' });
    await until(() => store.held === 1);
    store.release();
    await Promise.all(waiting);
  });

  it('in bytes is refused too', async () => {
    const store = new HeldStore();
    const { service } = await startService({ store, limits: { pendingBytes: 500 } });
    store.isHolding = true;
    const waiting = service.update('T', undefined, report({ a: 'x'.repeat(600) }), 'cli');
    await expect(service.update('T', undefined, report({ a: 1 }), 'cli')).rejects.toMatchObject({
      protocolCode: 429,
    });
    await until(() => store.held === 1);
    store.release();
    await waiting;
  });

  it('in the cache gives way, oldest first', async () => {
    const { service } = await startService({ limits: { cachedDocuments: 3 } });
    for (let n = 0; n < 10; n += 1) await service.update(`T${n}`, undefined, report({ n }), 'cli');
    expect(service.status().cachedDocuments).toBe(3);
    expect((await service.get('T0')).state).toEqual({ reported: { n: 0 } });
  });

  it('in bytes of the cache gives way too', async () => {
    const { service } = await startService({ limits: { cachedBytes: 1_000 } });
    for (let n = 0; n < 10; n += 1)
      await service.update(`T${n}`, undefined, report({ a: 'x'.repeat(300) }), 'cli');
    const { cachedDocuments, cachedBytes } = service.status();
    expect(cachedDocuments).toBe(2);
    expect(cachedBytes).toBeLessThanOrEqual(1_000);
  });
});

describe('the service on the broker', () => {
  it('goes on when the broker does not take an answer', async () => {
    const { hub, service, request, idle } = await startService();
    hub.onPublish = (from) => {
      if (from === 'GGShadowService') throw new Error('no room');
    };
    request('T/shadow/update', report({ a: 1 }));
    await idle();
    expect(service.status().unpublished).toBe(2);
    hub.onPublish = () => {};
    expect((await service.get('T')).version).toBe(1);
  });

  it('does not carry out what is retained when it starts', async () => {
    const port = new Hub().port('GGShadowService');
    const replaying = {
      ...port,
      subscribe: (filter: string, listener: Parameters<typeof port.subscribe>[1]) => {
        queueMicrotask(() =>
          listener({
            topic: '$aws/things/T/shadow/update',
            payload: Buffer.from(JSON.stringify(report({ old: true }))),
            qos: 1,
            retain: true,
            properties: undefined,
            from: 'client',
          }),
        );
        return port.subscribe(filter, listener);
      },
    };
    const clock = new VirtualClock();
    const restarted = new ShadowService({
      port: replaying,
      store: memoryShadows(),
      clock,
      log: SILENT,
    });
    await restarted.start(new AbortController().signal);
    expect(await restarted.read('T')).toBeUndefined();
    await restarted.stop();
  });

  it('lets go of the versions of shadows that were deleted long ago', async () => {
    const raw = new MemoryStore();
    const { service, clock } = await startService({ store: durableShadows(raw) });
    await service.update('T', undefined, report({ a: 1 }), 'cli');
    await service.delete('T', undefined, 'cli');
    const left = async (): Promise<number> => {
      let count = 0;
      for await (const _ of raw.entries()) count += 1;
      return count;
    };
    await clock.advance(47 * 3_600_000);
    expect(await left()).toBe(1);
    await clock.advance(3 * 3_600_000);
    expect(await left()).toBe(0);
    await service.stop();
    expect(clock.pending).toBe(0);
  });
});
