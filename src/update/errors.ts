import { CodedError } from '../../hal/index.js';

export type UpdateErrorCode =
  /** This is no installation that can be updated in this way; the message says which way is right. */
  | 'UPDATE_PLACE'
  /** The public key is missing, is no Ed25519 key, or others than root may change it. */
  | 'UPDATE_KEY'
  /** The archive has no signature, or the signature is not of this key, or not for these bytes. */
  | 'UPDATE_SIGNATURE'
  /** The archive is broken, is no package of this application for this machine, or holds what it must not. */
  | 'UPDATE_PACKAGE'
  /** The archive holds an older version than the one that runs. */
  | 'UPDATE_DOWNGRADE'
  /** The disk has too little room. */
  | 'UPDATE_SPACE'
  /** The new release does not start here, or refuses the present configuration. */
  | 'UPDATE_TRIAL'
  /** The new release did not become ready, or not stay healthy; the former one runs again. */
  | 'UPDATE_HEALTH'
  /** The update was ended before its end, by loss of power or a signal. */
  | 'UPDATE_INTERRUPTED';

export class UpdateError extends CodedError {
  constructor(
    readonly code: UpdateErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
