import { CodedError } from '../../../hal/index.js';

export type FunctionErrorCode =
  /** A function cannot run as it is defined (handler, interpreter, user, resource); the message lists every problem. */
  | 'FUNCTION_DEFINITION'
  /** The local HTTP API of the functions cannot listen on its port. */
  | 'FUNCTION_API'
  /** The group has no function of that name. */
  | 'FUNCTION_UNKNOWN'
  /** Too many invocations wait for the function; this one was not accepted. */
  | 'FUNCTION_QUEUE_FULL'
  /** The functions are not running. */
  | 'FUNCTION_STOPPED';

export class FunctionError extends CodedError {
  constructor(
    readonly code: FunctionErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
