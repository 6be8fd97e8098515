/** What is kept of a thing's identity, in `things/NAME/record.json`. */
import { isJsonObject } from '../../../hal/index.js';
import { IdentityError } from './errors.js';

export interface ThingRecord {
  readonly name: string;
  /** SHA-256 of the certificates that the thing may show until they expire, lower-case hex, newest last. */
  readonly fingerprints: readonly string[];
  /**
   * Certificates that a renewal replaced, newest last: good until a newer one was shown, so that nothing breaks while
   * the new files travel, and no longer than until the time given. Those that ended are kept to be told by name.
   */
  readonly older?: readonly OlderCertificate[];
  /** ISO 8601, of the newest certificate. */
  readonly issuedAt: string;
  /** ISO 8601, of the newest certificate; null where only a fingerprint is known. */
  readonly expiresAt: string | null;
  /** ISO 8601; null: valid. */
  readonly revoked: string | null;
  /** Whether the certificate alone makes the thing a member of the group, without standing in the configuration. */
  readonly joins: boolean;
}

export interface OlderCertificate {
  readonly fingerprint: string;
  /** ISO 8601: refused from then on. */
  readonly until: string;
}

/** A thing may show this many certificates that none replaced; beyond, the oldest is forgotten. */
export const KEPT_FINGERPRINTS = 3;
/** Certificates of this many renewals are known; beyond, the oldest is forgotten. */
export const KEPT_OLDER = 8;

const FINGERPRINT = /^[0-9a-f]{64}$/;

export function isFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}

/** @throws {IdentityError} IDENTITY_DAMAGED, naming the file */
export function parseRecord(text: string, path: string, name: string): ThingRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new IdentityError('IDENTITY_DAMAGED', `${path} is not JSON; restore it, or remove the folder`, {
      cause: error,
    });
  }
  if (!isRecord(value, name)) {
    throw new IdentityError(
      'IDENTITY_DAMAGED',
      `${path} is not the record of ${name}; restore it, or remove the folder`,
    );
  }
  return value;
}

export function formatRecord(record: ThingRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

function isRecord(value: unknown, name: string): value is ThingRecord & object {
  if (!isJsonObject(value)) return false;
  const { fingerprints, older = [], issuedAt, expiresAt, revoked, joins } = value;
  return (
    value.name === name &&
    Array.isArray(fingerprints) &&
    fingerprints.every((entry) => typeof entry === 'string' && isFingerprint(entry)) &&
    Array.isArray(older) &&
    older.every(isOlder) &&
    isTime(issuedAt) &&
    (expiresAt === null || isTime(expiresAt)) &&
    (revoked === null || isTime(revoked)) &&
    typeof joins === 'boolean'
  );
}

function isOlder(value: unknown): value is OlderCertificate {
  if (!isJsonObject(value)) return false;
  return typeof value.fingerprint === 'string' && isFingerprint(value.fingerprint) && isTime(value.until);
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
