/**
 * The message manager alone on a loopback port, without certificates: `npx tsx test/mqtt/open-broker.ts [port]`, for any
 * public MQTT suite to be pointed at. Tests and the bench start it from here, too.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { pathToFileURL } from 'node:url';
import { type Clock, SILENT, SystemClock } from '../../hal/index.js';
import {
  ALLOWED,
  Broker,
  type BrokerLimits,
  type BrokerPolicy,
  memorySessions,
  type SessionStore,
} from '../../src/core/broker/index.js';

/** Everybody may do everything. */
export const OPEN: BrokerPolicy = {
  connect: () => ALLOWED,
  publish: () => ALLOWED,
  subscribe: () => ALLOWED,
  pass: () => true,
};

export interface OpenBroker {
  readonly broker: Broker;
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export interface OpenBrokerOptions {
  readonly port?: number;
  readonly policy?: Partial<BrokerPolicy>;
  readonly limits?: Partial<BrokerLimits>;
  readonly sessions?: SessionStore;
  readonly clock?: Clock;
}

export async function openBroker(options: OpenBrokerOptions = {}): Promise<OpenBroker> {
  const { port = 0, policy, limits = {}, sessions = memorySessions(), clock = new SystemClock() } = options;
  const broker = new Broker({ policy: { ...OPEN, ...policy }, sessions, clock, log: SILENT, limits });
  await broker.start(new AbortController().signal);
  const server = createServer({ noDelay: true }, (socket) => {
    broker.accept(socket, { address: `${socket.remoteAddress}:${socket.remotePort}` });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, backlog: 4_096 }, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    broker,
    port: bound,
    url: `mqtt://127.0.0.1:${bound}`,
    close: () => close(server, broker),
  };
}

async function close(server: Server, broker: Broker): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  await broker.stop();
  await closed;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const opened = await openBroker({ port: Number(process.argv[2] ?? 0) });
  console.log(opened.url);
}
