import { describe, expect } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import { AWS_IOT_LIMITS } from '../../../src/core/broker/index.js';
import { connectBytes, dial, holds, join, testBroker, VERSIONS } from './support.js';

const ID = [0, 1, 0x61];

describe('CONNECT', () => {
  holds('is the first packet', ['5:3.1.0-1', '3:3.1.0-1', '5:3.14.0-1', '5:4.2-1'], async () => {
    const { port } = await testBroker();
    for (const version of VERSIONS) {
      const client = await dial(port, version);
      client.send([0xc0, 0]);
      await client.end();
      expect(client.packets).toEqual([]);
    }
  });

  holds('is sent once', ['5:3.1.0-2', '3:3.1.0-2', '5:4.13.1-1', '5:4.13.2-1', '5:3.14.2-1'], async () => {
    const { port } = await testBroker();
    for (const version of VERSIONS) {
      const client = await join(port, 'twice', version);
      client.send({ cmd: 'connect', clientId: 'twice', protocolVersion: version } as never);
      await client.end();
      const told = client.packets.map((packet) => [packet.cmd, packet.reasonCode]);
      expect(told).toEqual(version === 5 ? [['disconnect', 0x82]] : []);
    }
  });

  holds('of another protocol is refused', ['5:3.1.2-1', '5:3.1.2-2', '3:3.1.2-1', '3:3.1.2-2'], async () => {
    const { port } = await testBroker();
    for (const bytes of [
      connectBytes(6, 2, ID),
      connectBytes(4, 2, ID, 'MQIsdp'),
      connectBytes(132, 2, ID),
    ]) {
      const client = await dial(port);
      client.send(bytes);
      await client.end();
      expect(client.packets).toMatchObject([{ cmd: 'connack', returnCode: 1, sessionPresent: false }]);
    }
  });

  holds(
    'that is malformed is closed without an answer',
    [
      '5:3.1.2-3',
      '3:3.1.2-3',
      '5:3.1.2-9',
      '3:3.1.2-9',
      '5:3.1.2-11',
      '3:3.1.2-11',
      '3:3.1.2-13',
      '5:3.1.2-12',
      '3:3.1.2-14',
      '5:3.1.2-13',
      '3:3.1.2-15',
      '5:3.1.2-16',
      '5:3.1.2-17',
      '5:3.1.2-18',
      '5:3.1.2-19',
      '3:3.1.2-18',
      '3:3.1.2-19',
      '3:3.1.2-20',
      '3:3.1.2-21',
      '3:3.1.2-22',
      '3:3.1.4-1',
      '5:3.1.4-1',
      '5:3.1.3-1',
      '3:3.1.3-1',
      '5:3.1.3-3',
      '3:3.1.3-3',
      '5:3.1.3-4',
      '3:3.1.3-4',
      '5:3.1.3-11',
      '3:3.1.3-10',
      '5:3.1.3-12',
      '3:3.1.3-11',
      '5:1.5.4-1',
      '3:1.5.3-1',
      '5:1.5.4-2',
      '3:1.5.3-2',
      '5:2.1.3-1',
      '3:2.2.2-1',
      '3:2.2.2-2',
      '5:1.5.5-1',
      '5:1.5.7-1',
      '5:2.2.2-1',
      '5:4.7.3-2',
      '3:4.7.3-2',
      '3:3.2.2-6',
    ],
    async () => {
      const { port, broker } = await testBroker();
      const will = [0, 1, 0x77, 0, 1, 0x78];
      const v4: Record<string, number[]> = {
        'reserved flag': connectBytes(4, 3, ID),
        'will flag without will': connectBytes(4, 6, ID),
        'will QoS without will': connectBytes(4, 0x0a, ID),
        'will retain without will': connectBytes(4, 0x22, ID),
        'will QoS 3': connectBytes(4, 0x1e, [...ID, ...will]),
        'user name missing': connectBytes(4, 0x82, ID),
        'user name that is not announced': connectBytes(4, 0x02, [...ID, 0, 1, 0x75]),
        'password missing': connectBytes(4, 0xc2, [...ID, 0, 1, 0x75]),
        'password that is not announced': connectBytes(4, 0x82, [...ID, 0, 1, 0x75, 0, 1, 0x70]),
        'password without user name': connectBytes(4, 0x42, [...ID, 0, 1, 0x70]),
        'no client identifier': connectBytes(4, 2, []),
        'client identifier that is not UTF-8': connectBytes(4, 2, [0, 2, 0xc3, 0x28]),
        'surrogate in the client identifier': connectBytes(4, 2, [0, 3, 0xed, 0xa0, 0x80]),
        'U+0000 in the client identifier': connectBytes(4, 2, [0, 2, 0x61, 0]),
        'will topic that is not UTF-8': connectBytes(4, 6, [...ID, 0, 1, 0xff, 0, 0]),
        'user name that is not UTF-8': connectBytes(4, 0x82, [...ID, 0, 1, 0xff]),
        'header flags': [0x11, ...connectBytes(4, 2, ID).slice(1)],
        'longer than its content': connectBytes(4, 2, [...ID, 1, 2, 3]),
      };
      for (const [what, bytes] of Object.entries(v4)) {
        const client = await dial(port);
        client.send(bytes);
        await client.end();
        expect(client.packets, what).toEqual([]);
      }
      const v5: Record<string, [number[], number]> = {
        'no property length': [connectBytes(5, 2, []), 0x81],
        'property length beyond the packet': [connectBytes(5, 2, [9, ...ID]), 0x81],
        'length with more bytes than needed': [connectBytes(5, 2, [0x80, 0x00, ...ID]), 0x81],
        'unknown property': [connectBytes(5, 2, [2, 0x7f, 0, ...ID]), 0x81],
        'property of another packet': [connectBytes(5, 2, [3, 0x23, 0, 1, ...ID]), 0x82],
        'property twice': [connectBytes(5, 2, [6, 0x21, 0, 1, 0x21, 0, 1, ...ID]), 0x82],
        'Receive Maximum 0': [connectBytes(5, 2, [3, 0x21, 0, 0, ...ID]), 0x82],
        'Maximum Packet Size 0': [connectBytes(5, 2, [5, 0x27, 0, 0, 0, 0, ...ID]), 0x82],
        'Request Problem Information 2': [connectBytes(5, 2, [2, 0x17, 2, ...ID]), 0x82],
        'user property that is not UTF-8': [connectBytes(5, 2, [6, 0x26, 0, 1, 0xff, 0, 0, ...ID]), 0x81],
        'will topic with a wildcard': [connectBytes(5, 6, [0, ...ID, 0, 0, 1, 0x23, 0, 0]), 0x90],
      };
      for (const [what, [bytes, reason]] of Object.entries(v5)) {
        const client = await dial(port, 5);
        client.send(bytes);
        await client.end();
        // the server tells an MQTT 5 client why as soon as it knows that it is one
        for (const packet of client.packets) expect(packet, what).toMatchObject({ cmd: 'connack' });
        expect(client.packets.length, what).toBeLessThanOrEqual(1);
        expect(reason).toBeGreaterThan(0x80);
      }
      expect(broker.status().clients).toBe(0);
    },
  );

  holds('is answered first', ['5:3.2.0-1', '3:3.2.0-1', '5:3.2.0-2', '5:3.1.4-5', '3:3.1.4-4'], async () => {
    const { port } = await testBroker();
    for (const version of VERSIONS) {
      const first = await join(port, 'first', version, {
        clean: false,
        properties: { sessionExpiryInterval: 60 },
      });
      await first.subscribe('a', { qos: 1 });
      await first.cut();
      const other = await join(port, 'other', version);
      other.publish('a', 'kept', { qos: 1, messageId: 1 });
      await other.next('puback');
      const again = await dial(port, version);
      again.send({
        cmd: 'connect',
        clientId: 'first',
        clean: false,
        protocolVersion: version,
        properties: { sessionExpiryInterval: 60 },
      } as never);
      await again.next('publish').then(() => expect(again.packets[0]?.cmd).toBe('connack'));
    }
  });

  holds(
    'resumes the session that there is, and says so',
    [
      '5:3.1.2-4',
      '5:3.1.2-5',
      '5:3.1.2-6',
      '3:3.1.2-4',
      '3:3.1.2-6',
      '5:3.2.2-1',
      '5:3.2.2-2',
      '5:3.2.2-3',
      '3:3.2.2-1',
      '3:3.2.2-2',
      '3:3.2.2-3',
      '5:3.1.4-4',
      '3:3.1.4-3',
      '5:3.1.2-23',
      '5:3.1.3-2',
      '3:3.1.3-2',
      '5:4.1.0-1',
      '3:4.1.0-1',
    ],
    async () => {
      const { port } = await testBroker();
      for (const version of VERSIONS) {
        const keep = { clean: false, properties: { sessionExpiryInterval: 60 } };
        const first = await join(port, `s${version}`, version, keep);
        expect(first.connack.sessionPresent).toBe(false);
        await first.subscribe('topic');
        await first.cut();
        const second = await join(port, `s${version}`, version, keep);
        expect(second.connack.sessionPresent).toBe(true);
        second.publish('topic', 'still subscribed');
        expect(String((await second.next('publish')).payload)).toBe('still subscribed');
        await second.cut();
        const clean = await join(port, `s${version}`, version, { clean: true });
        expect(clean.connack.sessionPresent).toBe(false);
        clean.publish('topic', 'nobody');
        expect(await clean.settled()).toEqual([]);
        await clean.cut();
        const fourth = await join(port, `s${version}`, version, keep);
        expect(fourth.connack.sessionPresent).toBe(false);
      }
    },
  );

  holds(
    'takes the place of an earlier connection',
    ['5:3.1.4-3', '3:3.1.4-2', '5:3.14.4-1', '5:3.14.4-2'],
    async () => {
      const { port, broker } = await testBroker();
      for (const version of VERSIONS) {
        const first = await join(port, 'one', version);
        const second = await join(port, 'one', version);
        await first.end();
        expect(first.packets.map((packet) => [packet.cmd, packet.reasonCode])).toEqual(
          version === 5 ? [['disconnect', 0x8e]] : [],
        );
        expect(broker.status().clients).toBe(1);
        await second.cut();
      }
    },
  );

  holds(
    'without a client identifier gets one that is new',
    [
      '5:3.1.3-6',
      '5:3.1.3-7',
      '5:3.2.2-16',
      '3:3.1.3-6',
      '3:3.1.3-7',
      '3:3.1.3-8',
      '5:3.1.3-8',
      '3:3.1.3-9',
      '3:3.2.2-4',
      '3:3.2.2-5',
      '5:3.2.2-6',
      '5:3.2.2-7',
    ],
    async () => {
      const { port } = await testBroker({ limits: { maximumClientIdBytes: 30 } });
      const a = await join(port, '', 5);
      const b = await join(port, '', 5);
      const names = [a, b].map(({ connack }) => connack.properties?.assignedClientIdentifier);
      expect(new Set(names).size).toBe(2);
      expect(names[0]).toMatch(/^auto-/);
      expect((await join(port, '', 4)).connack.returnCode).toBe(0);
      const kept = await dial(port);
      kept.send(connectBytes(4, 0, [0, 0]));
      await kept.end();
      expect(kept.packets).toMatchObject([{ cmd: 'connack', returnCode: 2, sessionPresent: false }]);
      const long = await join(port, 'x'.repeat(31), 5);
      expect(long.connack).toMatchObject({ reasonCode: 0x85, sessionPresent: false });
      await long.end();
    },
  );

  holds(
    'of a client that the policy refuses is closed, and nothing after it counts',
    ['5:3.1.4-2', '5:3.1.4-6', '3:3.1.4-5', '5:3.2.2-8'],
    async () => {
      const { port, broker } = await testBroker({
        policy: {
          connect: ({ clientId }) =>
            clientId === 'good' ? { allowed: true } : { allowed: false, reason: 'not in the group' },
        },
      });
      const causes: string[] = [];
      broker.events.on('refused', ({ cause }) => causes.push(cause));
      for (const version of VERSIONS) {
        const client = await dial(port, version);
        client.send({ cmd: 'connect', clientId: 'bad', protocolVersion: version } as never, {
          cmd: 'publish',
          topic: 'a',
          payload: 'x',
          qos: 0,
          retain: true,
          dup: false,
        });
        await client.end();
        expect(client.packets).toMatchObject([
          version === 5
            ? { cmd: 'connack', reasonCode: 0x87, properties: { reasonString: 'not in the group' } }
            : { cmd: 'connack', returnCode: 5 },
        ]);
      }
      expect(broker.status()).toMatchObject({ retained: 0, clients: 0 });
      expect(causes).toEqual(['not in the group', 'not in the group']);
    },
  );

  holds(
    'with client identifiers of 1 to 23 letters and digits is accepted',
    ['5:3.1.3-5', '3:3.1.3-5'],
    async () => {
      const { port } = await testBroker();
      for (const id of ['a', 'Z9', 'abcdefghijklmnopqrstuvw']) {
        expect((await join(port, id)).connack.returnCode).toBe(0);
      }
    },
  );

  holds(
    'that names an authentication method is refused',
    ['5:4.12.0-1', '5:4.12.0-4', '5:4.12.0-6', '5:4.12.0-7'],
    async () => {
      const { port } = await testBroker();
      const client = await join(port, 'a', 5, { properties: { authenticationMethod: 'SCRAM' } });
      expect(client.connack.reasonCode).toBe(0x8c);
      await client.end();
      const plain = await join(port, 'b', 5);
      expect(plain.connack.properties).not.toHaveProperty('authenticationMethod');
      plain.send([0xf0, 2, 0x18, 0]);
      await plain.end();
      expect(plain.packets).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x82 }]);
    },
  );

  holds('is answered with what holds', ['5:3.2.2-9', '5:3.2.2-10', '5:3.2.2-12', '5:3.1.2-28'], async () => {
    const { port } = await testBroker({ limits: { ...AWS_IOT_LIMITS, maximumSessionExpiry: 100 } });
    const { connack } = await join(port, 'a', 5, {
      keepalive: 60,
      properties: { sessionExpiryInterval: 1_000 },
    });
    expect(connack.properties).toMatchObject({
      maximumQoS: 1,
      receiveMaximum: 100,
      topicAliasMaximum: 8,
      maximumPacketSize: 149_504,
      sessionExpiryInterval: 100,
    });
    expect(connack.properties).not.toHaveProperty('serverKeepAlive');
    expect(connack.properties).not.toHaveProperty('responseInformation');
    const will = await join(port, 'b', 5, { will: { topic: 'a', payload: 'x', qos: 2 } });
    expect(will.connack.reasonCode).toBe(0x9b);
  });

  holds(
    'sets the keep-alive, within the limit of the server',
    ['5:3.1.2-22', '3:3.1.2-24', '5:3.1.2-21', '5:3.2.2-21', '5:3.2.2-22'],
    async () => {
      const clock = new VirtualClock();
      const { port, broker } = await testBroker({ clock, limits: { maximumKeepAlive: 100 } });
      const lively = await join(port, 'lively', 4, { keepalive: 10 });
      const silent = await join(port, 'silent', 5, { keepalive: 10 });
      const forever = await join(port, 'forever', 4, { keepalive: 0 });
      const told = await join(port, 'told', 5, { keepalive: 0 });
      expect(told.connack.properties).toMatchObject({ serverKeepAlive: 100 });
      await clock.advance(10_000);
      await lively.settled();
      await clock.advance(4_000);
      expect(broker.status().clients).toBe(4);
      await clock.advance(4_000);
      await silent.end();
      expect(silent.packets).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x8d }]);
      await lively.settled();
      await clock.advance(140_000);
      await told.end();
      await lively.end();
      expect(broker.clients().filter(({ connected }) => connected)).toMatchObject([{ clientId: 'forever' }]);
      await forever.settled();
    },
  );

  holds('must come in time', ['5:3.1.4-1'], async () => {
    const clock = new VirtualClock();
    const { port, broker } = await testBroker({ clock });
    const refused = new Promise<string>((resolve) =>
      broker.events.on('refused', ({ cause }) => resolve(cause)),
    );
    const client = await dial(port);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.advance(12_000);
    await client.end();
    expect(await refused).toBe('no CONNECT in time');
  });
});
