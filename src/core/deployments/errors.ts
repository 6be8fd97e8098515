import { CodedError } from '../../../hal/index.js';

export type DeploymentErrorCode =
  /** Another deployment is under way; wait until it has ended. */
  | 'DEPLOYMENT_BUSY'
  /** There is no deployment of that id, or its group is no longer kept. */
  | 'DEPLOYMENT_UNKNOWN'
  /** The core is not running, so nothing can be deployed to it. */
  | 'DEPLOYMENT_STOPPED'
  /** A file is no Greengrass V1 definition, or the files together make no group. */
  | 'DEPLOYMENT_IMPORT';

export class DeploymentError extends CodedError {
  constructor(
    readonly code: DeploymentErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
