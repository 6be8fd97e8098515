import { CodedError } from '../../../hal/index.js';

export type IdentityErrorCode =
  /** A name that a thing may not have; the message says which characters are allowed or what holds the name. */
  | 'IDENTITY_NAME'
  /** The thing already has a certificate, or the certificate belongs to another thing. */
  | 'IDENTITY_EXISTS'
  /** No thing of that name has a certificate here. */
  | 'IDENTITY_UNKNOWN'
  /** The thing's certificates were revoked. */
  | 'IDENTITY_REVOKED'
  /** The clock is outside the validity of the certificates; set it first. */
  | 'IDENTITY_CLOCK'
  /** What is given is no certificate, fingerprint or host name. */
  | 'IDENTITY_CERTIFICATE'
  /** A file of the CA or of a thing is missing, unreadable or does not fit the others. */
  | 'IDENTITY_DAMAGED'
  /** The disk refused; the message names the file. */
  | 'IDENTITY_IO';

/** A failure of the group's certificates and keys. */
export class IdentityError extends CodedError {
  constructor(
    readonly code: IdentityErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
