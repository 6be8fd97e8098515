import { once } from 'node:events';
import { connect as netConnect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SystemClock, VirtualClock } from '../../../hal/index.js';
import { Broker, memorySessions, type Peer } from '../../../src/core/broker/index.js';
import { authenticate, GroupCa, type IssuedCertificate } from '../../../src/core/identity/index.js';
import { TlsListener, type TlsListenerOptions } from '../../../src/core/listener/index.js';
import { OPEN } from '../../mqtt/open-broker.js';
import { temporaryFolder } from '../../support/folder.js';
import { holds } from '../broker/support.js';
import { recordingLog, testIdentity } from '../identity/support.js';

async function listener(more: Partial<TlsListenerOptions> = {}) {
  const identity = await testIdentity();
  const { ca, registry, clock } = identity;
  const server = { current: await ca.issueServer(['127.0.0.1'], 7) };
  const device = await registry.add('lamp', { days: 30 });
  const log = recordingLog();
  const broker = new Broker({ policy: OPEN, sessions: memorySessions(), clock: new SystemClock(), log });
  await broker.start(new AbortController().signal);
  const tls = new TlsListener({
    host: '127.0.0.1',
    port: 0,
    credentials: () => ({
      key: server.current.privateKey,
      cert: server.current.certificate,
      ca: ca.certificate,
    }),
    authenticate: (socket) => authenticate(socket, { registry, clock }),
    acceptor: broker,
    log,
    ...more,
  });
  await tls.start(new AbortController().signal);
  onTestFinished(async () => {
    await tls.stop();
    await broker.stop();
  });
  const { port } = tls.address();
  const refused: string[] = [];
  tls.events.on('refused', ({ cause }) => refused.push(cause));
  const credentials = (pair: IssuedCertificate = device): ConnectionOptions => ({
    host: '127.0.0.1',
    port,
    ca: ca.certificate,
    cert: pair.certificate,
    key: pair.privateKey,
  });
  return { tls, broker, port, ca, registry, server, device, credentials, refused, log };
}

async function roundTrip(options: object): Promise<string> {
  const client = await mqtt.connectAsync({ reconnectPeriod: 0, ...options } as mqtt.IClientOptions);
  onTestFinished(() => void client.end(true));
  await client.subscribeAsync('echo', { qos: 1 });
  const message = new Promise<string>((resolve) => {
    client.once('message', (_topic, payload) => resolve(String(payload)));
  });
  await client.publishAsync('echo', 'hello', { qos: 1 });
  return message;
}

/** Resolves when the server has closed the connection. */
async function closed(options: ConnectionOptions): Promise<void> {
  const socket = tlsConnect(options);
  socket.on('error', () => {});
  socket.resume();
  await gone(socket);
}

/** Unlike `once`, not put off by an error before. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

describe('TlsListener', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`carries MQTT over ${version} with a client certificate, whose thing the broker learns`, async () => {
      const { broker, credentials } = await listener();
      const peers: Peer[] = [];
      broker.events.on('connected', ({ peer }) => peers.push(peer));
      const text = await roundTrip({
        protocol: 'mqtts',
        ...credentials(),
        minVersion: version,
        maxVersion: version,
      });
      expect(text).toBe('hello');
      expect(peers[0]).toMatchObject({ identity: 'lamp' });
      expect(peers[0]?.address).toMatch(/^127\.0\.0\.1:\d+$/);
    });
  }

  for (const protocols of [undefined, ['x-amzn-mqtt-ca'], ['mqtt']]) {
    it(`accepts a client with ALPN ${protocols ?? 'absent'}`, async () => {
      const { credentials } = await listener();
      expect(
        await roundTrip({
          protocol: 'mqtts',
          ...credentials(),
          ...(protocols && { ALPNProtocols: protocols }),
        }),
      ).toBe('hello');
    });
  }

  holds(
    'carries MQTT over WebSocket on the same port by ALPN',
    ['5:6.0.0-2', '3:6.0.0-2', '5:7.1.1-1', '3:7.1.1-1'],
    async () => {
      const { credentials, port } = await listener();
      const { ca, cert, key } = credentials();
      const text = await roundTrip({
        protocol: 'wss',
        host: '127.0.0.1',
        port,
        path: '/mqtt',
        wsOptions: { ca, cert, key, ALPNProtocols: ['http/1.1'] },
      });
      expect(text).toBe('hello');
    },
  );

  it('carries MQTT over WebSocket on a port of its own', async () => {
    const { credentials, tls } = await listener({ webSocketPort: 0 });
    const { ca, cert, key } = credentials();
    const text = await roundTrip({
      protocol: 'wss',
      ...tls.webSocketAddress(),
      path: '/mqtt',
      wsOptions: { ca, cert, key },
    });
    expect(text).toBe('hello');
  });

  holds(
    'closes a WebSocket that sends text and refuses one without the sub-protocol',
    ['5:6.0.0-1', '3:6.0.0-1', '5:6.0.0-3', '3:6.0.0-3', '5:6.0.0-4', '3:6.0.0-4'],
    async () => {
      const { WebSocket } = await import('ws');
      const { credentials, tls } = await listener({ webSocketPort: 0 });
      const { port } = tls.webSocketAddress();
      const options = { ...credentials(), port } as object;
      const text = new WebSocket(`wss://127.0.0.1:${port}/`, ['mqtt'], options);
      await once(text, 'open');
      expect(text.protocol).toBe('mqtt');
      text.send('not a packet');
      const [code] = await once(text, 'close');
      expect([1003, 1006]).toContain(code);
      const bare = new WebSocket(`wss://127.0.0.1:${port}/`, [], options);
      const [error] = await once(bare, 'error');
      expect(String(error)).toContain('400');
    },
  );

  it('refuses each stranger with one line that says why', async () => {
    const { credentials, ca, registry, refused, log, broker } = await listener();
    const clock = new SystemClock();
    const foreign = await GroupCa.open(await temporaryFolder(), { groupName: 'elsewhere', clock });
    const stranger = await foreign.issueDevice('lamp', 30);
    const unknown = await ca.issueDevice('never-added', 30);
    const revoked = await registry.add('thief', { days: 30 });
    await registry.revoke('thief');
    const { host, port } = credentials();
    const before = broker.status().clients;
    await closed({ host, port, ca: ca.certificate } as ConnectionOptions);
    await closed(credentials(stranger));
    await closed(credentials(unknown));
    await closed(credentials(revoked));
    expect(refused).toHaveLength(4);
    expect(refused[0]).toBe('no client certificate was presented');
    expect(refused[1]).toContain('is not one of this group');
    expect(refused[2]).toContain('is not one of this group');
    expect(refused[3]).toContain('thief was revoked');
    expect(log.lines.filter(({ message }) => message === 'refused a connection')).toHaveLength(4);
    expect(broker.status().clients).toBe(before);
  });

  it('refuses what is not TLS, what speaks only an old version, and a handshake that stalls', async () => {
    const { port, refused, credentials } = await listener({ handshakeTimeout: 200 });
    const plain = netConnect(port, '127.0.0.1');
    plain.write('GET / HTTP/1.0\r\n\r\n');
    plain.on('error', () => {});
    plain.resume();
    await gone(plain);
    expect(refused.pop()).toContain('plain HTTP');
    await closed({
      ...credentials(),
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    expect(refused.pop()).toMatch(/TLS/);
    const silent = netConnect(port, '127.0.0.1');
    silent.on('error', () => {});
    silent.resume();
    await gone(silent);
    expect(refused.pop()).toBe('the TLS handshake took too long');
  });

  it('takes a new certificate without dropping those who are connected', async () => {
    const { tls, ca, server, credentials } = await listener();
    const client = await mqtt.connectAsync({ protocol: 'mqtts', ...credentials() } as never);
    onTestFinished(() => void client.end(true));
    let lost = false;
    client.on('close', () => {
      lost = true;
    });
    server.current = await ca.issueServer(['127.0.0.1', 'renewed.local'], 7);
    tls.renew();
    const socket = tlsConnect(credentials());
    await once(socket, 'secureConnect');
    expect(socket.getPeerX509Certificate()?.subjectAltName).toContain('renewed.local');
    socket.destroy();
    await client.subscribeAsync('still');
    expect(lost).toBe(false);
  });

  it('has no more handshakes under way than it may, and the others wait their turn', async () => {
    const { port, credentials, refused } = await listener({
      maximumHandshakes: 1,
      maximumWaiting: 1,
      handshakeTimeout: 300,
    });
    const idle = netConnect(port, '127.0.0.1');
    idle.on('error', () => {});
    await once(idle, 'connect');
    const patient = roundTrip({ protocol: 'mqtts', ...credentials(), connectTimeout: 5_000 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await closed(credentials());
    expect(refused).toContain('more than 1 connections wait for a handshake');
    expect(await patient).toBe('hello');
  });

  it('refuses an expired certificate with its date', async () => {
    const late = new VirtualClock(Date.now() + 40 * 86_400_000);
    const { refused, credentials, registry } = await listener();
    const { refused: other, credentials: expired } = await listener({
      authenticate: (socket) => authenticate(socket, { registry, clock: late }),
    });
    expect(refused).toEqual([]);
    const { host, key, cert } = credentials();
    await closed({ ...expired(), host, key, cert } as ConnectionOptions);
    expect(other[0]).toMatch(/certificate of lamp expired on/);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`asks again who it is when a ${version} session is resumed`, async () => {
      const { credentials, registry, refused } = await listener();
      const options = { ...credentials(), minVersion: version, maxVersion: version };
      const first = tlsConnect(options);
      first.on('error', () => {});
      const [session] = (await once(first, 'session')) as [Buffer];
      first.destroy();
      const second = tlsConnect({ ...options, session });
      second.on('error', () => {});
      await once(second, 'secureConnect');
      expect(second.isSessionReused()).toBe(true);
      second.write(Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x61]));
      expect((await once(second, 'data'))[0]).toEqual(Buffer.from([0x20, 2, 0, 0]));
      second.destroy();
      await registry.revoke('lamp');
      await closed({ ...options, session });
      expect(refused.at(-1)).toContain('lamp was revoked');
    });
  }
});
