import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { SILENT, SystemClock } from '../../hal/index.js';
import { ALLOWED, Broker, type BrokerPolicy, memorySessions } from '../../src/core/broker/index.js';
import { TlsListener } from '../../src/core/listener/index.js';
import type { CoreAddress, Credentials } from '../../src/things/connection.js';
import { pki } from './pki.js';

/** A broker with mutual TLS somewhere else: it stands for AWS IoT or another core. Its line can be cut. */
export interface FarBroker {
  readonly broker: Broker;
  readonly address: CoreAddress;
  /** Past the line. */
  readonly direct: CoreAddress;
  thing(name: string): Promise<Credentials>;
  /** Ends every connection and lets none in. */
  cut(): void;
  mend(): void;
  /** Ends every connection, lets none in for a moment, and is back on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function farBroker(policy: Partial<BrokerPolicy> = {}): Promise<FarBroker> {
  const { ca, server, thing } = await pki();
  const clock = new SystemClock();
  const never = new AbortController().signal;
  const broker = new Broker({
    policy: {
      connect: () => ALLOWED,
      publish: () => ALLOWED,
      subscribe: () => ALLOWED,
      pass: () => true,
      ...policy,
    },
    sessions: memorySessions(),
    clock,
    log: SILENT,
  });
  const listenerOn = (port: number) =>
    new TlsListener({
      host: '127.0.0.1',
      port,
      credentials: () => ({ key: server.privateKey, cert: server.certificate, ca }),
      authenticate: (socket) =>
        socket.authorized
          ? { thing: String(socket.getPeerCertificate().subject.CN) }
          : { refused: String(socket.authorizationError) },
      acceptor: broker,
      log: SILENT,
    });
  await broker.start(never);
  let listener = listenerOn(0);
  await listener.start(never);
  const line = await wire(listener.address().port);
  return {
    broker,
    address: { host: '127.0.0.1', port: line.port, ca },
    direct: { ...listener.address(), ca },
    thing,
    cut: () => line.cut(),
    mend: () => line.mend(),
    restart: async () => {
      const { port } = listener.address();
      line.cut();
      await listener.stop();
      listener = listenerOn(port);
      await listener.start(never);
      line.mend();
    },
    stop: async () => {
      line.close();
      await listener.stop();
      await broker.stop();
    },
  };
}

/** A TCP line to a port of this machine that can be cut. @param at its own port and the address of the other end */
export async function wire(to: number, at: { readonly port?: number; readonly host?: string } = {}) {
  let open = true;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    if (!open) {
      near.destroy();
      return;
    }
    const far = connect({ host: at.host ?? '127.0.0.1', port: to, noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      // an end of the line is what is being tried
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(at.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      open = false;
      drop();
    },
    mend: () => {
      open = true;
    },
    close: () => {
      open = false;
      drop();
      server.close();
    },
  };
}
