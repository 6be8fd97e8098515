import { CodedError } from '../../../hal/errors.js';
import { Reason } from './packets/reason.js';

export type BrokerErrorCode =
  /** A topic, filter or payload that MQTT or the broker's limits do not allow. */
  | 'BROKER_ARGUMENT'
  /** The peer broke the protocol; its connection is closed. */
  | 'BROKER_PROTOCOL'
  /** The session store failed; what was to be kept is not. */
  | 'BROKER_STORE'
  /** The broker was stopped, or the port closed. */
  | 'BROKER_STOPPED';

export class BrokerError extends CodedError {
  constructor(
    readonly code: BrokerErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** What a client must not do. `reason` is the MQTT 5 reason code of the DISCONNECT or CONNACK that answers it. */
export class ProtocolError extends BrokerError {
  constructor(
    readonly reason: number,
    message: string,
  ) {
    super('BROKER_PROTOCOL', message);
  }

  static malformed(message: string): ProtocolError {
    return new ProtocolError(Reason.malformedPacket, message);
  }
}
