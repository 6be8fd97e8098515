import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import { holds, join, testBroker, texts, VERSIONS } from './support.js';

describe('SUBSCRIBE and UNSUBSCRIBE', () => {
  holds(
    'are answered with one code for each filter, in order',
    [
      '5:3.8.4-1',
      '5:3.8.4-2',
      '5:3.8.4-5',
      '5:3.8.4-6',
      '5:3.8.4-7',
      '5:3.9.3-1',
      '5:3.9.3-2',
      '3:3.8.4-1',
      '3:3.8.4-2',
      '3:3.8.4-4',
      '3:3.8.4-5',
      '3:3.9.3-1',
      '3:3.9.3-2',
      '5:2.2.1-6',
      '3:2.3.1-7',
      '5:3.10.4-4',
      '5:3.10.4-5',
      '5:3.10.4-6',
      '3:3.10.4-4',
      '3:3.10.4-5',
      '3:3.10.4-6',
      '5:3.11.3-1',
      '5:3.11.3-2',
      '5:4.7.1-1',
      '5:4.7.1-2',
      '3:4.7.1-2',
      '3:4.7.1-3',
      '5:4.8.2-1',
      '5:4.8.2-2',
    ],
    async () => {
      const { port } = await testBroker({
        policy: {
          subscribe: (_c, filter) =>
            filter === 'secret' ? { allowed: false, reason: 'no' } : { allowed: true },
        },
      });
      const filters: [string, number, number][] = [
        ['a', 0, 0],
        ['b/+', 1, 1],
        ['#', 2, 2],
        ['secret', 0, 0x87],
        ['a/#/b', 0, 0x8f],
        ['a+', 0, 0x8f],
        ['', 0, 0x8f],
        ['$share/g/x', 1, 1],
        ['$share/g', 0, 0x8f],
        ['$share//x', 0, 0x8f],
        ['$share/a+/x', 0, 0x8f],
        ['a#', 0, 0x8f],
      ];
      for (const version of VERSIONS) {
        const client = await join(port, 'c', version);
        const subscriptions = filters.map(([topic, qos]) => ({ topic, qos, nl: false, rap: false, rh: 0 }));
        client.send({ cmd: 'subscribe', messageId: 77, subscriptions } as never);
        expect(await client.next('suback')).toMatchObject({
          messageId: 77,
          granted: filters.map(([, , code]) => (version === 5 || code < 0x80 ? code : 0x80)),
        });
        client.send({ cmd: 'unsubscribe', messageId: 78, unsubscriptions: ['a', 'b/+', 'never', 'a#'] });
        const unsuback = await client.next('unsuback');
        expect(unsuback).toMatchObject({ messageId: 78 });
        if (version === 5) expect(unsuback.granted).toEqual([0, 0, 0x11, 0x8f]);
      }
    },
  );

  holds(
    'that are malformed close the connection',
    [
      '5:3.8.1-1',
      '3:3.8.1-1',
      '5:3.8.3-1',
      '3:3.8.3-1',
      '5:3.8.3-2',
      '3:3.8.3-3',
      '5:3.8.3-4',
      '5:3.8.3-5',
      '3:3-8.3-4',
      '5:3.10.1-1',
      '3:3.10.1-1',
      '5:3.10.3-1',
      '3:3.10.3-1',
      '5:3.10.3-2',
      '3:3.10.3-2',
      '5:2.2.1-3',
      '3:2.3.1-1',
      '5:4.7.3-2',
      '3:4.7.3-2',
    ],
    async () => {
      const { port } = await testBroker();
      const filter = [0, 1, 0x61];
      const cases: [string, number[], number[], number][] = [
        ['SUBSCRIBE with wrong flags', [0x80, 6, 0, 1, ...filter, 0], [0x80, 7, 0, 1, 0, ...filter, 0], 0x81],
        ['SUBSCRIBE without filters', [0x82, 2, 0, 1], [0x82, 3, 0, 1, 0], 0x82],
        [
          'SUBSCRIBE with identifier 0',
          [0x82, 6, 0, 0, ...filter, 0],
          [0x82, 7, 0, 0, 0, ...filter, 0],
          0x82,
        ],
        ['reserved options', [0x82, 6, 0, 1, ...filter, 4], [0x82, 7, 0, 1, 0, ...filter, 0x40], 0x81],
        ['QoS 3', [0x82, 6, 0, 1, ...filter, 3], [0x82, 7, 0, 1, 0, ...filter, 3], 0x82],
        ['filter that is not UTF-8', [0x82, 6, 0, 1, 0, 1, 0xff, 0], [0x82, 7, 0, 1, 0, 0, 1, 0xff, 0], 0x81],
        ['filter with U+0000', [0x82, 6, 0, 1, 0, 1, 0, 0], [0x82, 7, 0, 1, 0, 0, 1, 0, 0], 0x81],
        ['UNSUBSCRIBE with wrong flags', [0xa0, 5, 0, 1, ...filter], [0xa0, 6, 0, 1, 0, ...filter], 0x81],
        ['UNSUBSCRIBE without filters', [0xa2, 2, 0, 1], [0xa2, 3, 0, 1, 0], 0x82],
        ['UNSUBSCRIBE that is not UTF-8', [0xa2, 5, 0, 1, 0, 1, 0xff], [0xa2, 6, 0, 1, 0, 0, 1, 0xff], 0x81],
      ];
      for (const [what, four, five, reason] of cases) {
        const old = await join(port, 'c', 4);
        old.send(four);
        await old.end();
        expect(old.packets, what).toEqual([]);
        const client = await join(port, 'c', 5);
        client.send(five);
        await client.end();
        expect(client.packets, what).toMatchObject([{ cmd: 'disconnect', reasonCode: reason }]);
      }
      for (const [what, bytes] of Object.entries({
        'retain handling 3': [0x82, 7, 0, 1, 0, ...filter, 0x30],
        'subscription identifier 0': [0x82, 9, 0, 1, 2, 0x0b, 0, ...filter, 0],
        'shared with No Local': [0x82, 16, 0, 1, 0, 0, 10, ...Buffer.from('$share/g/a'), 4],
      })) {
        const client = await join(port, 'c', 5);
        client.send(bytes);
        await client.end();
        expect(client.packets, what).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x82 }]);
      }
    },
  );

  holds(
    'match topics level by level',
    ['3:3.3.2-3', '5:4.7.2-1', '3:4.7.2-1', '5:4.7.3-4', '3:4.7.3-4', '5:3.10.4-1', '3:3.10.4-1'],
    async () => {
      const { port } = await testBroker();
      const cases: [string, string[], string[]][] = [
        ['#', ['a', 'a/b', '/'], ['$SYS/a']],
        ['+/a', ['x/a', '/a'], ['a', 'x/y/a', '$x/a']],
        ['a/#', ['a', 'a/b', 'a/b/c'], ['ab', 'A']],
        ['a/+', ['a/b', 'a/'], ['a', 'a/b/c']],
        ['$aws/#', ['$aws/x'], ['aws/x']],
        ['+', ['a'], ['/a', '$a']],
        ['a//b', ['a//b'], ['a/b']],
      ];
      const client = await join(port, 'c', 4);
      for (const [filter, yes, no] of cases) {
        await client.subscribe(filter);
        for (const topic of [...yes, ...no]) client.publish(topic, topic);
        expect(texts(await client.settled()), filter).toEqual(yes);
        client.send({
          cmd: 'unsubscribe',
          messageId: 3,
          unsubscriptions: [filter.toUpperCase() === filter ? 'other' : filter.toUpperCase(), filter],
        });
        await client.next('unsuback');
        client.publish(yes[0] as string, 'gone');
        expect(await client.settled()).toEqual([]);
      }
    },
  );

  holds(
    'take effect in the order in which they come',
    [
      '5:3.10.4-2',
      '5:3.10.4-3',
      '3:3.10.4-2',
      '3:3.10.4-3',
      '5:3.8.4-3',
      '3:3.8.4-3',
      '5:3.8.4-8',
      '3:3.8.4-6',
      '5:4.5.0-1',
      '3:4.5.0-1',
    ],
    async () => {
      const { port } = await testBroker();
      for (const version of VERSIONS) {
        const client = await join(port, 'c', version);
        const subscribe = (qos: number) =>
          ({
            cmd: 'subscribe',
            messageId: 1,
            subscriptions: [{ topic: 'a', qos, nl: false, rap: false, rh: 0 }],
          }) as never;
        const unsubscribe = { cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a'] } as never;
        const publish = (payload: string) =>
          ({ cmd: 'publish', topic: 'a', payload, qos: 1, messageId: 3, retain: false, dup: false }) as never;
        client.send(
          subscribe(1),
          publish('1'),
          unsubscribe,
          publish('2'),
          subscribe(0),
          publish('3'),
          unsubscribe,
          subscribe(1),
          publish('4'),
        );
        const got = (await client.settled()).filter(({ cmd }) => cmd === 'publish');
        expect(got.map(({ payload, qos }) => [String(payload), qos])).toEqual([
          ['1', 1],
          ['3', 0],
          ['4', 1],
        ]);
      }
    },
  );

  holds(
    'that overlap give one copy with the highest QoS and all identifiers',
    ['5:3.3.4-2', '5:3.3.4-3', '5:3.3.4-4', '5:3.3.4-5', '3:3.3.5-1'],
    async () => {
      const { port } = await testBroker();
      for (const version of VERSIONS) {
        const client = await join(port, 'c', version);
        await client.subscribe('a/#', { qos: 0 }, { subscriptionIdentifier: 11 });
        await client.subscribe('a/+', { qos: 2 }, { subscriptionIdentifier: 268_435_455 });
        await client.subscribe('a/b', { qos: 1 });
        client.publish('a/b', 'x', { qos: 2, messageId: 1 });
        const got = (await client.settled()).filter(({ cmd }) => cmd === 'publish');
        expect(got).toMatchObject([{ qos: 2 }]);
        if (version === 5) {
          const identifiers = got[0]?.properties?.subscriptionIdentifier as number[] | undefined;
          expect([...(identifiers ?? [])].sort()).toEqual([11, 268_435_455]);
        }
      }
    },
  );

  holds('with No Local skip what the client itself sent', ['5:3.8.3-3'], async () => {
    const { port } = await testBroker();
    const client = await join(port, 'c', 5);
    await client.subscribe('a', { nl: true });
    const other = await join(port, 'd', 5);
    client.publish('a', 'own');
    expect(await client.settled()).toEqual([]);
    other.publish('a', 'other');
    await other.settled();
    expect(texts(await client.settled())).toEqual(['other']);
  });

  it('hand on each message to one subscriber of a shared subscription, and never to one who may not have it', async () => {
    const { port } = await testBroker({ policy: { pass: (_from, _topic, to) => to !== 'stranger' } });
    const members = await Promise.all(['a', 'b', 'c', 'stranger'].map((name) => join(port, name, 5)));
    for (const member of members) await member.subscribe('$share/g/t', { qos: 1 });
    const whole = await join(port, 'whole', 5);
    await whole.subscribe('t', { qos: 1 });
    await whole.subscribe('$share/h/t', { qos: 1 });
    const pub = await join(port, 'pub', 4);
    for (let i = 0; i < 30; i += 1) pub.publish('t', `${i}`, { qos: 1, messageId: i + 1 });
    await pub.settled();
    const got = await Promise.all(members.map(async (member) => texts(await member.settled())));
    expect(got.map(({ length }) => length)).toEqual([10, 10, 10, 0]);
    expect(new Set(got.flat()).size).toBe(30);
    expect(texts(await whole.settled())).toHaveLength(60);
  });

  holds(
    'that are shared keep to granted QoS and to the member chosen',
    ['5:4.8.2-3', '5:4.8.2-4', '5:4.8.2-5', '5:4.8.2-6', '5:4.4.0-2'],
    async () => {
      const { port } = await testBroker();
      const keep = { clean: false, properties: { sessionExpiryInterval: 600 } };
      const a = await join(port, 'a', 5, keep);
      await a.subscribe('$share/g/t', { qos: 1 });
      const pub = await join(port, 'pub', 5);
      pub.publish('t', 'x', { qos: 2, messageId: 1 });
      await pub.next('pubrec');
      expect((await a.next('publish')).qos).toBe(1);
      await a.cut();
      const b = await join(port, 'b', 5);
      await b.subscribe('$share/g/t', { qos: 2 });
      expect(texts(await b.settled())).toEqual([]);
      const again = await join(port, 'a', 5, keep);
      const resent = await again.next('publish');
      expect(resent).toMatchObject({ dup: true, qos: 1 });
      again.send({ cmd: 'puback', messageId: resent.messageId as number, reasonCode: 0x80 });
      await again.settled();
      expect(await b.settled()).toEqual([]);
      await again.cut();
      const third = await join(port, 'a', 5, keep);
      expect(texts(await third.settled())).toEqual([]);
    },
  );
});

describe('retained messages', () => {
  holds(
    'are kept, replaced and removed by topic',
    [
      '5:3.3.1-5',
      '5:3.3.1-6',
      '5:3.3.1-7',
      '5:3.3.1-8',
      '3:3.3.1-5',
      '3:3.3.1-6',
      '3:3.3.1-7',
      '3:3.3.1-8',
      '3:3.3.1-9',
      '3:3.3.1-10',
      '3:3.3.1-11',
      '3:3.3.1-12',
      '5:3.3.1-9',
      '5:3.3.1-12',
      '5:3.3.1-13',
      '3:3.1.2.7',
      '5:3.8.4-4',
      '5:3.3.1-3',
      '3:3.3.1-3',
    ],
    async () => {
      const { port, broker } = await testBroker();
      for (const version of VERSIONS) {
        const pub = await join(port, 'pub', version);
        const live = await join(port, 'live', version);
        await live.subscribe('r/#', { rap: version === 5 });
        await live.settled();
        pub.publish('r/1', 'old', { retain: true, qos: 1, messageId: 1 });
        pub.publish('r/1', 'new', { retain: true, qos: 1, messageId: 2, dup: true });
        pub.publish('r/1', 'not kept');
        pub.publish('r/2', 'x', { retain: true });
        pub.publish('r/2', '', { retain: true });
        await pub.settled();
        await pub.cut();
        const flags = (await live.settled()).map(({ payload, retain, dup }) => [
          String(payload),
          retain,
          dup,
        ]);
        const set = version === 5;
        expect(flags).toEqual([
          ['old', set, false],
          ['new', set, false],
          ['not kept', false, false],
          ['x', set, false],
          ['', set, false],
        ]);
        const late = await join(port, 'late', version);
        await late.subscribe('r/+', { qos: 2 });
        expect(await late.next('publish')).toMatchObject({ topic: 'r/1', qos: 1, retain: true, dup: false });
        await late.subscribe('r/+', { qos: 0 });
        expect(texts(await late.settled())).toEqual(['new']);
        expect(broker.status().retained).toBe(1);
      }
    },
  );

  holds('come as the subscription wants them', ['5:3.3.1-9', '5:3.3.1-10', '5:3.3.1-11'], async () => {
    const { port } = await testBroker();
    const client = await join(port, 'c', 5);
    client.publish('r', 'kept', { retain: true });
    const counts: number[] = [];
    for (const [topic, rh] of [
      ['r', 0],
      ['r', 0],
      ['+', 1],
      ['+', 1],
      ['#', 2],
      ['$share/g/r', 0],
    ] as const) {
      await client.subscribe(topic, { rh });
      counts.push(texts(await client.settled()).length);
    }
    expect(counts).toEqual([1, 1, 1, 0, 0, 0]);
  });

  it('expire, and are subject to the policy of who may hear whom', async () => {
    const clock = new VirtualClock();
    const { port, broker } = await testBroker({
      clock,
      policy: { pass: (from, _t, to) => !(from === 'x' && to === 'y') },
    });
    const x = await join(port, 'x', 5);
    x.publish('r/short', 's', { retain: true, properties: { messageExpiryInterval: 5 } });
    x.publish('r/long', 'l', { retain: true });
    await x.settled();
    const y = await join(port, 'y', 5);
    await y.subscribe('r/#');
    expect(await y.settled()).toEqual([]);
    await clock.advance(6_000);
    const z = await join(port, 'z', 5);
    await z.subscribe('r/#');
    expect(texts(await z.settled())).toEqual(['l']);
    expect(broker.status().retained).toBe(1);
  });

  it('beyond their number are delivered but not kept', async () => {
    const { port, broker } = await testBroker({ limits: { maximumRetained: 1 } });
    const c = await join(port, 'c', 5);
    await c.subscribe('#');
    c.publish('a', '1', { retain: true });
    c.publish('b', '2', { retain: true });
    expect(texts(await c.settled())).toEqual(['1', '2']);
    expect(broker.status()).toMatchObject({ retained: 1, dropped: 1 });
  });
});
