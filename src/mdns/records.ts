/** What a core says of itself: PTR → SRV, TXT → A, AAAA (RFC 6763). */
import { isIPv4, isIPv6 } from 'node:net';
import type { Answer } from './socket.js';

/** RFC 6763 §7: at most 15 characters before the protocol. */
export const SERVICE = '_greengrass-core._tcp.local';
/** RFC 6763 §9: asked by who wants to know what services there are. */
export const ALL_SERVICES = '_services._dns-sd._udp.local';

/** Seconds, as RFC 6762 §10 recommends: what names a host, and the rest. */
const HOST_TTL = 120;
const OTHER_TTL = 4_500;
/** RFC 1035: bytes of one label, and of one text. */
const LABEL = 63;

export interface CoreAnnouncement {
  /** The core's thing name. */
  readonly core: string;
  readonly groupId: string;
  /** SHA-256 of the group CA's certificate, lower-case hex: by it a client knows its own group's core. */
  readonly caFingerprint: string;
  /** Of discovery. */
  readonly port: number;
  /** Host names and addresses that the server certificate carries, best first. */
  readonly addresses: readonly string[];
}

/** A part of the fingerprint makes names unique, so that no two cores contend for one (RFC 6762 §9). */
export function names({ core, caFingerprint }: CoreAnnouncement): { instance: string; host: string } {
  const tag = caFingerprint.slice(0, 12);
  const label = `${core.slice(0, LABEL - tag.length - 1)}-${tag}`;
  return { instance: `${label}.${SERVICE}`, host: `greenlight-${tag}.local` };
}

/** @param gone true: they are no more (RFC 6762 §10.1) */
export function recordsOf(announcement: CoreAnnouncement, gone = false): Answer[] {
  const { core, groupId, caFingerprint, port, addresses } = announcement;
  const { instance, host } = names(announcement);
  const ttl = (seconds: number): number => (gone ? 0 : seconds);
  const hosts = addresses.filter((address) => !isIPv4(address) && !isIPv6(address));
  const text = [
    'txtvers=1',
    `core=${core}`,
    `group=${groupId}`,
    `ca=${caFingerprint}`,
    ...(hosts.length > 0 ? [`hosts=${hosts.join(',')}`.slice(0, 255)] : []),
  ];
  return [
    { type: 'PTR', name: SERVICE, ttl: ttl(OTHER_TTL), data: instance },
    { type: 'SRV', name: instance, ttl: ttl(HOST_TTL), flush: true, data: { port, target: host } },
    { type: 'TXT', name: instance, ttl: ttl(OTHER_TTL), flush: true, data: text },
    ...addresses.flatMap((data): Answer[] => {
      if (isIPv4(data)) return [{ type: 'A', name: host, ttl: ttl(HOST_TTL), flush: true, data }];
      if (isIPv6(data)) return [{ type: 'AAAA', name: host, ttl: ttl(HOST_TTL), flush: true, data }];
      return [];
    }),
  ];
}

/** The `key=value` texts of a TXT record. */
export function parseText(data: unknown): ReadonlyMap<string, string> {
  const texts = Array.isArray(data) ? data : [data];
  const entries = new Map<string, string>();
  for (const text of texts) {
    const line = Buffer.isBuffer(text) ? text.toString('utf8') : String(text);
    const at = line.indexOf('=');
    if (at > 0) entries.set(line.slice(0, at).toLowerCase(), line.slice(at + 1));
  }
  return entries;
}
