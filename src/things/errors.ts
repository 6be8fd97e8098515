import { CodedError } from '../../hal/index.js';

export type ThingErrorCode =
  /** No connection to a core at this moment; asked again after the next connect. */
  | 'THING_OFFLINE'
  /** The core did not answer in time. */
  | 'THING_TIMEOUT'
  /** The core refused the connection, or no address of it could be reached. */
  | 'THING_CONNECT'
  /** Discovery gave no core: not a member, refused, or no server at that address. */
  | 'THING_DISCOVERY'
  /** The shadow service rejected a request; the message has its code and text. */
  | 'THING_REJECTED'
  /** The thing's certificate or key cannot be read. */
  | 'THING_CREDENTIALS';

/** A failure between a thing and its core. */
export class ThingError extends CodedError {
  constructor(
    readonly code: ThingErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The shadow service said no; `status` is its code: 400, 404, 409, 413, 429, 500 … */
export class ShadowRejection extends ThingError {
  constructor(
    readonly status: number,
    readonly text: string,
    where: string,
  ) {
    super('THING_REJECTED', `${where} was rejected: ${status} ${text}`);
  }
}
