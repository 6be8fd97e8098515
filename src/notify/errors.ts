import { CodedError } from '../../hal/index.js';

export type NotifyErrorCode =
  /** The unit has a watchdog, but this process has no way to feed it; the message says why. */
  'NOTIFY_UNAVAILABLE';

export class NotifyError extends CodedError {
  constructor(
    readonly code: NotifyErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
