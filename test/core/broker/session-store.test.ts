import { describe, expect, it, onTestFinished } from 'vitest';
import { durableSessions, memorySessions } from '../../../src/core/broker/index.js';
import type { Store } from '../../../src/store/contract.js';
import { LevelStore } from '../../../src/store/level.js';
import { MemoryStore } from '../../../src/store/memory.js';
import { describeSessionStore } from '../../contract/session-store.js';
import { temporaryFolder } from '../../support/folder.js';
import { holds, join, testBroker, texts } from './support.js';

describeSessionStore('memorySessions', async () => {
  const store = memorySessions();
  return { store, reopen: async () => store };
});

describeSessionStore('durableSessions', async () => {
  const folder = await temporaryFolder();
  let level = await LevelStore.open(folder);
  onTestFinished(() => level.close());
  return {
    store: durableSessions(level.section('mqtt')),
    async reopen() {
      await level.close();
      level = await LevelStore.open(folder);
      return durableSessions(level.section('mqtt'));
    },
  };
});

/** Keeps nothing while `broken`. */
function fragile(): { store: Store; fail(broken: boolean): void } {
  const memory = new MemoryStore();
  let broken = false;
  return {
    fail: (now) => {
      broken = now;
    },
    store: {
      write: (operations) => (broken ? Promise.reject(new Error('disk full')) : memory.write(operations)),
      get: (key) => memory.get(key),
      entries: (range) => memory.entries(range),
      section: (name) => memory.section(name),
    },
  };
}

const KEEP = { clean: false, properties: { sessionExpiryInterval: 600 } };

describe('a broker with a durable store', () => {
  holds(
    'takes up everything after a restart',
    ['5:3.1.2-7', '5:4.5.0-1', '3:3.1.2-5', '5:4.1.0-1', '3:4.1.0-1', '5:3.1.2-23'],
    async () => {
      const store = new MemoryStore();
      const first = await testBroker({ sessions: durableSessions(store) });
      const sub = await join(first.port, 'sub', 5, KEEP);
      await sub.subscribe('a/#', { qos: 2 }, { subscriptionIdentifier: 5 });
      await sub.cut();
      const pub = await join(first.port, 'pub', 4, KEEP);
      pub.publish('a/1', 'one', { qos: 1, messageId: 1 });
      pub.publish('a/2', 'two', { qos: 2, messageId: 2, retain: true });
      await pub.next('puback');
      await pub.next('pubrec');
      // nothing is said goodbye to: a second broker reads what the first one wrote
      const second = await testBroker({ sessions: durableSessions(store) });
      expect(second.broker.status()).toMatchObject({
        sessions: 2,
        retained: 1,
        subscriptions: 1,
        queuedMessages: 2,
      });
      const again = await join(second.port, 'pub', 4, KEEP);
      again.publish('a/2', 'two', { qos: 2, messageId: 2, dup: true });
      await again.next('pubrec');
      const back = await join(second.port, 'sub', 5, KEEP);
      expect(back.connack.sessionPresent).toBe(true);
      const got = (await back.settled()).filter(({ cmd }) => cmd === 'publish');
      expect(texts(got)).toEqual(['one', 'two']);
      expect(got.map(({ dup, properties }) => [dup, properties?.subscriptionIdentifier])).toEqual([
        [false, 5],
        [false, 5],
      ]);
    },
  );

  it('refuses what it cannot keep, and says why; nothing is lost silently', async () => {
    const { store, fail } = fragile();
    const { port, broker } = await testBroker({ sessions: durableSessions(store) });
    const sub = await join(port, 'sub', 5, KEEP);
    await sub.subscribe('a', { qos: 2 });
    await sub.cut();
    const pub = await join(port, 'pub', 5);
    const old = await join(port, 'old', 4);
    fail(true);
    pub.publish('a', 'lost?', { qos: 1, messageId: 1 });
    const refused = await pub.next('puback');
    expect(refused).toMatchObject({ reasonCode: 0x83 });
    expect(refused.properties?.reasonString).toContain('disk full');
    pub.publish('a', 'twice?', { qos: 2, messageId: 2 });
    expect(await pub.next('pubrec')).toMatchObject({ reasonCode: 0x83 });
    old.publish('a', 'lost?', { qos: 1, messageId: 1 });
    await old.end();
    expect(old.packets).toEqual([]);
    await expect(broker.port('p').publish({ topic: 'a', payload: 'x', qos: 1 })).rejects.toMatchObject({
      code: 'BROKER_STORE',
    });
    const newcomer = await join(port, 'new', 5, KEEP);
    expect(newcomer.connack).toMatchObject({ reasonCode: 0x88, sessionPresent: false });
    const early = await join(port, 'sub', 5, KEEP);
    expect(early.connack).toMatchObject({ reasonCode: 0x88, sessionPresent: false });
    fail(false);
    pub.publish('a', 'twice?', { qos: 2, messageId: 2 });
    expect(await pub.next('pubrec')).toMatchObject({ reasonCode: 0 });
    const back = await join(port, 'sub', 5, KEEP);
    expect(back.connack).toMatchObject({ reasonCode: 0, sessionPresent: true });
    expect(texts(await back.settled()).filter((text) => text === 'twice?')).toHaveLength(1);
  });

  it('answers in the order of the requests, though some wait for the disk', async () => {
    const { port } = await testBroker({ sessions: durableSessions(new MemoryStore()) });
    const sub = await join(port, 'sub', 5, KEEP);
    await sub.subscribe('slow', { qos: 1 });
    const pub = await join(port, 'pub', 4);
    for (let i = 1; i <= 20; i += 1) {
      pub.publish(i % 2 === 0 ? 'fast' : 'slow', 'x', { qos: 1, messageId: i });
    }
    const ids: unknown[] = [];
    while (ids.length < 20) ids.push((await pub.next('puback')).messageId);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('does not read on from a client that sends faster than the disk keeps', async () => {
    const memory = new MemoryStore();
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow: Store = {
      write: (operations) => released.then(() => memory.write(operations)),
      get: (key) => memory.get(key),
      entries: (range) => memory.entries(range),
      section: (name) => memory.section(name),
    };
    const { port, broker } = await testBroker({ sessions: durableSessions(slow) });
    const pub = await join(port, 'pub', 4);
    for (let i = 0; i < 20_000; i += 1) pub.publish(`r/${i % 10}`, 'x', { retain: true });
    const other = await join(port, 'other', 4);
    for (let round = 0; round < 20; round += 1) await other.settled();
    expect(broker.status().accepted).toBeLessThan(1_100);
    release();
    await pub.settled();
    expect(broker.status()).toMatchObject({ accepted: 20_000, retained: 10 });
  });
});
