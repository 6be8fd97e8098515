import { CodedError } from '../../hal/index.js';

export type MetricsErrorCode =
  /** The address for metrics and health cannot be listened on; the message says why. */
  'METRICS_LISTEN';

export class MetricsError extends CodedError {
  constructor(
    readonly code: MetricsErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
