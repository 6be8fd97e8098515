import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantile, type Row, time } from '../support/figures.js';
import { ECHO, latencies, openClients, SHADOW_UPDATE, type Talk, throughput } from './load.js';

interface Server {
  readonly port: number;
  ask?(question: 'reset' | 'read'): Promise<{ p99: number }>;
  stop(): Promise<void>;
}

const WRITERS = 64;
/** Per second; a single thing is asked more slowly. */
const rateFor = (things: number): number => Math.min(1_000, things * 200);
const THINGS = [1, 10, 100, 1_000];
const RUN_MS = 4_000;
/** Of a latency; the one with the lowest p99 counts, ours and the peer's. */
const RUNS = 3;

/** Updates of shadows, durable and answered, beside mosquitto's echo of the same message. */
export async function shadows(): Promise<readonly Row[]> {
  const mosquitto = await startMosquitto();
  const rows: Row[] = [];
  try {
    rows.push(...(await latencyRows(mosquitto)));
    rows.push(...(await throughputRows(mosquitto)), ...(await slowFlushRows()));
  } finally {
    await mosquitto?.stop();
  }
  return rows;
}

async function latencyRows(mosquitto: Server | undefined): Promise<Row[]> {
  const core = await startCore(0);
  const rows: Row[] = [];
  let atTen = Number.NaN;
  try {
    for (const things of THINGS) {
      const ours = await measureLatency(core.port, things, SHADOW_UPDATE);
      const peer = mosquitto && (await measureLatency(mosquitto.port, things, ECHO));
      const p99 = quantile(ours, 0.99);
      if (things === 10) atTen = p99;
      rows.push({
        what: `update to accepted, ${things} things, ${rateFor(things)}/s: p50 / p99`,
        ours: spread(ours),
        peer: peer ? spread(peer) : 'not installed',
        ...(things === 1_000 && { target: `p99 within 3 x ${time(atTen)}`, met: p99 <= 3 * atTen }),
      });
    }
  } finally {
    await core.stop();
  }
  return rows;
}

async function throughputRows(mosquitto: Server | undefined): Promise<Row[]> {
  const core = await startCore(0);
  const rows: Row[] = [];
  try {
    for (const inFlight of [1, 8]) {
      const ours = await measureThroughput(core.port, SHADOW_UPDATE, inFlight);
      const peer = mosquitto && (await measureThroughput(mosquitto.port, ECHO, inFlight));
      rows.push({
        what: `durable updates, ${WRITERS} writers, ${inFlight} in flight each`,
        ours: `${Math.round(ours)}/s`,
        peer: peer ? `${Math.round(peer)}/s` : 'not installed',
        ...(inFlight === 8 && { target: '>= 8000/s', met: ours >= 8_000 }),
      });
    }
  } finally {
    await core.stop();
  }
  return rows;
}

async function slowFlushRows(): Promise<Row[]> {
  const core = await startCore(20);
  try {
    const clients = await openClients(core.port, WRITERS, SHADOW_UPDATE);
    const rows: Row[] = [];
    for (const inFlight of [1, 8]) {
      await throughput(clients, SHADOW_UPDATE, inFlight, 500);
      await core.ask?.('reset');
      const rate = await throughput(clients, SHADOW_UPDATE, inFlight, RUN_MS);
      const { p99 } = (await core.ask?.('read')) ?? { p99: Number.NaN };
      const what = `flush 20 ms slower, ${WRITERS} writers, ${inFlight} in flight each`;
      rows.push(
        {
          what: `${what}: durable updates`,
          ours: `${Math.round(rate)}/s`,
          target: '>= 1000/s',
          met: rate >= 1_000,
        },
        { what: `${what}: event loop p99`, ours: time(p99), target: '< 20 ms', met: p99 < 20 },
      );
    }
    for (const client of clients) client.close();
    return rows;
  } finally {
    await core.stop();
  }
}

async function measureLatency(port: number, things: number, talk: Talk): Promise<number[]> {
  const clients = await openClients(port, things, talk);
  const rate = rateFor(things);
  await latencies(clients, talk, rate, Math.max(rate, 2 * things));
  const runs: number[][] = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await latencies(clients, talk, rate, 2 * rate));
  for (const client of clients) client.close();
  // what a neighbour on the machine does to one run is not the server's
  return runs.sort((a, b) => quantile(a, 0.99) - quantile(b, 0.99))[0] ?? [];
}

async function measureThroughput(port: number, talk: Talk, inFlight: number): Promise<number> {
  const clients = await openClients(port, WRITERS, talk);
  const rate = await throughput(clients, talk, inFlight, RUN_MS);
  for (const client of clients) client.close();
  return rate;
}

function spread(samples: readonly number[]): string {
  return `${time(quantile(samples, 0.5))} / ${time(quantile(samples, 0.99))}`;
}

async function startCore(extraFlushMs: number): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-bench-shadow-'));
  const child = fork(fileURLToPath(new URL('./core.ts', import.meta.url)), [folder, String(extraFlushMs)]);
  const { port } = (await answerOf(child)) as { port: number };
  return {
    port,
    ask: async (question) => {
      const answer = answerOf(child);
      child.send(question);
      return (await answer) as { p99: number };
    },
    stop: async () => {
      child.disconnect();
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the core ended with ${code}`)));
  });
}

/** Mosquitto without TLS and without persistence, as fast as it gets; undefined when it is not installed. */
async function startMosquitto(): Promise<Server | undefined> {
  if (!existsSync('/usr/sbin/mosquitto')) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-bench-mosquitto-'));
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  await writeFile(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n`);
  const child = spawn('/usr/sbin/mosquitto', ['-c', file], { stdio: 'ignore' });
  while (!(await isListening(port))) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    port,
    stop: async () => {
      child.kill();
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).once('error', () => resolve(false));
  });
}
