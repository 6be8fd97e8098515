import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Connection, Connector, Credentials, SessionRequest } from '../../src/things/connection.js';
import { type FarBroker, farBroker } from '../support/far-broker.js';
import { pki } from '../support/pki.js';
import { until } from '../support/until.js';

/** What every {@link Connector} must do, over a real listener with mutual TLS. */
export function describeConnector(name: string, connector: Connector): void {
  describe(`connector: ${name}`, () => {
    let far: FarBroker;
    let thing: Credentials;
    let other: Credentials;
    const open = new Set<Connection>();

    beforeAll(async () => {
      far = await farBroker({
        subscribe: (_, filter) =>
          filter.startsWith('secret') ? { allowed: false, reason: 'not for you' } : { allowed: true },
        publish: (_, topic) =>
          topic.startsWith('secret') ? { allowed: false, reason: 'not for you' } : { allowed: true },
      });
      thing = await far.thing('Thing');
      other = await far.thing('Other');
    });
    afterEach(async () => {
      far.mend();
      for (const connection of open) await connection.close();
      open.clear();
    });
    afterAll(() => far.stop());

    async function connect(
      credentials = thing,
      signal = new AbortController().signal,
      session?: SessionRequest,
    ) {
      const received: [topic: string, payload: string][] = [];
      const causes: string[] = [];
      const connection = await connector({
        address: far.address,
        credentials,
        signal,
        ...(session && { session }),
        onMessage: (topic, payload) => received.push([topic, payload.toString()]),
        onClose: (cause) => causes.push(cause),
      });
      open.add(connection);
      return { connection, received, causes };
    }

    it('carries messages both ways, in order, to all filters of one subscription', async () => {
      const a = await connect();
      const b = await connect(other);
      await a.connection.subscribe(['to/a', 'all/+']);
      const sent = Array.from({ length: 200 }, (_, i) => [i % 2 ? 'to/a' : 'all/x', String(i)] as const);
      await Promise.all(sent.map(([topic, payload]) => b.connection.publish(topic, payload)));
      await until(() => a.received.length >= 200);
      expect(a.received).toEqual(sent);
      expect(b.received).toEqual([]);
    });

    it('goes on with a session, which brings what came meanwhile, and begins a new one when told to', async () => {
      const speaker = await connect(other);
      const kept = { expirySeconds: 60, clean: false };
      const first = await connect(thing, undefined, { ...kept, clean: true });
      expect(first.connection.sessionPresent).toBe(false);
      await first.connection.subscribe(['kept']);
      await first.connection.close();
      await speaker.connection.publish('kept', 'after a good-bye');
      const second = await connect(thing, undefined, kept);
      expect(second.connection.sessionPresent).toBe(true);
      await until(() => second.received.length > 0);
      expect(second.received).toEqual([['kept', 'after a good-bye']]);
      // answered in order: the acknowledgement of that message has arrived before
      await second.connection.publish('elsewhere', '');
      far.cut();
      await until(() => second.causes.length > 0);
      await far.broker.port('speaker').publish({ topic: 'kept', payload: 'after a cut', qos: 1 });
      far.mend();
      const third = await connect(thing, undefined, kept);
      await until(() => third.received.length > 0);
      expect(third.received).toEqual([['kept', 'after a cut']]);
      await third.connection.close();
      const clean = await connect(thing, undefined, { ...kept, clean: true });
      expect(clean.connection.sessionPresent).toBe(false);
      await clean.connection.close();
      const none = await connect(thing);
      expect(none.connection.sessionPresent).toBe(false);
    });

    it('acknowledges a message when it was handled, so that the session brings again what was not', async () => {
      const kept = { expirySeconds: 60, clean: false };
      const port = far.broker.port('speaker');
      const ways: (() => void)[] = [];
      const seen: string[] = [];
      const session = () => far.broker.clients().find(({ clientId }) => clientId === thing.thing);
      const begin = async (clean: boolean) => {
        const connection = await connector({
          address: far.address,
          credentials: thing,
          signal: new AbortController().signal,
          session: { ...kept, clean },
          onMessage: (_, payload) => {
            seen.push(payload.toString());
            return new Promise<void>((resolve) => ways.push(resolve));
          },
          onClose: () => {},
        });
        open.add(connection);
        return connection;
      };
      const first = await begin(true);
      await first.subscribe(['work']);
      void port.publish({ topic: 'work', payload: 'a', qos: 1 });
      await until(() => seen.length === 1);
      far.cut();
      await until(() => session()?.connected === false);
      far.mend();
      const second = await begin(false);
      await until(() => seen.length === 2);
      expect(seen).toEqual(['a', 'a']);
      for (const handled of ways) handled();
      await until(() => session()?.inflight === 0);
      await second.close();
      const third = await begin(false);
      await third.publish('elsewhere', '');
      expect(seen).toEqual(['a', 'a']);
    });

    it('carries bytes as they are, and nothing at all', async () => {
      const { connection, received } = await connect();
      const payloads: Buffer[] = [];
      await connection.subscribe(['bytes']);
      far.broker.port('probe').subscribe('bytes', ({ payload }) => payloads.push(payload));
      await connection.publish('bytes', Buffer.from([0, 255, 128, 10]));
      await connection.publish('bytes', '');
      await until(() => payloads.length === 2 && received.length === 2);
      expect([...payloads[0]!]).toEqual([0, 255, 128, 10]);
      expect(received[1]).toEqual(['bytes', '']);
    });

    it('receives no more after unsubscribing', async () => {
      const { connection, received } = await connect();
      await connection.subscribe(['a', 'b']);
      await connection.unsubscribe(['a']);
      await connection.publish('a', '1');
      await connection.publish('b', '2');
      await until(() => received.length > 0);
      expect(received).toEqual([['b', '2']]);
    });

    it('tells a refused subscription and a refused message from a lost connection', async () => {
      const { connection, causes } = await connect();
      await expect(connection.subscribe(['fine', 'secret/a'])).rejects.toMatchObject({
        code: 'THING_REJECTED',
      });
      await expect(connection.publish('secret/a', '1')).rejects.toMatchObject({ code: 'THING_REJECTED' });
      await connection.publish('fine', '1');
      expect(causes).toEqual([]);
    });

    it('says once that the connection is lost, and is offline from then on', async () => {
      const { connection, causes } = await connect();
      far.cut();
      await until(() => causes.length > 0);
      await expect(connection.publish('a', '1')).rejects.toMatchObject({ code: 'THING_OFFLINE' });
      await expect(connection.subscribe(['a'])).rejects.toMatchObject({ code: 'THING_OFFLINE' });
      await connection.close();
      expect(causes).toHaveLength(1);
    });

    it('fails what is under way when the connection is lost', async () => {
      const { connection } = await connect();
      const work = Array.from({ length: 20 }, () => connection.publish('a', '1'));
      far.cut();
      const results = await Promise.allSettled(work);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'THING_OFFLINE' });
      }
      await expect(connection.publish('a', '1')).rejects.toMatchObject({ code: 'THING_OFFLINE' });
    });

    it('says good-bye, tells so once, and is offline', async () => {
      const ended: string[] = [];
      far.broker.events.on('disconnected', ({ clientId, cause }) => ended.push(`${clientId}: ${cause}`));
      const { connection, causes } = await connect();
      await connection.close();
      await connection.close();
      expect(causes).toHaveLength(1);
      await expect(connection.publish('a', '1')).rejects.toMatchObject({ code: 'THING_OFFLINE' });
      await until(() => ended.length > 0);
    });

    it('does not connect where nobody listens, where the line is cut, or with a strange certificate or CA', async () => {
      const stranger = await (await pki()).thing('Thing');
      const attempt = (over: object) =>
        connector({
          address: far.address,
          credentials: thing,
          signal: new AbortController().signal,
          onMessage: () => {},
          onClose: () => {},
          ...over,
        });
      const refused = {
        code: 'THING_CONNECT',
        message: expect.stringContaining('Thing could not connect to'),
      };
      await expect(attempt({ address: { ...far.address, port: 1 } })).rejects.toMatchObject(refused);
      await expect(attempt({ credentials: stranger })).rejects.toMatchObject(refused);
      await expect(attempt({ address: { ...far.address, ca: stranger.certificate } })).rejects.toMatchObject(
        refused,
      );
      far.cut();
      await expect(attempt({})).rejects.toMatchObject(refused);
    });

    it('ends an attempt when it is told to', async () => {
      const aborted = new AbortController();
      aborted.abort();
      await expect(connect(thing, aborted.signal)).rejects.toMatchObject({ code: 'THING_CONNECT' });
      const later = new AbortController();
      const attempt = connect(thing, later.signal);
      later.abort();
      await expect(attempt).rejects.toMatchObject({ code: 'THING_CONNECT' });
    });
  });
}
