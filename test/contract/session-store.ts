/** What every session store must do; run against each of them. */
import { describe, expect, it } from 'vitest';
import type {
  SessionChange,
  SessionRecord,
  SessionStore,
  StoredMessage,
} from '../../src/core/broker/sessions/contract.js';

export interface SessionStoreUnderTest {
  readonly store: SessionStore;
  /** The same sessions after a restart. */
  reopen(): Promise<SessionStore>;
}

const record = (clientId: string, more: Partial<SessionRecord> = {}): SessionRecord => ({
  clientId,
  expiryInterval: 60,
  disconnectedAt: undefined,
  sentThrough: undefined,
  will: undefined,
  ...more,
});

const message = (topic: string, payload: string): StoredMessage => ({
  topic,
  payload: Buffer.from(payload),
  qos: 1,
  retain: false,
  properties: Buffer.from([1, 1]),
  expiresAt: 1_800_000_000_000,
  from: 'x',
});

const session = (clientId: string): SessionChange => ({ type: 'session', record: record(clientId) });

const owed = (sequence: number, text: string, ...clients: [string, number][]): SessionChange => ({
  type: 'message',
  sequence,
  message: message('a/b', text),
  receivers: clients.map(([clientId, packetId]) => ({
    clientId,
    packetId,
    qos: 2,
    retain: true,
    identifiers: [7],
  })),
});

export function describeSessionStore(name: string, make: () => Promise<SessionStoreUnderTest>): void {
  describe(name, () => {
    it('is empty at first', async () => {
      const { store } = await make();
      expect(await store.load()).toEqual({ sessions: [], retained: [], sequence: 0 });
    });

    it('gives back sessions with all that belongs to them, in order', async () => {
      const { store, reopen } = await make();
      await store.load();
      const will = {
        ...message('will', 'bye'),
        expiresAt: undefined,
        delay: 5,
        expiry: 9,
      };
      const subscription = {
        filter: '$share/g/ä/+',
        qos: 1,
        noLocal: false,
        retainAsPublished: true,
        retainHandling: 1,
        identifier: 3,
      } as const;
      const kept = record('ä', { will, disconnectedAt: 5, sentThrough: 12 });
      await store.commit([
        { type: 'session', record: kept },
        session('b'),
        { type: 'subscribe', clientId: 'ä', subscription },
        { type: 'subscribe', clientId: 'ä', subscription: { ...subscription, filter: 'gone' } },
        { type: 'unsubscribe', clientId: 'ä', filter: 'gone' },
        { type: 'received', clientId: 'ä', packetId: 300 },
        { type: 'received', clientId: 'ä', packetId: 301 },
        { type: 'completed', clientId: 'ä', packetId: 301 },
      ]);
      for (const sequence of [40, 41, 1_000_000]) {
        await store.commit([owed(sequence, `${sequence}`, ['ä', sequence % 65_536 || 1], ['b', 1])]);
      }
      const state = await (await reopen()).load();
      expect(state.sequence).toBe(1_000_000);
      const first = state.sessions.find(({ record: { clientId } }) => clientId === 'ä');
      expect(first?.record).toEqual(kept);
      expect(first?.subscriptions).toEqual([subscription]);
      expect(first?.received).toEqual([300]);
      expect(first?.deliveries.map(({ sequence, message: m }) => [sequence, String(m?.payload)])).toEqual([
        [40, '40'],
        [41, '41'],
        [1_000_000, '1000000'],
      ]);
      expect(first?.deliveries[0]).toEqual({
        sequence: 40,
        packetId: 40,
        qos: 2,
        retain: true,
        identifiers: [7],
        released: false,
        message: message('a/b', '40'),
      });
    });

    it('keeps a message as long as anybody is owed it', async () => {
      const { store, reopen } = await make();
      await store.load();
      await store.commit([
        session('a'),
        session('b'),
        session('c'),
        owed(1, 'x', ['a', 1], ['b', 2], ['c', 3]),
      ]);
      await store.commit([
        { type: 'released', clientId: 'a', sequence: 1, packetId: 1 },
        { type: 'done', clientId: 'a', sequence: 1, packetId: 1 },
        { type: 'released', clientId: 'b', sequence: 1, packetId: 2 },
      ]);
      const again = await reopen();
      const { sessions } = await again.load();
      const of = (id: string) => sessions.find(({ record: { clientId } }) => clientId === id)?.deliveries;
      expect(of('a')).toEqual([]);
      expect(of('b')).toMatchObject([{ released: true, message: undefined, packetId: 2 }]);
      expect(of('c')).toMatchObject([{ released: false, message: message('a/b', 'x') }]);
      await again.commit([{ type: 'done', clientId: 'c', sequence: 1, packetId: 3 }]);
      expect((await (await reopen()).load()).sessions.flatMap(({ deliveries }) => deliveries)).toHaveLength(
        1,
      );
    });

    it('forgets all that belongs to a session that ends, and nothing else', async () => {
      const { store, reopen } = await make();
      await store.load();
      const subscription = {
        filter: 'f',
        qos: 0,
        noLocal: true,
        retainAsPublished: false,
        retainHandling: 0,
        identifier: undefined,
      } as const;
      await store.commit([
        session('a'),
        session('b'),
        { type: 'subscribe', clientId: 'a', subscription },
        { type: 'received', clientId: 'a', packetId: 1 },
        owed(1, 'x', ['a', 1], ['b', 1]),
        { type: 'session-end', clientId: 'a' },
        // comes late, for what is gone
        owed(2, 'y', ['a', 2]),
        { type: 'subscribe', clientId: 'a', subscription },
        session('a'),
      ]);
      const { sessions } = await (await reopen()).load();
      const a = sessions.find(({ record: { clientId } }) => clientId === 'a');
      expect(a).toMatchObject({ subscriptions: [], deliveries: [], received: [] });
      expect(sessions.find(({ record: { clientId } }) => clientId === 'b')?.deliveries).toHaveLength(1);
    });

    it('keeps the last retained message of each topic', async () => {
      const { store, reopen } = await make();
      await store.load();
      const retain = (topic: string, text: string): SessionChange => ({
        type: 'retain',
        message: { ...message(topic, text), retain: true },
      });
      await store.commit([
        retain('a', '1'),
        retain('b', '2'),
        retain('a', '3'),
        { type: 'unretain', topic: 'b' },
      ]);
      const { retained } = await (await reopen()).load();
      expect(retained.map(({ topic, payload }) => [topic, String(payload)])).toEqual([['a', '3']]);
    });
  });
}
