import { once } from 'node:events';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { DiscoveryServer, type DiscoveryServerOptions } from '../../../src/core/discovery/index.js';
import { type IssuedCertificate, ServerCertificate } from '../../../src/core/identity/index.js';
import { deviceTls, recordingLog, type TestIdentity, testIdentity } from '../identity/support.js';

const signal = new AbortController().signal;

export interface TestDiscovery {
  readonly identity: TestIdentity;
  readonly certificate: ServerCertificate;
  readonly server: DiscoveryServer;
  readonly log: ReturnType<typeof recordingLog>;
  readonly members: Set<string>;
}

/** A running discovery server on loopback; things added to `members` belong to the group. */
export async function testDiscovery(options: Partial<DiscoveryServerOptions> = {}): Promise<TestDiscovery> {
  const identity = await testIdentity();
  const { ca, registry, clock, folder } = identity;
  const log = recordingLog();
  const members = new Set<string>();
  const certificate = new ServerCertificate({
    ca,
    folder: join(folder, 'ca'),
    names: [],
    days: 7,
    clock,
    log,
  });
  const server = new DiscoveryServer({
    host: '127.0.0.1',
    port: 0,
    ca,
    certificate,
    registry,
    isMember: (thing) => members.has(thing),
    core: 'Core',
    connectivity: () => [
      { host: '192.168.1.5', port: 8883 },
      { host: 'core.local', port: 8884 },
    ],
    clock,
    log,
    ...options,
  });
  onTestFinished(async () => {
    await server.stop();
    await certificate.stop();
  });
  await certificate.start(signal);
  await server.start(signal);
  return { identity, certificate, server, log, members };
}

/** Adds a thing that is a member. */
export async function member(discovery: TestDiscovery, name: string): Promise<IssuedCertificate> {
  discovery.members.add(name);
  return discovery.identity.registry.add(name, { days: 10 });
}

export interface RawAnswer {
  readonly status: number;
  /** As sent, spelling included. */
  readonly head: string;
  readonly body: string;
  readonly json: unknown;
}

export async function dial(
  discovery: TestDiscovery,
  device?: IssuedCertificate,
  options: ConnectionOptions & { readonly port?: number } = {},
): Promise<TLSSocket> {
  const { ca } = discovery.identity;
  const socket = connect({
    host: '127.0.0.1',
    port: discovery.server.ports[0],
    servername: '',
    ...(device ? deviceTls(ca, device) : { ca: ca.certificate }),
    ...options,
  });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** Writes the bytes and reads one answer by its `content-length`, as the Python SDK does. */
export async function exchange(socket: TLSSocket, request: string): Promise<RawAnswer> {
  socket.write(request);
  let text = '';
  for (;;) {
    const end = text.indexOf('\r\n\r\n');
    const head = text.slice(0, end + 2);
    const length = Number(/content-length: (\d+)\r\n/.exec(head)?.[1] ?? Number.NaN);
    if (end >= 0 && Number.isNaN(length)) throw new Error(`no content-length in:\n${head}`);
    const body = text.slice(end + 4);
    if (end >= 0 && Buffer.byteLength(body) >= length) {
      const status = Number(/^HTTP\/1\.1 (\d+) /.exec(head)?.[1]);
      return { status, head, body, json: body === '' ? undefined : JSON.parse(body) };
    }
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString();
  }
}

/** The request of the Python SDK, byte for byte. */
export const discoverRequest = (thing: string): string =>
  `GET /greengrass/discover/thing/${thing} HTTP/1.1\r\nHost: 127.0.0.1:8443\r\n\r\n`;

export async function discover(
  discovery: TestDiscovery,
  device: IssuedCertificate | undefined,
  thing: string,
): Promise<RawAnswer> {
  return exchange(await dial(discovery, device), discoverRequest(thing));
}
