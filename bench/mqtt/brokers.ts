/** The two brokers that are compared, each in a process of its own, plain and with mutual TLS. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../hal/index.js';
import { GroupCa } from '../../src/core/identity/index.js';
import { residentMb } from '../support/figures.js';
import { type MosquittoSettings, startMosquitto as startPeer } from '../support/mosquitto.js';

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
  readonly peer: MosquittoSettings;
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
    peer: { ca: ca.certificate, certificate: server.certificate, privateKey: server.privateKey },
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
export async function startMosquitto({ peer }: Ground): Promise<RunningBroker | undefined> {
  const mosquitto = await startPeer(peer);
  if (mosquitto === undefined) return undefined;
  const { plainPort: plain, tlsPort: tls, pid, stop } = mosquitto;
  return { name: 'mosquitto', plain, tls, memory: () => resident(pid), stop };
}

function running(name: string, child: ChildProcess, ports: { plain: number; tls: number }): RunningBroker {
  return {
    name,
    ...ports,
    memory: () => resident(child.pid!),
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function resident(pid: number): Promise<number> {
  return (await residentMb(pid)) * 1_048_576;
}
