import { CodedError } from '../../hal/index.js';

export type StoreErrorCode =
  /** Another process holds the folder. */
  | 'STORE_BUSY'
  /** The folder cannot be opened, or what is in it is damaged. */
  | 'STORE_OPEN'
  /** The disk refused a write; nothing of it was applied. */
  | 'STORE_WRITE'
  /** Used after close. */
  | 'STORE_CLOSED';

export class StoreError extends CodedError {
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
