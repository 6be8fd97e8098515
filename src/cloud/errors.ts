import { CodedError } from '../../hal/index.js';

export type CloudErrorCode =
  /** The spool is not open: it was not started, or it was stopped. */
  | 'CLOUD_SPOOL_CLOSED'
  /** One entry is larger than the whole spool may be; it is not kept. */
  | 'CLOUD_TOO_LARGE'
  /** More is being written than the spool may hold; the disk is too slow for what comes. */
  | 'CLOUD_SPOOL_BUSY'
  /** The destination will never take this entry; it is set aside and the next one follows. */
  | 'CLOUD_REFUSED'
  /** The table does not exist and may not be created, or has another key. */
  | 'CLOUD_TABLE'
  /** No credentials could be had: from AWS IoT's credentials provider, or from the files that the configuration names. */
  | 'CLOUD_CREDENTIALS'
  /** A shadow request to AWS IoT was rejected, or not answered in time. */
  | 'CLOUD_SHADOW';

/** A failure on the way out of the site. */
export class CloudError extends CodedError {
  constructor(
    readonly code: CloudErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
