/** The real machine. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer } from 'node:net';
import { release } from 'node:os';
import { join } from 'node:path';
import { messageOf, SILENT, SystemClock } from '../../hal/index.js';
import { openDriver } from '../../hal/registry.js';
import { ControlClient } from '../control/client.js';
import type { Outside } from './contract.js';

/** Time in ms after which a driver that does not start counts as failed. */
const DRIVER_LIMIT_MS = 10_000;
/** Time in ms after which another machine counts as silent. */
const CONNECT_LIMIT_MS = 3_000;
const PROGRAM_LIMIT_MS = 10_000;

export function thisMachine(env: NodeJS.ProcessEnv): Outside {
  return {
    root: '',
    env,
    now: Date.now,
    nodeVersion: process.versions.node,
    kernel: release(),
    uid: process.getuid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
    listen,
    connect,
    program,
    freeBytes: async (path) => {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
    write,
    load: (name) => import(name).then(() => undefined, messageOf),
    openGpio: async ({ hal }) => {
      const { driver } = await openDriver(
        hal.driver,
        { clock: new SystemClock(), log: SILENT, env },
        { signal: AbortSignal.timeout(DRIVER_LIMIT_MS) },
      );
      return driver;
    },
    running: (stateDir) =>
      new ControlClient(stateDir).call('GET', '/status').then(
        () => true,
        // there is one, but it is blocked, or keeps this user out: its ports and lines are not free either
        (error: unknown) => !['ENOENT', 'ECONNREFUSED'].includes(codeOf((error as Error).cause) ?? ''),
      ),
  };
}

function listen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function connect(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port });
    const end = (code: string | undefined): void => {
      socket.destroy();
      resolve(code);
    };
    socket.setTimeout(CONNECT_LIMIT_MS, () => end('ETIMEDOUT'));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(codeOf(error) ?? error.message));
  });
}

function program(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(name, ['--version'], { stdio: 'ignore', timeout: PROGRAM_LIMIT_MS });
    child.once('error', (error) => resolve(codeOf(error) ?? error.message));
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${signal ?? code}`));
  });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

async function write(folder: string): Promise<string | undefined> {
  try {
    const probe = await mkdtemp(join(folder, '.doctor-'));
    try {
      await writeFile(join(probe, 'probe'), 'x');
    } finally {
      await rm(probe, { recursive: true, force: true });
    }
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? messageOf(error);
  }
}
