import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HalError, SILENT } from '../../hal/index.js';
import { controlSocket } from '../../src/control/address.js';
import { ControlClient } from '../../src/control/client.js';
import { type ControlRoutes, ControlServer } from '../../src/control/server.js';
import { temporaryFolder } from '../support/folder.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

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

  it('says of an instance that does not answer that it is blocked, or only just starts', async () => {
    const stateDir = await temporaryFolder();
    const ask = () => new ControlClient(stateDir, 50).call('GET', '/status');
    // a process that looks like an instance
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)', 'run'], { stdio: 'ignore' });
    onTestFinished(() => void other.kill('SIGKILL'));
    await writeFile(join(stateDir, 'instance.json'), JSON.stringify({ pid: other.pid }));
    const starting = (): Promise<boolean> =>
      ask().then(
        () => false,
        (error: Error) => error.message.includes(`(pid ${other.pid}) is starting`),
      );
    await until(starting);
    const deaf = createServer((socket) => void socket.resume()).listen(controlSocket(stateDir));
    onTestFinished(() => void deaf.close());
    await once(deaf, 'listening');
    await expect(ask()).rejects.toMatchObject({
      code: 'CONTROL_UNREACHABLE',
      message: expect.stringContaining(`(pid ${other.pid}) does not answer: it is blocked`),
    });
    const gone = once(other, 'exit');
    other.kill('SIGKILL');
    await gone;
    await new Promise((resolve) => deaf.close(resolve));
    // its pid is still in the file
    await expect(ask()).rejects.toThrow(/^no instance runs on/);
  });

  it('waits longer for an answer that takes long by its nature', async () => {
    const { stateDir } = await running({
      'GET /slow': async () => new Promise((resolve) => setTimeout(resolve, 300, { done: true })),
    });
    const client = new ControlClient(stateDir, 50);
    await expect(client.call('GET', '/slow')).rejects.toMatchObject({ code: 'CONTROL_UNREACHABLE' });
    expect(await client.call('GET', '/slow', undefined, 10_000)).toEqual({ done: true });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'is for its user, root and the group that its folder lets in',
    async () => {
      const stateDir = await temporaryFolder();
      await chmod(stateDir, 0o750);
      await chown(stateDir, 0, 4_242);
      const server = new ControlServer(controlSocket(stateDir), {}, SILENT);
      await server.start(new AbortController().signal);
      onTestFinished(() => server.stop());
      // as under the unit, whose group is that of its user
      await chown(controlSocket(stateDir), 0, 4_242);
      const ask = `import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])`;
      const asked = (gid: number) =>
        run('python3', ['-c', ask, controlSocket(stateDir)], { uid: 4_000, gid });
      await asked(4_242);
      await expect(asked(4_243)).rejects.toThrow('PermissionError');
      expect((await stat(controlSocket(stateDir))).mode & 0o777).toBe(0o660);
    },
  );

  it('is for its user alone in a folder that others may enter', async () => {
    const stateDir = await temporaryFolder();
    await chmod(stateDir, 0o755);
    const server = new ControlServer(controlSocket(stateDir), {}, SILENT);
    await server.start(new AbortController().signal);
    onTestFinished(() => server.stop());
    expect((await stat(controlSocket(stateDir))).mode & 0o777).toBe(0o600);
  });

  it('finds a place for its socket under any path', () => {
    expect(controlSocket('/a')).toBe('/a/control.sock');
    const long = `/${'x'.repeat(120)}`;
    expect(Buffer.byteLength(controlSocket(long))).toBeLessThanOrEqual(107);
    expect(controlSocket(long)).toBe(controlSocket(`${long}/`));
    expect(controlSocket(long)).not.toBe(controlSocket(`${long}y`));
  });
});
