/** The real machine. */
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { release } from 'node:os';
import { join } from 'node:path';
import { messageOf, SILENT, SystemClock } from '../../hal/index.js';
import { openDriver } from '../../hal/registry.js';
import { ControlClient } from '../control/client.js';
import type { Outside } from './contract.js';

/** Time in ms after which a driver that does not start counts as failed. */
const DRIVER_LIMIT_MS = 10_000;

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
        () => false,
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
