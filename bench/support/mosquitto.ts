import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Mosquitto beside us on loopback: what a figure is compared with in the same run. */
export interface Mosquitto {
  readonly tlsPort: number;
  readonly plainPort: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface MosquittoSettings {
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: string;
}

const PROGRAMS = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto'];

/** Undefined when the Debian package is not installed. TCP_NODELAY is set, without which it waits for delayed ACKs. */
export async function startMosquitto(settings: MosquittoSettings): Promise<Mosquitto | undefined> {
  const program = PROGRAMS.find((path) => existsSync(path));
  if (program === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-mosquitto-'));
  const [tlsPort, plainPort] = [await freePort(), await freePort()];
  await writeFile(join(folder, 'ca.pem'), settings.ca);
  await writeFile(join(folder, 'cert.pem'), settings.certificate);
  await writeFile(join(folder, 'key.pem'), settings.privateKey, { mode: 0o600 });
  const conf = join(folder, 'mosquitto.conf');
  await writeFile(
    conf,
    [
      'set_tcp_nodelay true',
      'persistence false',
      'per_listener_settings false',
      'allow_anonymous true',
      // no limits: by default it drops what a subscriber has not acknowledged fast enough, also of QoS 1, and a publisher
      // that waits for what it sent to arrive then waits for ever
      'max_queued_messages 0',
      'max_inflight_messages 0',
      // it drops its privileges otherwise and cannot read the key
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      `listener ${plainPort} 127.0.0.1`,
      `listener ${tlsPort} 127.0.0.1`,
      `cafile ${folder}/ca.pem`,
      `certfile ${folder}/cert.pem`,
      `keyfile ${folder}/key.pem`,
      'require_certificate true',
    ].join('\n'),
  );
  const child = spawn(program, ['-c', conf], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    await rm(folder, { recursive: true, force: true });
  };
  await untilListening(tlsPort, child);
  return { tlsPort, plainPort, pid: child.pid!, stop };
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

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      }).once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`mosquitto does not listen on ${port}`);
}
