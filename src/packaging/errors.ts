import { CodedError } from '../../hal/index.js';

export type PackageErrorCode =
  /** The configuration has nothing that such a package is about. */
  | 'PACKAGE_NOTHING'
  /** What the configuration asks for does not fit into the limits of AWS. */
  | 'PACKAGE_LIMIT';

/** A package that cannot be made of a configuration. */
export class PackageError extends CodedError {
  constructor(
    readonly code: PackageErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
