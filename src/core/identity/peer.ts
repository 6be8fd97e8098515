/** Who is at the other end of a TLS connection. */
import type { X509Certificate } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import type { Clock } from '../../../hal/index.js';
import type { GroupCa } from './ca.js';
import { type IssuedCertificate, normalFingerprint } from './certificate.js';
import type { ThingRegistry } from './registry.js';

/** The thing, or one sentence for the log that says why it is none. */
export type PeerVerdict =
  | {
      readonly thing: string /** SHA-256 of its certificate, lower-case hex. */;
      readonly certificate: string;
    }
  | { readonly refused: string /** Whose it would be. */; readonly of?: string };

/** What is needed of a `TLSSocket`. */
export interface CertifiedSocket {
  getPeerX509Certificate(): X509Certificate | undefined;
}

/**
 * The thing whose certificate the client showed. TLS has proved that the client holds its key; that the very
 * certificate is known (and not merely one signed by some CA), in its dates and not revoked is found here. The first
 * time that a renewed one is shown ends those before it.
 */
export function authenticate(
  socket: CertifiedSocket,
  { registry, clock }: { readonly registry: ThingRegistry; readonly clock: Clock },
): PeerVerdict {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { refused: 'no client certificate was presented' };
  const thing = registry.identify(certificate);
  if (thing === undefined) {
    return {
      refused: `the certificate "${oneLine(certificate.subject)}", issued by "${oneLine(certificate.issuer)}", is not one of this group`,
    };
  }
  const revokedAt = registry.revokedAt(thing);
  if (revokedAt !== undefined)
    return { refused: `the thing ${thing} was revoked on ${revokedAt}`, of: thing };
  const fingerprint = normalFingerprint(certificate.fingerprint256);
  const endedAt = registry.endedAt(thing, fingerprint);
  if (endedAt !== undefined)
    return {
      refused: `the certificate of ${thing} was replaced by a newer one and ended on ${endedAt}`,
      of: thing,
    };
  const now = clock.now();
  if (now > Date.parse(certificate.validTo)) {
    return { refused: `the certificate of ${thing} expired on ${certificate.validTo}: renew it`, of: thing };
  }
  if (now < Date.parse(certificate.validFrom)) {
    return {
      refused: `the certificate of ${thing} begins on ${certificate.validFrom}: is the clock right?`,
      of: thing,
    };
  }
  registry.shown(thing, fingerprint);
  return { thing, certificate: fingerprint };
}

/**
 * TLS options of a listener for members of the group. The handshake asks for a certificate but does not judge it:
 * {@link authenticate} does, in a sentence, and also for devices whose certificate another CA issued.
 */
export function memberTlsOptions(ca: GroupCa, certificate: IssuedCertificate): TlsOptions {
  return {
    key: certificate.privateKey,
    cert: certificate.certificate,
    ca: ca.certificate,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  };
}

/** A distinguished name comes with one attribute per line, and from a stranger with anything else. */
function oneLine(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]+/g, ', ').slice(0, 200);
}
