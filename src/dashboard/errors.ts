import { CodedError } from '../../hal/index.js';

export type DashboardErrorCode =
  /** The page would be open without TLS, or beyond loopback without token and client certificates; the message says what is missing. */
  | 'DASHBOARD_OPEN'
  /** The address cannot be listened on; the message says why. */
  | 'DASHBOARD_LISTEN'
  /** A page asked for something that there is not, or in a form that is not right. */
  | 'DASHBOARD_REQUEST'
  /** The page is a mirror only: the hardware is real and `dashboard.unlock` is not set. */
  | 'DASHBOARD_LOCKED';

export class DashboardError extends CodedError {
  constructor(
    readonly code: DashboardErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
