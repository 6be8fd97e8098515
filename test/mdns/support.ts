import { createSocket } from 'node:dgram';
import { onTestFinished } from 'vitest';
import { SILENT, SystemClock } from '../../hal/index.js';
import { type CoreAnnouncement, CoreAnnouncer, CoreFinder, type MdnsOptions } from '../../src/mdns/index.js';
import { Mdns } from '../../src/mdns/socket.js';

/** Multicast on loopback only, at a port that nobody else listens on. */
export async function loopback(): Promise<MdnsOptions> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return { interface: '127.0.0.1', port };
}

export const CA = 'ab'.repeat(32);

export function crossing(more: Partial<CoreAnnouncement> = {}): CoreAnnouncement {
  return {
    core: 'Greenlight_Core',
    groupId: 'group-1',
    caFingerprint: CA,
    port: 8443,
    addresses: ['127.0.0.1'],
    ...more,
  };
}

export async function announce(
  socket: MdnsOptions,
  announcement: () => CoreAnnouncement,
): Promise<CoreAnnouncer> {
  const announcer = new CoreAnnouncer({ announcement, socket, clock: new SystemClock(), log: SILENT });
  await announcer.start(new AbortController().signal);
  onTestFinished(() => announcer.stop());
  return announcer;
}

export function finder(socket: MdnsOptions, clock = new SystemClock()): CoreFinder {
  return new CoreFinder({ socket, clock, log: SILENT });
}

/** Another program on the network. */
export async function neighbour(socket: MdnsOptions): Promise<Mdns> {
  const opened = new Mdns(socket);
  onTestFinished(() => opened.close());
  const ready = new Promise<void>((resolve) => opened.events.once('opened', () => resolve()));
  opened.look();
  await ready;
  return opened;
}
