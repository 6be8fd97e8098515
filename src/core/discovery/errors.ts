import { CodedError } from '../../../hal/index.js';

export type DiscoveryErrorCode =
  /** The address or port cannot be listened on: taken, not this machine's, or below 1024 without the right to it. */
  'DISCOVERY_LISTEN';

/** A failure of the discovery server. */
export class DiscoveryError extends CodedError {
  constructor(
    readonly code: DiscoveryErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
