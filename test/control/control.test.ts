import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HalError, SILENT } from '../../hal/index.js';
import { controlSocket } from '../../src/control/address.js';
import { ControlClient } from '../../src/control/client.js';
import { type ControlRoutes, ControlServer } from '../../src/control/server.js';
import { temporaryFolder } from '../support/folder.js';

async function running(routes: ControlRoutes) {
  const stateDir = await temporaryFolder();
  const server = new ControlServer(controlSocket(stateDir), routes, SILENT);
  await server.start(new AbortController().signal);
  onTestFinished(() => server.stop());
  return { server, stateDir, client: new ControlClient(stateDir) };
}

describe('control', () => {
  it('hands parameters, query and body to the route, and its answer back', async () => {
    const { client, stateDir } = await running({
      'POST /a/:name/b': async ({ parameters, body }) => ({ ...parameters, body }),
    });
    expect(await client.call('POST', '/a/x%2Fy/b?q=1', { n: 1 })).toEqual({
      name: 'x/y',
      q: '1',
      body: { n: 1 },
    });
    expect((await stat(join(stateDir, 'control.sock'))).mode & 0o007).toBe(0);
  });

  it('tells a coded error as a refusal in its own words, and any other too', async () => {
    const { client } = await running({
      'GET /coded': async () => {
        throw new HalError('HAL_ARGUMENT', 'that is no line');
      },
      'GET /other': async () => {
        throw new TypeError('broken');
      },
    });
    await expect(client.call('GET', '/coded')).rejects.toMatchObject({
      code: 'CONTROL_REFUSED',
      message: 'that is no line',
    });
    await expect(client.call('GET', '/other')).rejects.toMatchObject({
      code: 'CONTROL_REFUSED',
      message: 'broken',
    });
    await expect(client.call('GET', '/nothing')).rejects.toMatchObject({
      code: 'CONTROL_REFUSED',
      message: expect.stringContaining('GET /nothing'),
    });
  });

  it('streams lines until the reader leaves, and tells the route', async () => {
    let left: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      left = resolve;
    });
    async function* numbers(signal: AbortSignal) {
      signal.addEventListener('abort', () => left?.());
      for (let n = 0; !signal.aborted; n++) {
        yield n;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const { client } = await running({ 'GET /numbers': ({ signal }) => numbers(signal) });
    const seen: unknown[] = [];
    for await (const n of client.stream('/numbers')) {
      seen.push(n);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([0, 1, 2]);
    await gone;
  });

  it('refuses a request that is too long', async () => {
    const { client } = await running({ 'POST /big': async () => ({}) });
    await expect(client.call('POST', '/big', { text: 'x'.repeat(5 * 1024 * 1024) })).rejects.toThrow();
    expect(await client.call('POST', '/big', { text: 'x' })).toEqual({});
  });

  it('is unreachable when nobody listens, also behind a socket that was left over', async () => {
    const { server, client, stateDir } = await running({});
    await server.stop();
    await expect(client.call('GET', '/status')).rejects.toMatchObject({
      code: 'CONTROL_UNREACHABLE',
      message: expect.stringContaining(stateDir),
    });
  });

  it('finds a place for its socket under any path', () => {
    expect(controlSocket('/a')).toBe('/a/control.sock');
    const long = `/${'x'.repeat(120)}`;
    expect(Buffer.byteLength(controlSocket(long))).toBeLessThanOrEqual(107);
    expect(controlSocket(long)).toBe(controlSocket(`${long}/`));
    expect(controlSocket(long)).not.toBe(controlSocket(`${long}y`));
  });
});
