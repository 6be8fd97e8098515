import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import { AWS_IOT_LIMITS } from '../../../src/core/broker/index.js';
import { type Got, holds, join, testBroker, texts, VERSIONS } from './support.js';

describe('PUBLISH', () => {
  holds(
    'is acknowledged as its QoS asks, with its packet identifier',
    [
      '5:3.3.4-1',
      '3:3.3.4-1',
      '3:7.0.0-2',
      '5:4.3.2-4',
      '3:4.3.2-2',
      '5:4.3.3-8',
      '3:4.3.3-2',
      '5:4.3.3-11',
      '5:2.2.1-5',
      '3:2.3.1-6',
      '5:3.4.2-1',
      '5:3.5.2-1',
      '5:3.7.2-1',
      '5:4.3.2-5',
      '5:4.3.3-12',
      '5:7.0.0-2',
      '5:4.9.0-3',
    ],
    async () => {
      const { port } = await testBroker();
      for (const version of VERSIONS) {
        const sub = await join(port, 'sub', version);
        await sub.subscribe('a', { qos: 0 });
        const client = await join(port, 'pub', version);
        client.publish('a', 'zero');
        expect(await client.settled()).toEqual([]);
        client.publish('a', 'one', { qos: 1, messageId: 7 });
        expect(await client.next('puback')).toMatchObject({ messageId: 7 });
        client.publish('a', 'one again', { qos: 1, messageId: 7, dup: true });
        await client.next('puback');
        client.publish('a', 'two', { qos: 2, messageId: 8 });
        expect(await client.next('pubrec')).toMatchObject({ messageId: 8 });
        client.send({ cmd: 'pubrel', messageId: 8 });
        expect(await client.next('pubcomp')).toMatchObject({ messageId: 8 });
        client.publish('a', 'two, new', { qos: 2, messageId: 8 });
        await client.next('pubrec');
        expect(texts(await sub.settled())).toEqual(['zero', 'one', 'one again', 'two', 'two, new']);
      }
    },
  );

  holds(
    'with QoS 2 that comes twice is delivered once',
    ['5:4.3.3-10', '3:4.3.3-2', '5:4.3.3-13', '5:3.7.2-1'],
    async () => {
      const { port } = await testBroker();
      for (const version of VERSIONS) {
        const sub = await join(port, 'sub', version);
        await sub.subscribe('a');
        const client = await join(port, 'pub', version);
        for (const dup of [false, true, true]) {
          client.publish('a', 'once', { qos: 2, messageId: 5, dup });
          await client.next('pubrec');
        }
        client.send({ cmd: 'pubrel', messageId: 5 }, { cmd: 'pubrel', messageId: 5 });
        await client.next('pubcomp');
        const second = await client.next('pubcomp');
        if (version === 5) expect(second.reasonCode).toBe(0x92);
        expect(texts(await sub.settled())).toEqual(['once']);
      }
    },
  );

  holds(
    'that is malformed closes the connection',
    [
      '5:3.3.1-4',
      '3:3.3.1-4',
      '5:3.3.1-2',
      '3:3.3.1-2',
      '5:2.2.1-3',
      '3:2.3.1-1',
      '5:3.3.2-1',
      '3:3.3.2-1',
      '5:3.3.2-2',
      '3:3.3.2-2',
      '5:3.3.2-8',
      '5:3.3.2-9',
      '5:3.3.2-13',
      '5:3.3.2-14',
      '5:3.3.2-19',
      '5:3.3.4-6',
      '5:4.7.0-1',
      '5:4.7.3-1',
      '3:4.7.3-1',
      '3:4.7.1-1',
      '5:2.2.1-2',
      '3:2.3.1-5',
      '3:4.8.0-1',
      '5:3.6.1-1',
      '3:3.6.1-1',
      '5:3.14.1-1',
      '3:3.14.1-1',
      '5:3.15.1-1',
    ],
    async () => {
      const { port } = await testBroker({ limits: { topicAliasMaximum: 4 } });
      const v4: Record<string, number[]> = {
        'QoS 3': [0x36, 5, 0, 1, 0x61, 0, 1],
        'DUP with QoS 0': [0x38, 3, 0, 1, 0x61],
        'packet identifier 0': [0x32, 5, 0, 1, 0x61, 0, 0],
        'empty topic': [0x30, 2, 0, 0],
        'wildcard +': [0x30, 3, 0, 1, 0x2b],
        'wildcard #': [0x30, 3, 0, 1, 0x23],
        'U+0000 in the topic': [0x30, 4, 0, 2, 0x61, 0],
        'topic that is not UTF-8': [0x30, 3, 0, 1, 0xff],
        'topic longer than the packet': [0x30, 3, 0, 9, 0x61],
        'PUBREL with wrong flags': [0x60, 2, 0, 1],
        'DISCONNECT with flags': [0xe1, 0],
        'type 0': [0x00, 0],
        CONNACK: [0x20, 2, 0, 0],
        'length of five bytes': [0x30, 0xff, 0xff, 0xff, 0xff, 0x01],
      };
      for (const [what, bytes] of Object.entries(v4)) {
        const client = await join(port, 'bad', 4);
        client.send(bytes);
        await client.end();
        expect(client.packets, what).toEqual([]);
      }
      const v5: Record<string, [number[], number]> = {
        'QoS 3': [[0x36, 6, 0, 1, 0x61, 0, 1, 0], 0x81],
        wildcard: [[0x30, 4, 0, 1, 0x23, 0], 0x90],
        'empty topic without alias': [[0x30, 3, 0, 0, 0], 0x90],
        'alias 0': [[0x30, 7, 0, 1, 0x61, 3, 0x23, 0, 0], 0x94],
        'alias above the maximum': [[0x30, 7, 0, 1, 0x61, 3, 0x23, 0, 5], 0x94],
        'alias that stands for nothing': [[0x30, 6, 0, 0, 3, 0x23, 0, 1], 0x82],
        'subscription identifier': [[0x30, 6, 0, 1, 0x61, 2, 0x0b, 1], 0x82],
        'response topic with a wildcard': [[0x30, 8, 0, 1, 0x61, 4, 0x08, 0, 1, 0x23], 0x90],
        'response topic that is not UTF-8': [[0x30, 8, 0, 1, 0x61, 4, 0x08, 0, 1, 0xff], 0x81],
        'content type that is not UTF-8': [[0x30, 8, 0, 1, 0x61, 4, 0x03, 0, 1, 0xff], 0x81],
        'payload format 2': [[0x30, 6, 0, 1, 0x61, 2, 0x01, 2], 0x82],
        'DISCONNECT with flags': [[0xe8, 0], 0x81],
        'AUTH with flags': [[0xf1, 0], 0x81],
        'a packet above the maximum': [[0x30, 0xff, 0xff, 0xff, 0x7f], 0x95],
      };
      for (const [what, [bytes, reason]] of Object.entries(v5)) {
        const client = await join(port, 'bad', 5);
        client.send(bytes);
        await client.end();
        expect(client.packets, what).toMatchObject([{ cmd: 'disconnect', reasonCode: reason }]);
      }
    },
  );

  holds(
    'carries its properties to every receiver as they were',
    [
      '5:3.3.2-4',
      '5:3.3.2-15',
      '5:3.3.2-16',
      '5:3.3.2-17',
      '5:3.3.2-18',
      '5:3.3.2-20',
      '5:1.5.4-3',
      '3:1.5.3-3',
      '5:3.3.2-3',
      '5:4.7.3-4',
      '3:4.7.3-4',
    ],
    async () => {
      const { port } = await testBroker();
      const sub = await join(port, 'sub', 5);
      await sub.subscribe('\ufeffa/#');
      const pub = await join(port, 'pub', 5);
      const user = (name: string, value: string): number[] => [
        0x26,
        0,
        name.length,
        ...Buffer.from(name),
        0,
        value.length,
        ...Buffer.from(value),
      ];
      // payload format, user z, content type, user a, response topic, user z again, correlation data
      const properties = [
        1,
        1,
        ...user('z', '1'),
        3,
        0,
        1,
        0x74,
        ...user('a', '2'),
        8,
        0,
        1,
        0x72,
        ...user('z', '3'),
        9,
        0,
        2,
        0,
        255,
      ];
      const topic = Buffer.from('\ufeffa/B');
      const body = [0, topic.length, ...topic, properties.length, ...properties, 0x70];
      pub.send([0x30, body.length, ...body]);
      const raw: Buffer[] = [];
      const { socket } = sub as unknown as { socket: NodeJS.ReadableStream };
      socket.on('data', (chunk: Buffer) => raw.push(chunk));
      const got = await sub.next('publish');
      expect(got.topic).toBe('\ufeffa/B');
      expect(Buffer.concat(raw).includes(Buffer.from(properties))).toBe(true);
      expect(got.properties).toMatchObject({
        contentType: 't',
        responseTopic: 'r',
        payloadFormatIndicator: true,
      });
    },
  );

  holds(
    'expires after its interval, and says what is left',
    ['5:3.3.2-5', '5:3.3.2-6', '5:4.3.3-7'],
    async () => {
      const clock = new VirtualClock();
      const { port, broker } = await testBroker({ clock });
      const keep = { clean: false, properties: { sessionExpiryInterval: 600 } };
      const sub = await join(port, 'sub', 5, keep);
      await sub.subscribe('a', { qos: 2 });
      await sub.cut();
      const pub = await join(port, 'pub', 5);
      for (const [qos, messageExpiryInterval] of [
        [1, 10],
        [1, 60],
        [2, 30],
      ]) {
        pub.publish('a', `${messageExpiryInterval}`, {
          qos,
          messageId: messageExpiryInterval,
          properties: { messageExpiryInterval },
        });
      }
      await pub.settled();
      await clock.advance(20_000);
      const back = await join(port, 'sub', 5, keep);
      const got = [await back.next('publish'), await back.next('publish')];
      expect(
        got.map(({ payload, properties }) => [String(payload), properties?.messageExpiryInterval]),
      ).toEqual([
        ['60', 40],
        ['30', 10],
      ]);
      await back.cut();
      // begun before it expired: QoS 2 is completed all the same
      await clock.advance(30_000);
      const late = await join(port, 'sub', 5, keep);
      const again = await late.settled();
      expect(texts(again)).toContain('30');
      expect(again.every((packet) => packet.dup === true)).toBe(true);
      expect(broker.status().sessions).toBe(2);
    },
  );

  holds(
    'may name its topic by an alias, in both directions, on one connection only',
    ['5:3.3.2-7', '5:3.3.2-12', '5:3.3.2-11', '5:3.1.2-26', '5:3.1.2-27', '5:3.2.2-17'],
    async () => {
      const { port } = await testBroker({ limits: { topicAliasMaximum: 2 } });
      const sub = await join(port, 'sub', 5, { properties: { topicAliasMaximum: 1 } });
      const plain = await join(port, 'plain', 5);
      await sub.subscribe('#');
      await plain.subscribe('#');
      const pub = await join(port, 'pub', 5);
      pub.publish('x/1', 'a', { properties: { topicAlias: 2 } });
      pub.publish('', 'b', { properties: { topicAlias: 2 } });
      pub.publish('x/2', 'c', { properties: { topicAlias: 2 } });
      pub.publish('', 'd', { properties: { topicAlias: 2 } });
      await pub.settled();
      const seen = (packets: Got[]) =>
        packets.map(({ topic, properties }) => [topic, properties?.topicAlias]);
      expect(seen(await sub.settled())).toEqual([
        ['x/1', 1],
        ['', 1],
        ['x/2', undefined],
        ['x/2', undefined],
      ]);
      expect(seen(await plain.settled())).toEqual([
        ['x/1', undefined],
        ['x/1', undefined],
        ['x/2', undefined],
        ['x/2', undefined],
      ]);
      await pub.cut();
      const again = await join(port, 'pub', 5);
      again.publish('', 'e', { properties: { topicAlias: 2 } });
      await again.end();
      expect(again.packets).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x82 }]);
    },
  );

  holds(
    'is held back at Receive Maximum, in both directions, and nothing else is',
    ['5:3.3.4-7', '5:3.3.4-8', '5:3.3.4-9', '5:3.3.4-10', '5:4.9.0-1', '5:4.9.0-2', '5:4.9.0-3'],
    async () => {
      const { port } = await testBroker({ limits: { receiveMaximum: 2 } });
      const sub = await join(port, 'sub', 5, { properties: { receiveMaximum: 2 } });
      await sub.subscribe('a', { qos: 2 });
      const pub = await join(port, 'pub', 4);
      for (let i = 1; i <= 5; i += 1) pub.publish('a', `${i}`, { qos: i % 2 === 0 ? 2 : 1, messageId: i });
      await pub.settled();
      const first = await sub.settled();
      expect(texts(first)).toEqual(['1', '2']);
      await sub.subscribe('other');
      sub.send({ cmd: 'puback', messageId: first[0]?.messageId as number });
      expect(texts(await sub.settled())).toEqual(['3']);
      // PUBREC with an error ends the exchange, too
      sub.send({ cmd: 'pubrec', messageId: first[1]?.messageId as number, reasonCode: 0x80 });
      expect(texts(await sub.settled())).toEqual(['4']);
      const greedy = await join(port, 'greedy', 5);
      for (let i = 1; i <= 3; i += 1) greedy.publish('a', `${i}`, { qos: 2, messageId: i });
      await greedy.end();
      expect(greedy.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x93 });
    },
  );

  holds(
    'that is too large for a receiver counts as delivered to it',
    [
      '5:3.1.2-24',
      '5:3.1.2-25',
      '5:3.4.2-2',
      '5:3.4.2-3',
      '5:3.9.2-1',
      '5:3.9.2-2',
      '5:3.14.2-3',
      '5:3.14.2-4',
      '5:3.2.2-19',
      '5:3.2.2-20',
      '5:3.5.2-2',
      '5:3.5.2-3',
    ],
    async () => {
      const { port } = await testBroker({
        policy: {
          publish: (_from, topic) =>
            topic === 'no' ? { allowed: false, reason: 'x'.repeat(100) } : { allowed: true },
          subscribe: (_client, filter) =>
            filter === 'no' ? { allowed: false, reason: 'x'.repeat(100) } : { allowed: true },
        },
      });
      const small = await join(port, 'small', 5, { properties: { maximumPacketSize: 40 } });
      await small.subscribe('a', { qos: 1 });
      const pub = await join(port, 'pub', 5);
      pub.publish('a', 'x'.repeat(100), { qos: 1, messageId: 1 });
      pub.publish('a', 'fits', { qos: 1, messageId: 2 });
      expect(await pub.next('puback')).toMatchObject({ reasonCode: 0 });
      expect(texts(await small.settled())).toEqual(['fits']);
      for (const qos of [1, 2]) {
        small.publish('no', 'x', { qos, messageId: qos });
        const answer = await small.next(qos === 1 ? 'puback' : 'pubrec');
        expect(answer).toMatchObject({ reasonCode: 0x87 });
        expect(answer.properties).toBeUndefined();
      }
      const suback = await small.subscribe('no');
      expect(suback).toMatchObject({ granted: [0x87] });
      expect(suback.properties?.reasonString).toBeUndefined();
      pub.publish('no', 'x', { qos: 1, messageId: 3 });
      await pub.next('puback');
      expect((await pub.next('puback')).properties).toMatchObject({ reasonString: 'x'.repeat(100) });
    },
  );

  holds('explains itself only to those who want it', ['5:3.1.2-29'], async () => {
    const { port } = await testBroker({ policy: { publish: () => ({ allowed: false, reason: 'never' }) } });
    const quiet = await join(port, 'quiet', 5, { properties: { requestProblemInformation: false } });
    quiet.publish('a', 'x', { qos: 1, messageId: 1 });
    expect(await quiet.next('puback')).toMatchObject({ reasonCode: 0x87 });
    quiet.publish('a', 'x', { qos: 2, messageId: 1 });
    const pubrec = await quiet.next('pubrec');
    expect(pubrec.properties).toBeUndefined();
    // the exchange ended with the refusal: the same identifier is a new message
    quiet.publish('a', 'x', { qos: 2, messageId: 1 });
    expect(await quiet.next('pubrec')).toMatchObject({ reasonCode: 0x87 });
  });

  holds('refused with PUBREC frees its identifier', ['5:4.3.3-9'], async () => {
    let open = false;
    const { port } = await testBroker({
      policy: { publish: () => (open ? { allowed: true } : { allowed: false, reason: 'closed' }) },
    });
    const sub = await join(port, 'sub', 5);
    await sub.subscribe('a');
    const pub = await join(port, 'pub', 5);
    pub.publish('a', 'refused', { qos: 2, messageId: 4 });
    expect(await pub.next('pubrec')).toMatchObject({ reasonCode: 0x87 });
    open = true;
    pub.publish('a', 'taken', { qos: 2, messageId: 4 });
    await pub.next('pubrec');
    expect(texts(await sub.settled())).toEqual(['taken']);
  });

  holds(
    'reaches each subscriber in the order of its publisher',
    ['5:4.6.0-5', '5:4.6.0-6', '3:4.6.0-5', '3:4.6.0-6', '5:4.6.0-2', '5:4.6.0-3', '3:4.6.0-2', '3:4.6.0-3'],
    async () => {
      const { port } = await testBroker();
      for (const version of VERSIONS) {
        const keep = { clean: false, properties: { sessionExpiryInterval: 600 } };
        const sub = await join(port, 'sub', version, keep);
        await sub.subscribe('a', { qos: 2 });
        const pub = await join(port, 'pub', version, keep);
        for (let i = 1; i <= 60; i += 1) pub.publish('a', `${i}`, { qos: i % 3, messageId: i });
        const answers = (await Promise.all([pub.settled(), pub.settled()])).flat();
        while (answers.length < 40) answers.push(...(await pub.settled()));
        const ids = (cmd: string): unknown[] => answers.filter((p) => p.cmd === cmd).map((p) => p.messageId);
        expect(ids('puback')).toEqual([...ids('puback')].sort((a, b) => Number(a) - Number(b)));
        expect(ids('pubrec')).toEqual([...ids('pubrec')].sort((a, b) => Number(a) - Number(b)));
        let got = texts(await sub.settled());
        while (got.length < 60) got = [...got, ...texts(await sub.settled())];
        expect(got).toEqual(Array.from({ length: 60 }, (_, i) => `${i + 1}`));
        await sub.cut();
        await pub.cut();
        await join(port, 'sub', version).then((c) => c.cut());
        await join(port, 'pub', version).then((c) => c.cut());
      }
    },
  );

  holds('says when nobody may have it, and which message the policy denied', ['3:3.3.5-2'], async () => {
    const { port, broker } = await testBroker({
      policy: {
        publish: (from, topic) =>
          topic === 'denied' ? { allowed: false, reason: `${from} may not` } : { allowed: true },
        pass: (from, topic, to) => !(from === 'a' && topic === 'secret' && to === 'b'),
      },
    });
    const drops: string[] = [];
    const messages: unknown[] = [];
    broker.events.on('dropped', ({ topic, cause }) => drops.push(`${topic}: ${cause}`));
    broker.events.on('message', ({ topic, receivers }) => messages.push([topic, receivers]));
    const a = await join(port, 'a', 5);
    const b = await join(port, 'b', 4);
    await b.subscribe('#');
    a.publish('secret', '1', { qos: 1, messageId: 1 });
    expect(await a.next('puback')).toMatchObject({ reasonCode: 0x10 });
    a.publish('open', '2', { qos: 1, messageId: 1 });
    expect(await a.next('puback')).toMatchObject({ reasonCode: 0 });
    b.publish('denied', '3', { qos: 1, messageId: 1 });
    await b.next('puback');
    expect(texts(await b.settled())).toEqual(['2']);
    expect(drops).toEqual(['secret: no subscriber may have it', 'denied: b may not']);
    expect(messages).toEqual([
      ['secret', 0],
      ['open', 1],
    ]);
  });

  it('keeps to the limits of AWS IoT where they are set', async () => {
    const { port } = await testBroker({ limits: AWS_IOT_LIMITS });
    const tooMuch: [Record<string, unknown>, string, number][] = [
      [{ qos: 2, messageId: 1 }, 'a', 0x9b],
      [{}, 'a/b/c/d/e/f/g/h/i', 0x90],
      [{}, 'x'.repeat(257), 0x90],
      [{ payload: Buffer.alloc(131_073) }, 'a', 0x95],
    ];
    for (const [more, topic, reason] of tooMuch) {
      const client = await join(port, 'c', 5);
      client.publish(topic, 'x', more);
      await client.end();
      expect(client.packets).toMatchObject([{ cmd: 'disconnect', reasonCode: reason }]);
    }
    const client = await join(port, 'c', 4);
    const subscriptions = Array.from({ length: 9 }, (_, i) => ({ topic: `t/${i}`, qos: 2 }));
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions } as never);
    expect((await client.next('suback')).granted).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0x80]);
  });
});
