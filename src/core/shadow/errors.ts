import { CodedError } from '../../../hal/index.js';

export type ShadowErrorCode =
  /** Protocol code 400: the request breaks a rule of the shadow protocol; the message is the protocol's text. */
  | 'SHADOW_BAD_REQUEST'
  /** Protocol code 403: a thing asked over HTTPS for a shadow that is not its own. */
  | 'SHADOW_FORBIDDEN'
  /** Protocol code 404: there is no such shadow, or it was deleted. */
  | 'SHADOW_NOT_FOUND'
  /** Protocol code 405: the HTTPS resource does not know this method. */
  | 'SHADOW_METHOD_NOT_ALLOWED'
  /** Protocol code 409: the version in the request is not the current one; get the shadow and try again. */
  | 'SHADOW_VERSION_CONFLICT'
  /** Protocol code 413: the request, or the document that it would make, is larger than allowed. */
  | 'SHADOW_TOO_LARGE'
  /** Protocol code 415: the payload is not UTF-8. */
  | 'SHADOW_ENCODING'
  /** Protocol code 429: too many unanswered requests; wait for answers before asking more. */
  | 'SHADOW_TOO_MANY_REQUESTS'
  /** Protocol code 500: the store refused; nothing was changed. The cause is in the log. */
  | 'SHADOW_INTERNAL'
  /** Protocol code 503: the shadow service is not running. */
  | 'SHADOW_STOPPED';

/** The number that the protocol puts in `code`. */
export type ProtocolCode = 400 | 403 | 404 | 405 | 409 | 413 | 415 | 429 | 500 | 503;

const PROTOCOL_CODE: Readonly<Record<ShadowErrorCode, ProtocolCode>> = {
  SHADOW_BAD_REQUEST: 400,
  SHADOW_FORBIDDEN: 403,
  SHADOW_NOT_FOUND: 404,
  SHADOW_METHOD_NOT_ALLOWED: 405,
  SHADOW_VERSION_CONFLICT: 409,
  SHADOW_TOO_LARGE: 413,
  SHADOW_ENCODING: 415,
  SHADOW_TOO_MANY_REQUESTS: 429,
  SHADOW_INTERNAL: 500,
  SHADOW_STOPPED: 503,
};

/**
 * A request that was not carried out. The message is the text that the AWS IoT developer guide gives in "Device Shadow
 * error messages", because clients show it; where the guide has none, it is ours.
 */
export class ShadowError extends CodedError {
  constructor(
    readonly code: ShadowErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** `code` of the rejected message and status of the HTTPS answer. */
  get protocolCode(): ProtocolCode {
    return PROTOCOL_CODE[this.code];
  }
}

export function badRequest(message: string): ShadowError {
  return new ShadowError('SHADOW_BAD_REQUEST', message);
}

export function noSuchShadow(shadow: string | undefined): ShadowError {
  return new ShadowError('SHADOW_NOT_FOUND', `No shadow exists with name: ${shadow ?? 'Unnamed Shadow'}`);
}

export function versionConflict(): ShadowError {
  return new ShadowError('SHADOW_VERSION_CONFLICT', 'Version conflict');
}

export function tooLarge(): ShadowError {
  return new ShadowError('SHADOW_TOO_LARGE', 'The payload exceeds the maximum size allowed');
}

export function notUtf8(): ShadowError {
  // sic: the guide's own wording
  return new ShadowError('SHADOW_ENCODING', 'Unsupported documented encoding; supported encoding is UTF-8');
}

export function tooManyRequests(): ShadowError {
  return new ShadowError('SHADOW_TOO_MANY_REQUESTS', 'Too Many Requests');
}

export function internalFailure(cause: unknown): ShadowError {
  return new ShadowError('SHADOW_INTERNAL', 'Internal service failure', { cause });
}

export function notRunning(): ShadowError {
  return new ShadowError('SHADOW_STOPPED', 'The shadow service is not running');
}
