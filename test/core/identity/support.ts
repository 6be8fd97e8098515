/** A CA and a registry in a folder of their own, TLS connections against them, and a log that can be read. */
import { once } from 'node:events';
import { join } from 'node:path';
import { type ConnectionOptions, connect, createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import { type Clock, type Log, SystemClock } from '../../../hal/index.js';
import { GroupCa, type IssuedCertificate, ThingRegistry } from '../../../src/core/identity/index.js';
import { temporaryFolder } from '../../support/folder.js';

export interface TestIdentity {
  readonly folder: string;
  readonly ca: GroupCa;
  readonly registry: ThingRegistry;
  readonly clock: Clock;
}

export async function testIdentity(clock: Clock = new SystemClock()): Promise<TestIdentity> {
  const folder = await temporaryFolder();
  const ca = await GroupCa.open(join(folder, 'ca'), { groupName: 'crossing', clock });
  const registry = await ThingRegistry.open(join(folder, 'things'), { ca, clock });
  return { folder, ca, registry, clock };
}

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

export function recordingLog(): Log & { readonly lines: readonly Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields, message });
  const log = {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

/** A TLS server on loopback; the client side's handshake is done when this resolves. Both ends close after the test. */
export async function handshake(
  server: TlsOptions,
  client: ConnectionOptions,
): Promise<{ readonly server: TLSSocket; readonly client: TLSSocket; readonly port: number }> {
  const listener = createServer(server);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const accepted = once(listener, 'secureConnection') as Promise<[TLSSocket]>;
  const socket = connect({ host: '127.0.0.1', port, servername: '', ...client });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  const [peer] = await accepted;
  peer.on('error', () => {});
  onTestFinished(() => void peer.destroy());
  return { server: peer, client: socket, port };
}

/** TLS options of a device that trusts the group. */
export function deviceTls(ca: GroupCa, device: IssuedCertificate): ConnectionOptions {
  return { ca: ca.certificate, cert: device.certificate, key: device.privateKey };
}
