import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import { AdvertisedAddresses, type Interfaces, siteAddresses } from '../../../src/core/discovery/index.js';
import { recordingLog } from '../identity/support.js';

const at = (address: string, internal = false): NetworkInterfaceInfo => {
  const base = { address, internal, netmask: '', mac: '', cidr: null };
  return address.includes(':') ? { ...base, family: 'IPv6', scopeid: 0 } : { ...base, family: 'IPv4' };
};

describe('the addresses of a machine', () => {
  it('are those that others can dial, IPv4 first', () => {
    const interfaces = {
      lo: [at('127.0.0.1', true), at('::1', true)],
      eth0: [at('fe80::1'), at('2001:db8::5'), at('192.168.1.5')],
      wlan0: [at('169.254.7.7'), at('10.0.0.7')],
    };
    expect(siteAddresses(interfaces)).toEqual(['192.168.1.5', '10.0.0.7', '2001:db8::5']);
  });

  it('are the local one where there is no network', () => {
    expect(siteAddresses({ lo: [at('127.0.0.1', true)] })).toEqual(['127.0.0.1']);
  });
});

describe('advertised addresses', () => {
  it('are as configured', async () => {
    const clock = new VirtualClock();
    const addresses = new AdvertisedAddresses({
      configured: ['core.local', '10.0.0.1'],
      clock,
      log: recordingLog(),
    });
    await addresses.start(new AbortController().signal);
    expect(addresses.current).toEqual(['core.local', '10.0.0.1']);
    expect(clock.pending).toBe(0);
  });

  it('follow the machine where that is configured, and tell of changes once', async () => {
    const clock = new VirtualClock();
    const log = recordingLog();
    let interfaces: Interfaces = { eth0: [at('192.168.1.5')] };
    const addresses = new AdvertisedAddresses({
      configured: ['core.local', 'auto', '192.168.1.5'],
      interfaces: () => interfaces,
      clock,
      log,
    });
    await addresses.start(new AbortController().signal);
    expect(addresses.current).toEqual(['core.local', '192.168.1.5']);
    const told: (readonly string[])[] = [];
    addresses.onChanged((now) => told.push(now));
    await clock.advance(60_000);
    expect(told).toEqual([]);
    interfaces = { eth0: [at('192.168.7.9')] };
    await clock.advance(60_000);
    expect(told).toEqual([['core.local', '192.168.7.9', '192.168.1.5']]);
    expect(log.lines).toHaveLength(1);
    await addresses.stop();
    expect(clock.pending).toBe(0);
  });
});
