import { describe, expect, it } from 'vitest';
import { ShadowError, type ShadowErrorCode, shadowRest } from '../../../src/core/shadow/index.js';
import { HeldStore, startService } from './support/service.js';

describe('each error', () => {
  const cases: readonly (readonly [code: ShadowErrorCode, protocolCode: number, payload: string | Buffer])[] =
    [
      ['SHADOW_BAD_REQUEST', 400, '{"state":1}'],
      ['SHADOW_VERSION_CONFLICT', 409, '{"state":{},"version":5}'],
      ['SHADOW_TOO_LARGE', 413, `{"state":{"reported":{"a":"${'x'.repeat(9_000)}"}}}`],
      ['SHADOW_ENCODING', 415, Buffer.from([0xff])],
    ];
  for (const [code, protocolCode, payload] of cases) {
    it(`${code} has the protocol's code ${protocolCode}`, async () => {
      const { service } = await startService();
      await service.update('T', undefined, { state: {} }, 'cli');
      const failure = await service
        .update('T', undefined, Buffer.from(payload), 'cli')
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ShadowError);
      expect(failure).toMatchObject({ code, protocolCode, name: 'ShadowError' });
    });
  }

  it('SHADOW_INTERNAL keeps its cause to itself', async () => {
    const store = new HeldStore();
    const { service } = await startService({ store });
    store.fails = 'save';
    await expect(service.update('T', undefined, { state: {} }, 'cli')).rejects.toMatchObject({
      code: 'SHADOW_INTERNAL',
      message: 'Internal service failure',
      cause: new Error('the disk is full'),
    });
  });
});

describe('over HTTPS', () => {
  it('SHADOW_FORBIDDEN and SHADOW_METHOD_NOT_ALLOWED are answers, not exceptions', async () => {
    const { service } = await startService();
    const ask = shadowRest(service);
    const request = { thing: 'T', query: new URLSearchParams(), body: Buffer.alloc(0) };
    expect(await ask({ ...request, method: 'GET', path: '/things/Other/shadow' })).toMatchObject({
      status: 403,
      body: { code: 403, message: 'Forbidden' },
    });
    expect(await ask({ ...request, method: 'PATCH', path: '/things/T/shadow' })).toMatchObject({
      status: 405,
    });
    expect(await ask({ ...request, method: 'GET', path: '/elsewhere' })).toMatchObject({ status: 404 });
  });

  it('what nobody foresaw is a 500 without its text', async () => {
    const { service } = await startService();
    Object.assign(service, { get: () => Promise.reject(new Error('secret path')) });
    const answer = await shadowRest(service)({
      thing: 'T',
      method: 'GET',
      path: '/things/T/shadow',
      query: new URLSearchParams(),
      body: Buffer.alloc(0),
    });
    expect(answer).toMatchObject({ status: 500, body: { code: 500, message: 'Internal service failure' } });
  });

  it('errors carry the client token of the request', async () => {
    const { service } = await startService();
    const answer = await shadowRest(service)({
      thing: 'T',
      method: 'POST',
      path: '/things/T/shadow',
      query: new URLSearchParams(),
      body: Buffer.from('{"clientToken":"c"}'),
    });
    expect(answer).toMatchObject({ status: 400, body: { clientToken: 'c' } });
  });
});
