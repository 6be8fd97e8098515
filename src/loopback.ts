/** What is asked of addresses before something is served over plain HTTP. */
import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host === 'localhost' : LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Whether a request's Host names this machine: any address, or one of `names` (lower case). A name that another's DNS
 * points here (rebinding) is not one of ours; an address cannot be rebound.
 */
export function isOwnHost(header: string | undefined, names: ReadonlySet<string>): boolean {
  if (header === undefined) return false;
  const name = header.toLowerCase().replace(/:\d+$/, '');
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || names.has(name);
}
