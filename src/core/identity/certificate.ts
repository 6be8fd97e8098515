/** Reading certificates: what node:crypto finds in a PEM text, in the words used here. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { messageOf } from '../../../hal/index.js';
import { IdentityError } from './errors.js';

/** A certificate with its key, and what is in it. */
export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** SHA-256 of the certificate, lower-case hex; AWS IoT calls it the certificate id. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** @throws {IdentityError} IDENTITY_CERTIFICATE, naming `from` */
export function readCertificate(pem: string, from: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new IdentityError('IDENTITY_CERTIFICATE', `${from} is no PEM certificate: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** `AA:BB:…` as TLS gives it, or plain hex, as lower-case hex. */
export function normalFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

/** @returns undefined when the key does not belong to the certificate, or one of them is damaged */
export function matchedPair(certificate: string, privateKey: string): IssuedCertificate | undefined {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(privateKey))) return undefined;
  } catch {
    // Damaged files and foreign ones are the same to the caller: they do not fit each other.
    return undefined;
  }
  return {
    certificate,
    privateKey,
    fingerprint: normalFingerprint(parsed.fingerprint256),
    notBefore: new Date(parsed.validFrom),
    notAfter: new Date(parsed.validTo),
  };
}
