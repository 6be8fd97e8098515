import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, VirtualClock } from '../../hal/index.js';
import { CoreAnnouncer, CoreFinder } from '../../src/mdns/index.js';
import { ALL_SERVICES, names, recordsOf, SERVICE } from '../../src/mdns/records.js';
import { type Answer, Mdns, type ResponsePacket } from '../../src/mdns/socket.js';
import { until } from '../support/until.js';
import { announce, CA, crossing, finder, loopback, neighbour } from './support.js';

const answersOf = ({ answers = [] }: ResponsePacket): readonly Answer[] => answers;

describe('a core on the local network', () => {
  it('is found by who trusts its CA, with all its addresses, best first', async () => {
    const socket = await loopback();
    await announce(socket, () =>
      crossing({ addresses: ['192.0.2.7', 'core.lan', '127.0.0.1', '2001:db8::7'] }),
    );
    await announce(socket, () => crossing({ core: 'Neighbour', caFingerprint: 'cd'.repeat(32) }));
    expect(await finder(socket).find(CA)).toEqual([
      {
        core: 'Greenlight_Core',
        hosts: ['192.0.2.7', '127.0.0.1', '2001:db8::7', 'core.lan'],
        port: 8443,
      },
    ]);
  });

  it('is found by a client that looked before it was there', async () => {
    const socket = await loopback();
    const found = finder(socket).find(CA);
    await announce(socket, () => crossing());
    expect(await found).toHaveLength(1);
  });

  it('announces itself again when its addresses have changed, and says goodbye', async () => {
    const socket = await loopback();
    const other = await neighbour(socket);
    const heard: ResponsePacket[] = [];
    other.events.on('response', (response) => void heard.push(response));
    let addresses = ['192.0.2.7'];
    const announcer = await announce(socket, () => crossing({ addresses }));
    const last = (type: string) => heard.at(-1) && answersOf(heard.at(-1)!).find((one) => one.type === type);
    await until(() => (last('A') as { data?: string } | undefined)?.data === '192.0.2.7');
    addresses = ['192.0.2.8'];
    announcer.announce();
    await until(() => (last('A') as { data?: string } | undefined)?.data === '192.0.2.8');
    expect(announcer.status()).toMatchObject({ state: 'ok', figures: { addresses: '192.0.2.8' } });
    await announcer.stop();
    await until(() => (last('PTR') as { ttl?: number } | undefined)?.ttl === 0);
  });

  it('answers a hundred questions once', async () => {
    const socket = await loopback();
    const clock = new VirtualClock();
    const announcer = new CoreAnnouncer({ announcement: crossing, socket, clock, log: SILENT });
    expect(announcer.status()).toMatchObject({
      state: 'degraded',
      cause: 'not announced on the local network: there is none yet',
    });
    const other = await neighbour(socket);
    let heard = 0;
    other.events.on('response', () => {
      heard += 1;
    });
    await announcer.start(new AbortController().signal);
    await until(() => heard === 1);
    await clock.advance(10_000);
    await until(() => heard === 2);
    let asked = 0;
    other.events.on('query', () => {
      asked += 1;
    });
    for (let n = 0; n < 100; n += 1) void other.query({ name: SERVICE, type: 'PTR' });
    void other.query({ name: 'printer.local', type: 'A' });
    await until(() => asked === 101);
    await clock.advance(10_000);
    await until(() => heard === 3);
    void other.query({ name: ALL_SERVICES, type: 'PTR' });
    await until(() => asked === 102);
    await clock.advance(10_000);
    await until(() => heard === 4);
    const stopped = announcer.stop();
    await clock.advance(1_000);
    await stopped;
    await until(() => heard === 5);
  });

  it('is not announced by addresses that lead others to themselves', async () => {
    const announcer = new CoreAnnouncer({
      announcement: () => crossing({ addresses: ['127.0.0.1', 'localhost'] }),
      // never started: nothing is sent
      socket: {},
      clock: new VirtualClock(),
      log: SILENT,
    });
    expect(announcer.status()).toMatchObject({
      state: 'degraded',
      cause: 'not announced on the local network: core.advertise has no address that others can reach',
    });
    await announcer.stop();
  });
});

describe('looking for a core', () => {
  it('ends without one after five seconds', async () => {
    const clock = new VirtualClock();
    const looking = new CoreFinder({ socket: await loopback(), clock, log: SILENT }).find(CA);
    await clock.advance(4_999);
    const early = await Promise.race([looking, Promise.resolve('looking')]);
    expect(early).toBe('looking');
    await clock.advance(1);
    expect(await looking).toEqual([]);
  });

  it('is done once for all that look at the same time', async () => {
    const socket = await loopback();
    const other = await neighbour(socket);
    let asked = 0;
    other.events.on('query', () => {
      asked += 1;
    });
    const one = finder(socket);
    const all = Array.from({ length: 50 }, () => one.find(CA));
    await until(() => asked === 1);
    await announce(socket, () => crossing());
    expect(new Set(await Promise.all(all)).size).toBe(1);
    expect(asked).toBeLessThanOrEqual(2);
  });

  it('takes records that come apart, and none that are not there any more', async () => {
    const socket = await loopback();
    const other = await neighbour(socket);
    const found = finder(socket).find(CA);
    const announcement = crossing({ addresses: ['192.0.2.9'] });
    await new Promise<void>((resolve) => other.events.once('query', () => resolve()));
    await other.respond(recordsOf(crossing({ core: 'Gone', addresses: ['192.0.2.1'] })).slice(0, 1));
    await other.respond(recordsOf(crossing({ core: 'Gone', addresses: ['192.0.2.1'] }), true));
    for (const record of recordsOf(announcement)) await other.respond([record]);
    expect(await found).toEqual([{ core: 'Greenlight_Core', hosts: ['192.0.2.9'], port: 8443 }]);
  });
});

describe('sockets', () => {
  it('follow the interfaces that come and go, and say what one cannot', async () => {
    const { port = 0 } = await loopback();
    let addresses: readonly string[] = [];
    const mdns = new Mdns({ port }, () => addresses);
    onTestFinished(() => mdns.close());
    const troubles: string[] = [];
    let opened = 0;
    mdns.events.on('trouble', (error) => void troubles.push(error.message));
    mdns.events.on('opened', () => {
      opened += 1;
    });
    mdns.look();
    // nowhere to say it
    expect(await mdns.query({ name: SERVICE, type: 'PTR' })).toBe(false);
    addresses = ['127.0.0.1'];
    mdns.look();
    mdns.look();
    await until(() => opened === 1);
    expect(await mdns.query({ name: SERVICE, type: 'PTR' })).toBe(true);
    // of a network that this machine is not in
    addresses = ['127.0.0.1', '203.0.113.9'];
    mdns.look();
    await until(() => troubles.length > 0);
    expect(await mdns.query({ name: SERVICE, type: 'PTR' })).toBe(true);
    addresses = [];
    mdns.look();
    expect(await mdns.query({ name: SERVICE, type: 'PTR' })).toBe(false);
  });
});

it('names are legal and different for different groups, whatever the core is called', () => {
  const hex = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9:_-]{1,128}$/), hex, (core, digits) => {
      const { instance, host } = names(crossing({ core, caFingerprint: digits.join('') }));
      for (const label of [...instance.split('.'), ...host.split('.')]) {
        expect(Buffer.byteLength(label)).toBeLessThanOrEqual(63);
      }
      expect(instance).toContain(digits.slice(0, 12).join(''));
    }),
    { numRuns: 50 },
  );
});
