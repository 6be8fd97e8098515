import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, VirtualClock } from '../../hal/index.js';
import { ServiceManager } from '../../src/notify/index.js';
import type { AppStatus, PartStatus } from '../../src/status.js';
import { temporaryFolder } from '../support/folder.js';

const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind('\\0' + name[1:] if name.startswith('@') else name)
print('listening', flush=True)
while True: print(repr(s.recv(4096).decode()), flush=True)
`;

/** A real datagram socket, as systemd has it. Node has none, so another program listens. */
async function manager(address?: string) {
  const path = address ?? join(await temporaryFolder(), 'notify');
  const child: ChildProcess = spawn('python3', ['-c', LISTENER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  await lines.next();
  const next = async (): Promise<Record<string, string>> => {
    const { value } = await lines.next();
    const text = String(value).slice(1, -1).split('\\n');
    return Object.fromEntries(text.map((each) => each.split(/=(.*)/s).slice(0, 2)));
  };
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { path, next, end };
}

function status(parts: readonly PartStatus[]): AppStatus {
  return { group: 'crossing', version: '1', pid: 7, uptimeSeconds: 1, state: 'ok', parts };
}

const OK: readonly PartStatus[] = [
  { name: 'broker', kind: 'core', state: 'ok' },
  { name: 'GG_TrafficLight', kind: 'traffic-light', state: 'ok' },
];

function service(env: Record<string, string>, view: { parts: readonly PartStatus[] }) {
  const clock = new VirtualClock();
  const made = new ServiceManager({ env, pid: 7, clock, log: SILENT, status: () => status(view.parts) });
  onTestFinished(() => made.stop());
  return { clock, made };
}

const NEVER = new AbortController().signal;

describe('service manager', () => {
  it('is told of readiness, beats, status and the end, over a path and an abstract name', async () => {
    for (const address of [undefined, `@greenlight-test-${process.pid}`]) {
      const systemd = await manager(address);
      const view = { parts: OK };
      const { clock, made } = service({ NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '3000000' }, view);
      await made.open();
      await made.start(NEVER);
      expect(await systemd.next()).toEqual({
        READY: '1',
        MAINPID: '7',
        STATUS: 'crossing: 2 parts, all ok',
        WATCHDOG: '1',
      });
      await clock.advance(1_000);
      expect(await systemd.next()).toEqual({ WATCHDOG: '1' });
      await made.stop();
      expect(await systemd.next()).toMatchObject({ STOPPING: '1' });
      expect(clock.pending).toBe(0);
      await systemd.end();
    }
  });

  it('is not told of readiness before the light obeys, and waits for nothing else', async () => {
    const systemd = await manager();
    const waiting: PartStatus = { name: 'L', kind: 'led', state: 'degraded', cause: 'no core yet' };
    const view = { parts: [waiting, { name: 'f', kind: 'function', state: 'degraded' as const }] };
    const { clock, made } = service({ NOTIFY_SOCKET: systemd.path }, view);
    await made.open();
    let ready = false;
    const started = made.start(NEVER).then(() => {
      ready = true;
    });
    await clock.advance(5_000);
    expect(ready).toBe(false);
    view.parts = [{ ...waiting, state: 'ok' }, view.parts[1]!];
    await clock.advance(200);
    await started;
    expect(await systemd.next()).toEqual({
      READY: '1',
      MAINPID: '7',
      STATUS: 'crossing: 2 parts; f degraded',
    });
  });

  it('is told after 20 s what is still waited for', async () => {
    const systemd = await manager();
    const { clock, made } = service(
      { NOTIFY_SOCKET: systemd.path },
      { parts: [{ name: 'L', kind: 'led', state: 'degraded', cause: 'no core' }] },
    );
    await made.open();
    const started = made.start(NEVER);
    await clock.advance(20_200);
    await started;
    expect(await systemd.next()).toMatchObject({
      READY: '1',
      STATUS: 'crossing: 1 parts; L degraded (no core)',
    });
  });

  it('gets no beat while a carrying part has failed; a thing in fault is no reason', async () => {
    const systemd = await manager();
    const view: { parts: readonly PartStatus[] } = { parts: OK };
    const { clock, made } = service({ NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '3000000' }, view);
    await made.open();
    await made.start(NEVER);
    await systemd.next();
    view.parts = [OK[0]!, { ...OK[1]!, state: 'failed', cause: 'no such colour' }];
    await clock.advance(1_000);
    expect(await systemd.next()).toMatchObject({ WATCHDOG: '1', STATUS: expect.stringContaining('no such') });
    view.parts = [{ ...OK[0]!, state: 'failed', cause: 'port lost' }, OK[1]!];
    await clock.advance(1_000);
    const told = await systemd.next();
    expect(told.STATUS).toContain('port lost');
    expect(told).not.toHaveProperty('WATCHDOG');
    await clock.advance(5_000);
    view.parts = OK;
    await clock.advance(1_000);
    // nothing came in between
    expect(await systemd.next()).toMatchObject({ WATCHDOG: '1', STATUS: 'crossing: 2 parts, all ok' });
  });

  it('does nothing without systemd, and nothing for a watchdog of another process', async () => {
    const { clock, made } = service({ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '8' }, { parts: OK });
    await made.open();
    await made.start(NEVER);
    expect(clock.pending).toBe(0);
  });

  it('refuses a watchdog that cannot be fed, in one sentence, and lives without a notifier otherwise', async () => {
    await expect(service({ WATCHDOG_USEC: '1000000' }, { parts: OK }).made.open()).rejects.toMatchObject({
      code: 'NOTIFY_UNAVAILABLE',
      message: expect.stringContaining('NotifyAccess=main'),
    });
    const bad = { NOTIFY_SOCKET: 'relative' };
    await expect(
      service({ ...bad, WATCHDOG_USEC: '1000000' }, { parts: OK }).made.open(),
    ).rejects.toMatchObject({
      code: 'NOTIFY_UNAVAILABLE',
    });
    await expect(service(bad, { parts: OK }).made.open()).resolves.toBeUndefined();
  });
});
