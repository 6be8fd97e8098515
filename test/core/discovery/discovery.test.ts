import { once } from 'node:events';
import { connect as connectTcp, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testIdentity } from '../identity/support.js';
import { dial, discover, discoverRequest, exchange, member, testDiscovery } from './support.js';

describe('discovery', () => {
  it('tells a member where the core is, in the form that the SDKs read', async () => {
    const discovery = await testDiscovery();
    const device = await member(discovery, 'Switch');
    const answer = await discover(discovery, device, 'Switch');
    const { ca } = discovery.identity;
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      GGGroups: [
        {
          GGGroupId: ca.groupId,
          Cores: [
            {
              thingArn: 'arn:aws:iot:local:000000000000:thing/Core',
              Connectivity: [
                { Id: '192.168.1.5_1', HostAddress: '192.168.1.5', PortNumber: 8883, Metadata: '' },
                { Id: 'core.local_2', HostAddress: 'core.local', PortNumber: 8884, Metadata: '' },
              ],
            },
          ],
          CAs: [ca.certificate],
        },
      ],
    });
    expect(answer.head).toMatch(/\r\ncontent-length: \d+\r\n/);
    expect(answer.head).toContain('content-type: application/json\r\n');
    expect(answer.head).not.toMatch(/transfer-encoding/i);
  });

  it('answers several requests on one connection', async () => {
    const discovery = await testDiscovery();
    const socket = await dial(discovery, await member(discovery, 'Switch'));
    for (let n = 0; n < 3; n++) expect((await exchange(socket, discoverRequest('Switch'))).status).toBe(200);
  });

  it.each([
    [['x-amzn-http-ca'], 'x-amzn-http-ca'],
    [['http/1.1'], 'http/1.1'],
    [['h2', 'http/1.1'], 'http/1.1'],
    [undefined, false],
  ])('takes ALPN %j', async (ALPNProtocols, agreed) => {
    const discovery = await testDiscovery();
    const device = await member(discovery, 'Switch');
    const socket = await dial(discovery, device, ALPNProtocols ? { ALPNProtocols } : {});
    expect(socket.alpnProtocol).toBe(agreed);
    expect((await exchange(socket, discoverRequest('Switch'))).status).toBe(200);
  });

  it('speaks TLS 1.2 and 1.3', async () => {
    const discovery = await testDiscovery();
    const device = await member(discovery, 'Switch');
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await dial(discovery, device, { minVersion: version, maxVersion: version });
      expect((await exchange(socket, discoverRequest('Switch'))).status).toBe(200);
    }
  });

  it('listens on a second port', async () => {
    const discovery = await testDiscovery({ alsoPort: 0 });
    const device = await member(discovery, 'Switch');
    const [first, second] = discovery.server.ports;
    expect(second).not.toBe(first);
    const socket = await dial(discovery, device, { port: second ?? 0 });
    expect((await exchange(socket, discoverRequest('Switch'))).status).toBe(200);
  });

  it('shows a renewed certificate to new clients', async () => {
    const discovery = await testDiscovery();
    const device = await member(discovery, 'Switch');
    const before = await dial(discovery, device);
    await discovery.certificate.setNames(['core.local']);
    const after = await dial(discovery, device);
    expect(after.getPeerX509Certificate()?.checkHost('core.local')).toBe('core.local');
    expect((await exchange(after, discoverRequest('Switch'))).status).toBe(200);
    expect((await exchange(before, discoverRequest('Switch'))).status).toBe(200);
  });
});

describe('discovery is refused', () => {
  const last = (discovery: { log: { lines: readonly { level: string; message: string }[] } }): string =>
    discovery.log.lines
      .filter(({ level }) => level === 'warn')
      .map(({ message }) => message)
      .join('\n');

  it('without a certificate', async () => {
    const discovery = await testDiscovery();
    const answer = await discover(discovery, undefined, 'Switch');
    expect(answer).toMatchObject({ status: 401, json: { errorMessage: 'Unauthorized request' } });
    expect(last(discovery)).toBe('Discovery refused: no client certificate was presented');
  });

  it('with the certificate of another CA', async () => {
    const discovery = await testDiscovery();
    await member(discovery, 'Switch');
    const foreign = await (await testIdentity()).ca.issueDevice('Switch', 10);
    const answer = await discover(discovery, foreign, 'Switch');
    expect(answer).toMatchObject({ status: 401, json: { errorMessage: 'Unauthorized request' } });
    expect(last(discovery)).toMatch(
      /^Discovery refused: the certificate "CN=Switch", issued by .* is not one of this group$/,
    );
  });

  it('with a revoked certificate, also on a connection that was open before', async () => {
    const discovery = await testDiscovery();
    const socket = await dial(discovery, await member(discovery, 'Switch'));
    expect((await exchange(socket, discoverRequest('Switch'))).status).toBe(200);
    await discovery.identity.registry.revoke('Switch');
    const answer = await exchange(socket, discoverRequest('Switch'));
    expect(answer).toMatchObject({ status: 403, json: { message: null, traceId: expect.any(String) } });
    expect(last(discovery)).toMatch(/^Discovery refused: the thing Switch was revoked on /);
  });

  it('for another thing than the certificate’s', async () => {
    const discovery = await testDiscovery();
    const device = await member(discovery, 'Switch');
    await member(discovery, 'Light');
    const answer = await discover(discovery, device, 'Light');
    expect(answer).toMatchObject({ status: 403, json: { message: null } });
    expect(last(discovery)).toBe('Discovery refused: Switch asked for the thing Light');
  });

  it('for a thing outside the group', async () => {
    const discovery = await testDiscovery();
    const device = await discovery.identity.registry.add('Guest', { days: 10 });
    const answer = await discover(discovery, device, 'Guest');
    expect(answer).toMatchObject({
      status: 404,
      json: { errorMessage: 'The thing provided for discovery was not found' },
    });
    expect(last(discovery)).toBe('Discovery refused: the thing Guest is not a member of the group');
  });

  it.each(['a%20b', '%', 'a%00', 'x'.repeat(129), '..%2f..'])('for %s, which is no name', async (name) => {
    const discovery = await testDiscovery();
    const device = await member(discovery, 'Switch');
    const answer = await discover(discovery, device, name);
    expect(answer).toMatchObject({
      status: 400,
      json: { errorMessage: 'Invalid input detected for this request' },
    });
  });

  it('on other paths, in JSON', async () => {
    const discovery = await testDiscovery();
    const device = await member(discovery, 'Switch');
    for (const path of ['/', '/greengrass', '/greengrass/discover/thing/Switch/x']) {
      const answer = await exchange(await dial(discovery, device), `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(answer).toMatchObject({ status: 404, json: { errorMessage: expect.any(String) } });
    }
  });

  it('with so many lines a minute, however often it is tried', async () => {
    const discovery = await testDiscovery();
    const socket = await dial(discovery);
    for (let n = 0; n < 60; n++) await exchange(socket, discoverRequest('Switch'));
    expect(last(discovery).split('\n')).toHaveLength(20);
  });
});

describe('REST paths on the discovery server', () => {
  const post = (path: string, body: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

  it('reach their handler with the caller’s thing, and the longest prefix wins', async () => {
    const discovery = await testDiscovery();
    discovery.server.mount('/things', async ({ thing, method, path, query, body }) => ({
      status: 200,
      body: { thing, method, path, name: query.get('name'), body: body.toString() },
    }));
    discovery.server.mount('/things/Switch/other', async () => ({
      status: 202,
      body: Buffer.from('{"raw":1}'),
    }));
    const socket = await dial(discovery, await member(discovery, 'Switch'));
    expect((await exchange(socket, post('/things/Switch/shadow?name=night%20mode', '{"ü":1}'))).json).toEqual(
      {
        thing: 'Switch',
        method: 'POST',
        path: '/things/Switch/shadow',
        name: 'night mode',
        body: '{"ü":1}',
      },
    );
    expect(await exchange(socket, post('/things/Switch/other', ''))).toMatchObject({
      status: 202,
      json: { raw: 1 },
    });
    expect(await exchange(socket, post('/thingsX', ''))).toMatchObject({ status: 404 });
  });

  it('are for members only', async () => {
    const discovery = await testDiscovery();
    const seen: string[] = [];
    discovery.server.mount('/things', async ({ thing }) => {
      seen.push(thing);
      return { status: 200, body: {} };
    });
    const guest = await discovery.identity.registry.add('Guest', { days: 10 });
    expect((await exchange(await dial(discovery, guest), post('/things/x', ''))).status).toBe(403);
    expect((await exchange(await dial(discovery), post('/things/x', ''))).status).toBe(401);
    expect(seen).toEqual([]);
  });

  it('take bodies up to 64 KiB, announced or not', async () => {
    const discovery = await testDiscovery();
    discovery.server.mount('/things', async ({ body }) => ({ status: 200, body: { size: body.length } }));
    const device = await member(discovery, 'Switch');
    const fits = 'x'.repeat(65_536);
    const socket = await dial(discovery, device);
    expect((await exchange(socket, post('/things/x', fits))).json).toEqual({ size: 65_536 });
    expect((await exchange(socket, post('/things/x', `${fits}x`))).status).toBe(413);
    const chunked = await dial(discovery, device);
    const chunk = `${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n`;
    const request = `POST /things/x HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunk}${chunk}`;
    const answer = await exchange(chunked, request);
    expect(answer.status).toBe(413);
    expect(answer.head).toContain('connection: close');
  });

  it('answer 500 when their handler fails, and say so in the log', async () => {
    const discovery = await testDiscovery();
    discovery.server.mount('/things', () => Promise.reject(new Error('no disk')));
    const answer = await exchange(
      await dial(discovery, await member(discovery, 'Switch')),
      post('/things/x', ''),
    );
    expect(answer).toMatchObject({ status: 500, json: { errorMessage: 'Internal error' } });
    expect(discovery.log.lines).toContainEqual({
      level: 'error',
      fields: { path: '/things/x', error: 'no disk' },
      message: 'A request failed',
    });
  });

  it('answer 429 when too many are under way', async () => {
    const discovery = await testDiscovery();
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let busy = 0;
    let full = (): void => {};
    const filled = new Promise<void>((resolve) => {
      full = resolve;
    });
    discovery.server.mount('/things', async () => {
      if (++busy === 128) full();
      await released;
      return { status: 200, body: {} };
    });
    const device = await member(discovery, 'Switch');
    const sockets = await Promise.all(Array.from({ length: 128 }, () => dial(discovery, device)));
    const answers = sockets.map((socket) => exchange(socket, post('/things/x', '')));
    await filled;
    expect((await exchange(await dial(discovery, device), post('/things/x', ''))).status).toBe(429);
    release();
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
  });
});

describe('the discovery server', () => {
  it('says who holds its port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(testDiscovery({ port })).rejects.toMatchObject({
      code: 'DISCOVERY_LISTEN',
      message: `discovery cannot listen on 127.0.0.1:${port}: another program listens there; set core.discovery.port to another`,
    });
    await expect(testDiscovery({ alsoPort: port })).rejects.toMatchObject({ code: 'DISCOVERY_LISTEN' });
  });

  it('survives clients that speak no TLS, no HTTP, or leave half-way', async () => {
    const discovery = await testDiscovery();
    const device = await member(discovery, 'Switch');
    const port = discovery.server.ports[0] ?? 0;
    const plain = connectTcp(port, '127.0.0.1');
    plain.on('error', () => {});
    plain.write('GET / HTTP/1.1\r\n\r\n');
    await once(plain, 'close');
    const rude = await dial(discovery, device);
    rude.on('error', () => {});
    rude.write('\x00\x01\x02 rubbish\r\n\r\n');
    await once(rude, 'close');
    const huge = await dial(discovery, device);
    huge.on('error', () => {});
    huge.write(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    await once(huge, 'close');
    const half = await dial(discovery, device);
    half.write('POST /things/x HTTP/1.1\r\ncontent-length: 100\r\n\r\nabc');
    half.destroy();
    expect((await discover(discovery, device, 'Switch')).status).toBe(200);
  });

  it('stops at once, whoever is connected', async () => {
    const discovery = await testDiscovery();
    const idle = await dial(discovery, await member(discovery, 'Switch'));
    idle.on('error', () => {});
    const shaking = connectTcp(discovery.server.ports[0] ?? 0, '127.0.0.1');
    shaking.on('error', () => {});
    onTestFinished(() => void shaking.destroy());
    await once(shaking, 'connect');
    const before = performance.now();
    await discovery.server.stop();
    await discovery.server.stop();
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(discovery.server.ports).toEqual([]);
  });
});
