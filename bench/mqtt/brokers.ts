/** The two brokers that are compared, each in a process of its own, plain and with mutual TLS. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../hal/index.js';
import { GroupCa } from '../../src/core/identity/index.js';
import { sleep } from './measure.js';

export interface RunningBroker {
  readonly name: string;
  readonly plain: number;
  readonly tls: number;
  /** Bytes resident. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

export interface Ground {
  readonly folder: string;
  readonly credentials: ConnectionOptions;
  remove(): Promise<void>;
}

/** Certificates for both, from one CA. */
export async function prepare(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-bench-'));
  const ca = await GroupCa.open(join(folder, 'ca'), { groupName: 'bench', clock: new SystemClock() });
  const server = await ca.issueServer(['127.0.0.1'], 7);
  const device = await ca.issueDevice('bench', 7);
  await writeFile(join(folder, 'ca.pem'), ca.certificate);
  await writeFile(join(folder, 'server.pem'), server.certificate);
  await writeFile(join(folder, 'server.key'), server.privateKey, { mode: 0o644 });
  return {
    folder,
    credentials: { ca: ca.certificate, cert: device.certificate, key: device.privateKey },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function startGreenlight({ folder }: Ground): Promise<RunningBroker> {
  const child = fork(fileURLToPath(new URL('./server.ts', import.meta.url)), [folder], {
    execArgv: ['--import', 'tsx', ...(process.env.BENCH_NODE_ARGS?.split(' ') ?? [])],
  });
  const [ports] = (await once(child, 'message')) as [{ plain: number; tls: number }];
  return running('greenlight', child, ports);
}

/** @returns undefined when mosquitto is not installed */
export async function startMosquitto({ folder }: Ground): Promise<RunningBroker | undefined> {
  const ports = { plain: await freePort(), tls: await freePort() };
  const file = join(folder, 'mosquitto.conf');
  await writeFile(
    file,
    `per_listener_settings false
allow_anonymous true
set_tcp_nodelay true
max_inflight_messages 512
max_queued_messages 10000
user root
listener ${ports.plain} 127.0.0.1
listener ${ports.tls} 127.0.0.1
cafile ${folder}/ca.pem
certfile ${folder}/server.pem
keyfile ${folder}/server.key
require_certificate true
`,
  );
  const child = spawn('mosquitto', ['-c', file], { stdio: 'ignore' });
  const failed = await Promise.race([once(child, 'error').then(() => true), sleep(500).then(() => false)]);
  return failed ? undefined : running('mosquitto', child, ports);
}

function running(name: string, child: ChildProcess, ports: { plain: number; tls: number }): RunningBroker {
  return {
    name,
    ...ports,
    async memory() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
