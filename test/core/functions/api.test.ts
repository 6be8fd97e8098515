import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { functionArn, ROUTER_ARN, SHADOW_ARN } from '../../../src/core/functions/arn.js';
import { NODE, processFunction, type Rig, rig } from './support.js';

interface Answer {
  readonly status: number;
  /** As they came, names in the case that they had. */
  readonly raw: readonly string[];
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

type Ask = (
  method: string,
  path: string,
  options?: { body?: string | Buffer; context?: unknown; headers?: Record<string, string>; token?: string },
) => Promise<Answer>;

async function setUp(options: Parameters<typeof rig>[1] = {}): Promise<Rig & { ask_: Ask }> {
  const talker = processFunction('Talker', {
    handler: join(NODE, 'token.handler'),
    runtime: 'nodejs',
    pinned: true,
  });
  const helper = processFunction('Helper', { handler: join(NODE, 'probe.withCallback'), runtime: 'nodejs' });
  const set = await rig([talker, helper], options);
  const { token: own } = (await set.answer()) as { token: string };
  const ask_: Ask = (method, path, { body, context, headers = {}, token = own } = {}) =>
    new Promise((resolve, reject) => {
      const encoded = context === undefined ? {} : { 'X-Amz-Client-Context': base64(context) };
      const sent = request(
        { host: '127.0.0.1', port: set.manager.httpPort, method, path: `/2016-11-01${path}` },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              raw: response.rawHeaders,
              headers: response.headers as never,
              body: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      for (const [name, value] of Object.entries({ Authorization: token, ...encoded, ...headers })) {
        sent.setHeader(name, value);
      }
      sent.on('error', reject);
      sent.end(body);
    });
  return { ...set, ask_ };
}

function base64(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
}

describe('the local HTTP API of the functions', () => {
  it('publishes under the name that the token stands for, whatever the context says', async () => {
    const { ask_, next } = await setUp();
    const context = {
      custom: { source: functionArn('Helper'), subject: 'hello/world', queueFullPolicy: '' },
    };
    const { status, headers } = await ask_('POST', `/functions/${ROUTER_ARN}`, {
      context,
      body: Buffer.from([1, 255]),
    });
    expect(status).toBe(202);
    expect(headers['x-amz-invocationid']).toMatch(/^[0-9a-f-]{36}$/);
    const message = await next('hello/world');
    expect(message.from).toBe('Talker');
    expect([...message.payload]).toEqual([1, 255]);
  });

  it('lets the subscription table decide who gets it', async () => {
    const { ask_, next } = await setUp();
    for (const subject of ['not/in/the/table', 'hello/world']) {
      const { status } = await ask_('POST', `/functions/${ROUTER_ARN}`, {
        context: { custom: { subject } },
        body: subject,
      });
      expect(status).toBe(202);
    }
    expect((await next('hello/world')).payload.toString()).toBe('hello/world');
  });

  it('says success of a shadow request by an error header that is there and empty', async () => {
    const { ask_ } = await setUp();
    const shadow = async (operation: string, body?: string): Promise<Answer> => {
      const context = { custom: { subject: `$aws/things/Lamp/shadow/${operation}` } };
      const { headers } = await ask_('POST', `/functions/${SHADOW_ARN}`, { context, ...(body && { body }) });
      const id = { 'X-Amz-InvocationId': headers['x-amz-invocationid']! };
      return ask_('GET', `/functions/${SHADOW_ARN}`, { headers: id });
    };
    const updated = await shadow('update', '{"state":{"desired":{"on":true}},"clientToken":"t"}');
    expect(updated.raw[updated.raw.indexOf('X-Amz-Function-Error') + 1]).toBe('');
    expect(JSON.parse(updated.body)).toMatchObject({
      state: { desired: { on: true } },
      version: 1,
      clientToken: 't',
    });
    for (const [operation, code] of [
      ['get', undefined],
      ['delete', undefined],
      ['get', 404],
      ['nonsense', 400],
    ] as const) {
      const { status, raw, body } = await shadow(operation);
      expect([status, raw.includes('X-Amz-Function-Error')]).toEqual([200, true]);
      expect((JSON.parse(body) as { code?: number }).code).toBe(code);
    }
  });

  it('gives a result once, to the process that asked for it', async () => {
    const { ask_ } = await setUp();
    const path = `/functions/${functionArn('Helper')}`;
    const { headers } = await ask_('POST', path, { body: '{"a":1}' });
    const id = { 'X-Amz-InvocationId': headers['x-amz-invocationid']! };
    expect((await ask_('GET', path, { headers: id })).body).toBe('{"got":{"a":1}}');
    expect((await ask_('GET', path, { headers: id })).status).toBe(404);
    const event = { 'X-Amz-Invocation-Type': 'Event' };
    const { status, headers: more } = await ask_('POST', path, { body: '{}', headers: event });
    expect(status).toBe(202);
    const none = { 'X-Amz-InvocationId': more['x-amz-invocationid']! };
    expect((await ask_('GET', path, { headers: none })).status).toBe(404);
  });

  it('bounds what one process may leave unfetched, and what it may send', async () => {
    const { ask_ } = await setUp({ limits: { pendingResults: 1, bodyBytes: 1_000 } });
    const path = `/functions/${functionArn('Helper')}`;
    expect((await ask_('POST', path, { body: '{}' })).status).toBe(202);
    expect((await ask_('POST', path, { body: '{}' })).status).toBe(429);
    expect((await ask_('POST', path, { body: 'x'.repeat(1_001) })).status).toBe(413);
  });

  it('refuses who has no token, or the token of another function', async () => {
    const { ask_, lines } = await setUp();
    const own = `/functions/${functionArn('Talker')}`;
    const other = `/functions/${functionArn('Helper')}`;
    const context = { custom: { subject: 'hello/world' } };
    expect((await ask_('POST', `/functions/${ROUTER_ARN}`, { context, token: 'x' })).status).toBe(401);
    expect((await ask_('GET', `${own}/work`, { token: '' })).status).toBe(401);
    expect((await ask_('GET', `${other}/work`)).status).toBe(403);
    expect((await ask_('POST', `${other}/work`, { body: '{}' })).status).toBe(403);
    expect((await ask_('PUT', `${other}/initialized`, { body: '{}' })).status).toBe(403);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('answers what it does not understand, and stays', async () => {
    const { ask_, lines } = await setUp();
    const own = `/functions/${functionArn('Talker')}`;
    const asked: readonly [number, Promise<Answer>][] = [
      [404, ask_('GET', '/nowhere')],
      [404, ask_('GET', '/functions/%E0%A4%A')],
      [404, ask_('POST', '/functions/no%20such', { body: '{}' })],
      [404, ask_('POST', `/functions/${functionArn('Nobody')}`, { body: '{}' })],
      [404, ask_('POST', '/functions/arn:aws:lambda:::function:GGSecretManager:1', { body: '{}' })],
      [404, ask_('POST', `${own}/work`, { body: '{}', headers: { 'X-Amz-InvocationId': 'none' } })],
      [400, ask_('PUT', `${own}/initialized`, { body: 'x' })],
      [400, ask_('POST', `/functions/${ROUTER_ARN}`)],
      [400, ask_('POST', `/functions/${ROUTER_ARN}`, { context: 'not JSON' })],
      [400, ask_('POST', `/functions/${ROUTER_ARN}`, { context: { custom: { subject: 7 } } })],
      [405, ask_('DELETE', own)],
      [404, ask_('GET', '/credentialprovider/')],
    ];
    for (const [status, answer] of asked) {
      const { status: got, body } = await answer;
      expect(got).toBe(status);
      expect(JSON.parse(body)).toHaveProperty('message');
    }
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('takes log events, and tells the health of the workers', async () => {
    const { ask_, lines } = await setUp({ credentials: async (name) => ({ AccessKeyId: name }) });
    await ask_('POST', '/cloudwatch/logs/', {
      body: JSON.stringify({
        logGroupName: 'g',
        logStreamName: 's',
        logEvents: [{ timestamp: 1, message: 'one\ntwo' }],
      }),
    });
    expect(lines.filter((line) => line.function === 'Talker').map(({ text }) => text)).toEqual(
      expect.arrayContaining(['one', 'two']),
    );
    expect(JSON.parse((await ask_('GET', '/credentialprovider/')).body)).toEqual({ AccessKeyId: 'Talker' });
    const body = JSON.stringify({
      FuncArns: [functionArn('Talker'), functionArn('Helper'), functionArn('Nobody')],
    });
    const health = JSON.parse((await ask_('POST', '/health/workers', { body, token: '' })).body);
    expect(health.InvalidArns).toEqual([functionArn('Nobody')]);
    expect(health.Workers).toEqual([
      {
        FuncArn: functionArn('Talker'),
        WorkerId: expect.any(String),
        ProcessId: expect.stringMatching(/^\d+$/),
        WorkerState: expect.stringMatching(/^(Waiting|Starting)$/),
      },
    ]);
    expect((await ask_('POST', '/health/workers', { body: '{}', token: '' })).status).toBe(400);
  });
});
