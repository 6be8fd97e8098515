/** What is kept of a thing's identity, in `things/NAME/record.json`. */
import { isJsonObject } from '../../../hal/index.js';
import { IdentityError } from './errors.js';

export interface ThingRecord {
  readonly name: string;
  /**
   * SHA-256 of the certificates that the thing may show, lower-case hex, newest last. A renewed thing has the old one
   * too, until it expires, so that nothing breaks while the new files travel.
   */
  readonly fingerprints: readonly string[];
  /** ISO 8601, of the newest certificate. */
  readonly issuedAt: string;
  /** ISO 8601, of the newest certificate; null where only a fingerprint is known. */
  readonly expiresAt: string | null;
  /** ISO 8601; null: valid. */
  readonly revoked: string | null;
  /** Whether the certificate alone makes the thing a member of the group, without standing in the configuration. */
  readonly joins: boolean;
}

/** A renewed thing keeps the certificates of this many renewals, counting the newest. */
export const KEPT_FINGERPRINTS = 3;

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
  const { fingerprints, issuedAt, expiresAt, revoked, joins } = value;
  return (
    value.name === name &&
    Array.isArray(fingerprints) &&
    fingerprints.every((entry) => typeof entry === 'string' && isFingerprint(entry)) &&
    isTime(issuedAt) &&
    (expiresAt === null || isTime(expiresAt)) &&
    (revoked === null || isTime(revoked)) &&
    typeof joins === 'boolean'
  );
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
