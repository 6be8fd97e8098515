import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import type { PortMessage } from '../../../src/core/broker/index.js';
import { until } from '../../support/until.js';
import { connectBytes, dial, holds, join, testBroker, texts, VERSIONS } from './support.js';

const KEEP = { clean: false, properties: { sessionExpiryInterval: 600 } };

describe('a session', () => {
  holds(
    'is sent again what it did not acknowledge, in order, under the same identifiers',
    [
      '5:4.4.0-1',
      '3:4.4.0-1',
      '5:3.3.1-1',
      '3:3.3.1-1',
      '5:3.3.1-3',
      '5:4.6.0-1',
      '3:4.6.0-1',
      '5:4.3.2-1',
      '5:4.3.2-2',
      '5:4.3.2-3',
      '3:4.3.2-1',
      '5:4.3.3-1',
      '5:4.3.3-2',
      '5:4.3.3-3',
      '5:4.3.3-4',
      '5:4.3.3-5',
      '5:4.3.3-6',
      '3:4.3.3-1',
      '5:2.2.1-4',
      '3:2.3.1-4',
      '5:4.3.1-1',
      '3:4.3.1-1',
      '5:4.6.0-4',
      '3:4.6.0-4',
      '5:3.6.2-1',
      '3:2.3.1-3',
      '3:2.3.1-2',
    ],
    async () => {
      const { port } = await testBroker();
      for (const version of VERSIONS) {
        const first = await join(port, 'sub', version, KEEP);
        await first.subscribe('a', { qos: 2 });
        const pub = await join(port, 'pub', version);
        for (const [i, qos] of [0, 1, 2, 1, 2].entries()) pub.publish('a', `${i}`, { qos, messageId: i + 1 });
        await pub.settled();
        const got = (await first.settled()).filter(({ cmd }) => cmd === 'publish');
        expect(got.map(({ dup, qos }) => [qos, dup])).toEqual([
          [0, false],
          [1, false],
          [2, false],
          [1, false],
          [2, false],
        ]);
        const ids = got.map(({ messageId }) => messageId);
        expect(new Set(ids.slice(1)).size).toBe(4);
        first.send(
          { cmd: 'puback', messageId: ids[1] as number },
          { cmd: 'pubrec', messageId: ids[2] as number },
        );
        expect(await first.next('pubrel')).toMatchObject({ messageId: ids[2] });
        await first.cut();
        pub.publish('a', 'later', { qos: 1, messageId: 9 });
        await pub.settled();
        const second = await join(port, 'sub', version, KEEP);
        const again = await second.settled();
        expect(again.map(({ cmd, messageId, dup }) => [cmd, messageId, cmd === 'publish' && dup])).toEqual([
          ['pubrel', ids[2], false],
          ['publish', ids[3], true],
          ['publish', ids[4], true],
          ['publish', again.at(-1)?.messageId, false],
        ]);
        second.send(
          { cmd: 'pubcomp', messageId: ids[2] as number },
          { cmd: 'puback', messageId: ids[3] as number },
        );
        second.send({ cmd: 'pubrec', messageId: ids[4] as number });
        await second.next('pubrel');
        second.send(
          { cmd: 'pubcomp', messageId: ids[4] as number },
          { cmd: 'puback', messageId: again.at(-1)?.messageId as number },
        );
        // acknowledgements of what was never sent change nothing
        second.send(
          { cmd: 'puback', messageId: 4_711 },
          { cmd: 'pubcomp', messageId: 4_711 },
          { cmd: 'pubrec', messageId: 4_711 },
        );
        expect(await second.next('pubrel')).toMatchObject({ messageId: 4_711 });
        await second.cut();
        const third = await join(port, 'sub', version, KEEP);
        expect(await third.settled()).toEqual([]);
        await third.cut();
        await (await join(port, 'sub', version)).cut();
      }
    },
  );

  holds(
    'ends with its interval, and not before',
    ['5:4.1.0-2', '3:4.1.0-2', '5:3.14.2-2', '5:3.1.2-23'],
    async () => {
      const clock = new VirtualClock();
      const { port, broker } = await testBroker({ clock, limits: { maximumSessionExpiry: 1_000 } });
      const short = await join(port, 'short', 5, { clean: false, properties: { sessionExpiryInterval: 10 } });
      const none = await join(port, 'none', 5, { clean: false });
      const long = await join(port, 'long', 4, { clean: false });
      await clock.advance(60_000);
      expect(broker.status().sessions).toBe(3);
      for (const client of [short, none, long]) await client.cut();
      await clock.advance(9_000);
      expect(broker.clients().map(({ clientId }) => clientId)).toEqual(['short', 'long']);
      await clock.advance(3_000);
      expect(broker.clients().map(({ clientId }) => clientId)).toEqual(['long']);
      await clock.advance(1_000_000);
      expect(broker.status()).toMatchObject({ sessions: 0, clients: 0, subscriptions: 0 });
      const other = await join(port, 'other', 5, { clean: false, properties: { sessionExpiryInterval: 10 } });
      other.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 100 } });
      await other.end();
      await clock.advance(50_000);
      expect(broker.status().sessions).toBe(1);
      const bad = await join(port, 'bad', 5);
      bad.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 100 } });
      await bad.end();
      expect(bad.packets).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x82 }]);
    },
  );
});

describe('a will', () => {
  it('is told from other messages to ports of this process', async () => {
    const { port, broker } = await testBroker();
    const heard: PortMessage[] = [];
    broker.port('Service').subscribe('will/#', (message) => void heard.push(message));
    const will = { topic: 'will/a', payload: Buffer.from('gone'), qos: 1 as const, retain: false };
    const lost = await join(port, 'lost', 5, { will });
    await lost.cut();
    await until(() => heard.length === 1);
    await broker.port('Other').publish({ topic: 'will/a', payload: 'said' });
    await until(() => heard.length === 2);
    expect(heard[0]).toMatchObject({ from: 'lost', will: true });
    expect(heard[1]).toMatchObject({ from: 'Other' });
    expect(heard[1]).not.toHaveProperty('will');
  });

  holds(
    'is published when its client leaves without a word, and only then',
    [
      '5:3.1.2-7',
      '5:3.1.2-8',
      '5:3.1.2-10',
      '5:3.1.2-14',
      '5:3.1.2-15',
      '5:3.14.4-3',
      '3:3.1.2-8',
      '3:3.1.2-10',
      '3:3.1.2-12',
      '3:3.1.2-16',
      '3:3.1.2-17',
      '3:3.14.4-3',
      '3:3.14.4-1',
      '3:3.14.4-2',
      '5:3.14.1-1',
    ],
    async () => {
      const { port, broker } = await testBroker();
      for (const version of VERSIONS) {
        const watch = await join(port, 'watch', version);
        await watch.subscribe('will/#');
        await watch.settled();
        for (const retain of [false, true]) {
          const will = { topic: `will/${retain}`, payload: Buffer.from('gone'), qos: 1 as const, retain };
          const quiet = await join(port, 'quiet', version, { will });
          quiet.send([0xe0, 0]);
          await quiet.end();
          expect(await watch.settled()).toEqual([]);
          const lost = await join(port, 'lost', version, { will });
          await lost.cut();
          expect(await watch.next('publish')).toMatchObject({ topic: will.topic, retain: false });
          const broken = await join(port, 'broken', version, { will });
          broken.send([0x00, 0]);
          await broken.end();
          await watch.next('publish');
        }
        expect(broker.status().retained).toBe(1);
        const said = await join(port, 'said', 5, {
          will: { topic: 'will/said', payload: Buffer.from('x'), qos: 0, retain: false },
        });
        said.send([0xe0, 1, 4]);
        await said.end();
        expect(await watch.next('publish')).toMatchObject({ topic: 'will/said' });
      }
    },
  );

  holds('keeps the order of its user properties', ['5:3.1.3-10'], async () => {
    const { port } = await testBroker();
    const watch = await join(port, 'watch', 5);
    await watch.subscribe('w');
    const raw: Buffer[] = [];
    (watch as unknown as { socket: NodeJS.ReadableStream }).socket.on('data', (chunk: Buffer) =>
      raw.push(chunk),
    );
    const pair = (name: number, value: number): number[] => [0x26, 0, 1, name, 0, 1, value];
    const order = [...pair(0x7a, 1), ...pair(0x61, 2), ...pair(0x7a, 3)];
    const client = await dial(port, 5);
    client.send(connectBytes(5, 6, [0, 0, 2, 0x69, 0x64, order.length, ...order, 0, 1, 0x77, 0, 1, 0x78]));
    await client.next('connack');
    await client.cut();
    await watch.next('publish');
    expect(Buffer.concat(raw).includes(Buffer.from(order))).toBe(true);
  });

  holds(
    'waits for its delay, or for the end of the session',
    ['5:3.1.3-9', '5:3.1.2-8', '5:3.1.2-10'],
    async () => {
      const clock = new VirtualClock();
      const { port } = await testBroker({ clock });
      const watch = await join(port, 'watch', 5);
      await watch.subscribe('will/#');
      const willed = (clientId: string, delay: number, expiry: number) =>
        join(port, clientId, 5, {
          clean: false,
          properties: { sessionExpiryInterval: expiry },
          will: {
            topic: `will/${clientId}`,
            payload: Buffer.from('x'),
            qos: 0,
            retain: false,
            properties: { willDelayInterval: delay, messageExpiryInterval: 99, contentType: 't' },
          },
        });
      const clients = [
        await willed('late', 10, 60),
        await willed('ends', 100, 20),
        await willed('back', 10, 60),
        await willed('clean', 10, 60),
      ];
      for (const client of clients) await client.cut();
      await clock.advance(5_000);
      expect(await watch.settled()).toEqual([]);
      const back = await willed('back', 10, 60);
      await join(port, 'clean', 5, { clean: true });
      expect((await watch.settled()).map(({ topic }) => topic)).toEqual(['will/clean']);
      await clock.advance(7_000);
      const [late, ...more] = await watch.settled();
      expect(more).toEqual([]);
      expect(late).toMatchObject({
        topic: 'will/late',
        properties: { contentType: 't', messageExpiryInterval: 99 },
      });
      await clock.advance(10_000);
      expect((await watch.settled()).map(({ topic }) => topic)).toEqual(['will/ends']);
      await back.settled();
    },
  );
});

describe('a slow reader', () => {
  it('delays nobody, keeps what its queue holds, and loses the oldest QoS 0 first', async () => {
    const { port, broker } = await testBroker({ limits: { maximumQueued: 100, maximumBuffered: 10_000 } });
    const stopped = await join(port, 'stopped', 4);
    await stopped.subscribe('a', { qos: 1 });
    const lively = await join(port, 'lively', 4);
    await lively.subscribe('a', { qos: 0 });
    stopped.pause();
    const pub = await join(port, 'pub', 4);
    const payload = 'x'.repeat(5_000);
    for (let round = 0; round < 60; round += 1) {
      for (let i = 0; i < 50; i += 1)
        pub.publish('a', payload, { qos: i % 10 === 0 ? 1 : 0, messageId: 1 + i });
      await pub.settled();
      for (let i = 0; i < 50; i += 1) await lively.next('publish');
    }
    const [status] = broker.clients().filter(({ clientId }) => clientId === 'stopped');
    expect(status?.queued).toBeLessThanOrEqual(100);
    expect(status?.queuedBytes).toBeLessThan(2_000_000);
    expect(status?.dropped).toBeGreaterThan(500);
    expect(broker.status().dropped).toBe(status?.dropped);
    stopped.resume();
    const got = await stopped.settled();
    expect(got.length).toBeGreaterThan(100);
    for (const { messageId, qos } of got)
      if (qos === 1) stopped.send({ cmd: 'puback', messageId: messageId as number });
    await stopped.settled();
    expect(broker.status()).toMatchObject({ queuedMessages: expect.any(Number) });
  }, 20_000);

  it('of 50,000 messages that does not read them costs others less than 50 ms and the broker less than 64 MB', async () => {
    const { port } = await testBroker();
    const lively = await join(port, 'lively', 4);
    await lively.subscribe('a');
    const pub = await join(port, 'pub', 4);
    /** p99 in ms of what a hundred messages take to reach the lively reader. */
    const p99 = async (rounds: number): Promise<number> => {
      const delays: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const begun = performance.now();
        for (let i = 0; i < 100; i += 1) {
          pub.publish('a', `${round}-${i}${'.'.repeat(100)}`, { qos: i % 2, messageId: i + 1 });
        }
        await pub.settled();
        while (!String((await lively.next('publish')).payload).startsWith(`${round}-99`));
        delays.push(performance.now() - begun);
      }
      delays.sort((a, b) => a - b);
      return delays[Math.floor(delays.length * 0.99)] as number;
    };
    // what the machine itself costs at the moment is not the stopped reader's doing
    const alone = await p99(100);
    const stopped = await join(port, 'stopped', 4);
    await stopped.subscribe('a', { qos: 1 });
    stopped.pause();
    const before = process.memoryUsage().rss;
    expect((await p99(500)) - alone).toBeLessThan(50);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1_048_576);
  }, 30_000);
});

describe('a port', () => {
  it('takes part in the traffic by the same policy, in order', async () => {
    const { port, broker } = await testBroker({
      policy: {
        pass: (from, topic, to) =>
          !(to === 'Service' && topic === 'hidden') && !(from === 'Service' && to === 'deaf'),
        publish: (from, topic) =>
          from === 'Service' && topic === 'never' ? { allowed: false, reason: 'no' } : { allowed: true },
      },
    });
    const service = broker.port('Service');
    const heard: unknown[] = [];
    const end = service.subscribe('#', ({ topic, payload, from, properties }) => {
      heard.push([topic, String(payload), from, properties?.userProperties]);
      // an answer does not overtake what it answers
      if (topic === 'ask')
        void service.publish({
          topic: 'answer',
          payload: 'a',
          qos: 1,
          properties: { userProperties: { n: ['1', '2'] } },
        });
    });
    const client = await join(port, 'c', 5);
    const deaf = await join(port, 'deaf', 5);
    await deaf.subscribe('#');
    await client.subscribe('#', { qos: 1 });
    client.publish('ask', 'q', { properties: { userProperties: { k: 'v' } } });
    client.publish('hidden', 'h');
    const got = await client.settled();
    const all = [...got, ...(await client.settled())];
    expect(all.map(({ topic }) => topic)).toEqual(['ask', 'hidden', 'answer']);
    expect(all[2]?.properties?.userProperties).toEqual({ n: ['1', '2'] });
    expect((await deaf.settled()).map(({ topic }) => topic)).toEqual(['ask', 'hidden']);
    await service.publish({ topic: 'never', payload: 'x' });
    expect(heard).toEqual([
      ['ask', 'q', 'c', { k: 'v' }],
      ['answer', 'a', 'Service', { n: ['1', '2'] }],
    ]);
    end();
    end();
    await service.publish({ topic: 'kept', payload: 'r', retain: true });
    service.subscribe('kept', ({ retain, payload }) => heard.push([retain, String(payload)]));
    await client.settled();
    expect(heard.at(-1)).toEqual([true, 'r']);
    await expect(service.publish({ topic: 'a/#', payload: '' })).rejects.toMatchObject({
      code: 'BROKER_ARGUMENT',
    });
    expect(() => service.subscribe('a#', () => {})).toThrow(/not a topic filter/);
    service.close();
    await expect(service.publish({ topic: 'a', payload: '' })).rejects.toMatchObject({
      code: 'BROKER_STOPPED',
    });
    expect(broker.status().subscriptions).toBe(2);
  });
});

describe('the broker', () => {
  holds('answers PINGREQ with PINGRESP', ['5:3.12.4-1', '3:3.12.4-1'], async () => {
    const { port } = await testBroker();
    for (const version of VERSIONS) {
      const client = await join(port, 'c', version);
      client.send([0xc0, 0], [0xc0, 0]);
      await client.next('pingresp');
      await client.next('pingresp');
      client.send([0xc0, 1, 0]);
      await client.end();
    }
  });

  it('closes those whom a changed policy refuses, and asks again what may pass', async () => {
    const revoked = new Set<string>();
    let open = false;
    const { port, broker } = await testBroker({
      policy: {
        connect: ({ clientId }) =>
          revoked.has(clientId) ? { allowed: false, reason: 'revoked' } : { allowed: true },
        pass: () => open,
      },
    });
    const a = await join(port, 'a', 5);
    const b = await join(port, 'b', 5);
    await b.subscribe('t');
    a.publish('t', '1');
    await a.settled();
    expect(await b.settled()).toEqual([]);
    open = true;
    revoked.add('a');
    broker.recheck();
    await a.end();
    expect(a.packets).toMatchObject([
      { cmd: 'disconnect', reasonCode: 0x87, properties: { reasonString: 'revoked' } },
    ]);
    b.publish('t', '2');
    expect(texts(await b.settled())).toEqual(['2']);
    expect(broker.disconnect('b', 'asked to')).toBe(true);
    await b.end();
    expect(b.packets).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x98 }]);
    expect(broker.disconnect('b', 'asked to')).toBe(false);
  });

  it('says goodbye when it stops, and takes no more', async () => {
    const { port, broker } = await testBroker();
    const five = await join(port, 'five', 5);
    const four = await join(port, 'four', 4);
    await broker.stop();
    await five.end();
    await four.end();
    expect(five.packets).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x8b }]);
    expect(four.packets).toEqual([]);
    await expect(join(port, 'late', 5)).rejects.toThrow(/closed before connack/);
  });
});
