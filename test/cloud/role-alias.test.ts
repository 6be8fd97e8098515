import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, VirtualClock } from '../../hal/index.js';
import { roleAliasCredentials } from '../../src/cloud/role-alias.js';
import { pki } from '../support/pki.js';

async function provider() {
  const { ca, server: certificate, thing } = await pki();
  const device = await thing('Greenlight_Core');
  const clock = new VirtualClock(Date.now());
  const asked: { thing: unknown; path: string | undefined; by: string }[] = [];
  const answer = { status: 200, body: '' };
  const server: Server = createServer(
    {
      ca,
      cert: certificate.certificate,
      key: certificate.privateKey,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      asked.push({
        thing: request.headers['x-amzn-iot-thingname'],
        path: request.url,
        by: String((request.socket as TLSSocket).getPeerCertificate().subject.CN),
      });
      response.writeHead(answer.status);
      response.end(
        answer.body ||
          JSON.stringify({
            credentials: {
              accessKeyId: `key-${asked.length}`,
              secretAccessKey: 's',
              sessionToken: 't',
              expiration: new Date(clock.now() + 3_600_000).toISOString(),
            },
          }),
      );
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const get = roleAliasCredentials({
    endpoint: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    ca,
    roleAlias: 'greenlight-cloud',
    credentials: async () => device,
    clock,
    log: SILENT,
  });
  return { get, clock, asked, answer };
}

describe('credentials through a role alias', () => {
  it('are had with the device certificate, once for all callers, and anew five minutes before they expire', async () => {
    const { get, clock, asked } = await provider();
    const [first, second] = await Promise.all([get(), get()]);
    expect(first).toBe(second);
    expect(first).toMatchObject({ accessKeyId: 'key-1', sessionToken: 't' });
    expect(asked).toEqual([
      { thing: 'Greenlight_Core', path: '/role-aliases/greenlight-cloud/credentials', by: 'Greenlight_Core' },
    ]);
    await clock.advance(3_290_000);
    expect((await get()).accessKeyId).toBe('key-1');
    await clock.advance(10_000);
    expect((await get()).accessKeyId).toBe('key-2');
  });

  it('serve until they expire while new ones are refused; then the refusal is said', async () => {
    const { get, clock, answer } = await provider();
    await get();
    answer.status = 403;
    await clock.advance(3_500_000);
    expect((await get()).accessKeyId).toBe('key-1');
    await clock.advance(100_000);
    await expect(get()).rejects.toMatchObject({
      code: 'CLOUD_CREDENTIALS',
      message: expect.stringContaining('iot:AssumeRoleWithCertificate'),
    });
    answer.status = 200;
    expect((await get()).accessKeyId).toBe('key-4');
  });

  it.each(['', '{}', 'nonsense', '{"credentials":{"accessKeyId":1}}'])(
    'are not read from %j',
    async (body) => {
      const { get, answer } = await provider();
      answer.body = body || ' ';
      await expect(get()).rejects.toMatchObject({ code: 'CLOUD_CREDENTIALS' });
    },
  );
});
