import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CoreAddress, Credentials } from '../../src/things/connection.js';
import { wire } from './far-broker.js';
import { pki } from './pki.js';

const MOSQUITTO = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto'].find(
  (path) => spawnSync(path, ['-h']).error === undefined,
);

export const hasMosquitto = MOSQUITTO !== undefined;

/** A broker of other people, with mutual TLS, on a line that can be cut. */
export async function mosquitto(): Promise<{
  address: CoreAddress;
  direct: CoreAddress;
  thing(name: string): Promise<Credentials>;
  cut(): void;
  mend(): void;
  /** Ends and begins again on the same port; it remembers nothing. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}> {
  const { ca, server, thing } = await pki();
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-mosquitto-'));
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  await writeFile(join(folder, 'ca.pem'), ca);
  await writeFile(join(folder, 'cert.pem'), server.certificate);
  await writeFile(join(folder, 'key.pem'), server.privateKey);
  await writeFile(
    join(folder, 'conf'),
    [
      `listener ${port} 127.0.0.1`,
      `cafile ${folder}/ca.pem`,
      `certfile ${folder}/cert.pem`,
      `keyfile ${folder}/key.pem`,
      'require_certificate true',
      'use_identity_as_username true',
      'set_tcp_nodelay true',
      'user root',
    ].join('\n'),
  );
  const begin = async () => {
    const child = spawn(MOSQUITTO!, ['-c', join(folder, 'conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    while (!said.includes('running')) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return child;
  };
  let child = await begin();
  const end = async () => {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  };
  const line = await wire(port);
  return {
    address: { host: '127.0.0.1', port: line.port, ca },
    direct: { host: '127.0.0.1', port, ca },
    thing,
    cut: () => line.cut(),
    mend: () => line.mend(),
    restart: async () => {
      await end();
      child = await begin();
    },
    stop: async () => {
      line.close();
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
