import { CodedError } from '../../hal/index.js';

export type ControlErrorCode =
  /** No instance runs on that state folder, or this user may not speak to it. */
  | 'CONTROL_UNREACHABLE'
  /** The running instance refused the request; the message is its own. */
  | 'CONTROL_REFUSED'
  /** Another instance runs on the same state folder. */
  | 'CONTROL_TAKEN';

export class ControlError extends CodedError {
  constructor(
    readonly code: ControlErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
