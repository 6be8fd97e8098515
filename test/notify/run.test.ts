import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../support/folder.js';

const MAIN = new URL('../../dist/src/main.js', import.meta.url).pathname;
const CROSSING = `version: 1
hal: { driver: mock }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
`;
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('listening', flush=True)
while True: print(repr(s.recv(4096).decode()), flush=True)
`;

async function greenlight(folder: string, env: Record<string, string>): Promise<ChildProcess> {
  const file = join(folder, 'c.yaml');
  await writeFile(file, CROSSING);
  const child = spawn(process.execPath, [MAIN, 'run', '-c', file, '--state', join(folder, 'state')], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('greenlight run under a service manager', () => {
  it('says when it is ready, beats, and says when it stops', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'notify');
    const systemd = spawn('python3', ['-c', LISTENER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void systemd.kill('SIGKILL'));
    const told = createInterface({ input: systemd.stdout })[Symbol.asyncIterator]();
    await told.next();
    const child = await greenlight(folder, { NOTIFY_SOCKET: path, WATCHDOG_USEC: '300000' });
    expect((await told.next()).value).toMatch(/READY=1.*all ok/);
    expect((await told.next()).value).toContain('WATCHDOG=1');
    child.kill('SIGTERM');
    let last: string;
    do last = String((await told.next()).value);
    while (last.includes('WATCHDOG=1'));
    expect(last).toContain('STOPPING=1');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('ends with one sentence when it has a watchdog that it cannot feed', async () => {
    const child = await greenlight(await temporaryFolder(), { WATCHDOG_USEC: '300000' });
    const said = text(child.stderr!);
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(await said).toMatch(/^greenlight: this unit has WatchdogSec= but no NOTIFY_SOCKET[^\n]*\n$/);
  });
});
