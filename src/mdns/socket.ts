/** The doorway to `multicast-dns`. */
import mdns from 'multicast-dns';

export type { Answer } from 'dns-packet';
export type { MulticastDNS, QueryPacket, ResponsePacket } from 'multicast-dns';

export interface MdnsOptions {
  /** IPv4 address of the interface. Absent: what is sent goes where the default route does, and all are listened on. */
  readonly interface?: string;
  /** Default 5353, where every responder listens. */
  readonly port?: number;
}

/** An open socket. What is wrong with the network comes as `warning`, with the socket as `error`. */
export function openMdns({ interface: own, port }: MdnsOptions): mdns.MulticastDNS {
  return mdns({
    ...(own !== undefined && { interface: own }),
    ...(port !== undefined && { port }),
    // a socket that is bound to the interface's address is given no multicast
    bind: '0.0.0.0',
  });
}
