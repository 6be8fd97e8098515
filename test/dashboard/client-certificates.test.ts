import { request } from 'node:https';
import { connect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, SystemClock } from '../../hal/index.js';
import { DashboardServer, LogTail, type PageTls } from '../../src/dashboard/index.js';
import { runApp } from '../support/app.js';
import { pki } from '../support/pki.js';
import { CROSSING, emptyDeps, runPage } from './support.js';

const TOKEN = 'a-token-of-many-letters';
const OPEN = CROSSING.replace('{ port: 0 }', '{ port: 0, clients: [Ada] }');

interface Pair {
  readonly certificate: string;
  readonly privateKey: string;
}

interface Asked {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

function ask(
  url: string,
  options: { pair?: Pair | undefined; token?: string; host?: string; origin?: string } = {},
): Promise<Asked> {
  const { pair, token, host, origin } = options;
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/api/state`,
      {
        rejectUnauthorized: false,
        agent: false,
        ...(pair && { cert: pair.certificate, key: pair.privateKey }),
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(host && { host }),
          ...(origin && { origin }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            headers: response.headers,
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

describe('client certificates of the live page', () => {
  it('let those in that are named, over TLS also on loopback', async () => {
    const { url, control } = await runPage(OPEN);
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:/);
    const ada = (await control.call('POST', '/things/Ada/add')) as unknown as Pair;
    const bob = (await control.call('POST', '/things/Bob/add')) as unknown as Pair;
    expect((await ask(url, { pair: ada })).status).toBe(200);

    const none = await ask(url);
    expect(none.status).toBe(403);
    expect(none.body).toContain('no client certificate was presented');
    const wrong = await ask(url, { pair: bob });
    expect(wrong.status).toBe(403);
    expect(wrong.body).toContain('the certificate of Bob does not open this page');
    // of the same name, by another authority
    const stranger = await (await pki()).thing('Ada');
    const other = await ask(url, { pair: stranger });
    expect(other.status).toBe(403);
    expect(other.body).toContain('is not one of this group');

    // the certificate replaces no other check
    expect((await ask(url, { pair: ada, host: 'evil.example' })).status).toBe(421);
    expect((await ask(url, { pair: ada, origin: 'https://evil.example' })).status).toBe(403);

    await control.call('POST', '/things/Ada/revoke');
    const revoked = await ask(url, { pair: ada });
    expect(revoked.status).toBe(403);
    expect(revoked.body).toContain('was revoked');
  });

  it('do beside the token, and the token beside them', async () => {
    const { url, control } = await runPage(
      CROSSING.replace('{ port: 0 }', `{ host: "127.1", port: 0, token: ${TOKEN}, clients: [Ada] }`),
    );
    const ada = (await control.call('POST', '/things/Ada/add')) as unknown as Pair;
    expect((await ask(url, { pair: ada })).status).toBe(200);
    expect((await ask(url, { token: TOKEN })).status).toBe(200);
    expect((await ask(url, { token: `${TOKEN}x` })).status).toBe(401);
    expect((await ask(url)).status).toBe(401);
  });

  it('need a core, whose certificate the page shows', async () => {
    const text = `
version: 1
group: { name: none }
hal: { driver: mock }
things: []
dashboard: { port: 0, clients: [Ada] }
`;
    await expect(runApp(text)).rejects.toMatchObject({
      code: 'DASHBOARD_OPEN',
      message: expect.stringContaining('dashboard.clients needs a certificate'),
    });
  });
});

describe('the certificate of the live page', () => {
  it('is the renewed one for the connections that follow; those that stand go on', async () => {
    const first = await pki();
    const second = await pki();
    let now = first;
    let renewed = (): void => {};
    let ended = 0;
    const tls: PageTls = {
      credentials: () => ({ key: now.server.privateKey, cert: now.server.certificate, ca: now.ca }),
      onRenewed: (listener) => {
        renewed = listener;
        return () => {
          ended += 1;
        };
      },
      peer: () => ({ refused: 'no client certificate was presented' }),
    };
    const clock = new SystemClock();
    const server = new DashboardServer({
      ...emptyDeps({ clock, log: SILENT, tail: new LogTail(() => clock.now()) }),
      settings: { host: '127.1', port: 0, unlock: false, token: TOKEN },
      tls,
    });
    onTestFinished(() => server.stop());
    await server.start(new AbortController().signal);
    const { port } = server;

    const standing = await secured(port, first.ca);
    now = second;
    renewed();
    await expect(secured(port, first.ca)).rejects.toThrow();
    const fresh = await secured(port, second.ca);
    for (const [socket, name] of [
      [standing, 'the one before'],
      [fresh, 'the one after'],
    ] as const) {
      const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
      socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      expect(await answer, name).toMatch(/^HTTP\/1\.1 200/);
      socket.destroy();
    }
    await server.stop();
    expect(ended).toBe(1);
  });
});

function secured(port: number, ca: string) {
  return new Promise<ReturnType<typeof connect>>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca }, () => resolve(socket));
    socket.once('error', reject);
  });
}
