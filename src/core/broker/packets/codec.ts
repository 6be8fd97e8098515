/** Doorway of `mqtt-packet`: the packets that are not on the hot path. */

import type {
  IConnackPacket,
  IConnectPacket,
  IDisconnectPacket,
  IPacket,
  ISubscribePacket,
  IUnsubscribePacket,
  Packet,
} from 'mqtt-packet';
import mqttPacket from 'mqtt-packet';
import { ProtocolError } from '../errors.js';
import { returnCodeOf } from './reason.js';

export type ConnectPacket = IConnectPacket;
export type SubscribePacket = ISubscribePacket;
export type UnsubscribePacket = IUnsubscribePacket;
export type DisconnectPacket = IDisconnectPacket;
export type ConnackProperties = NonNullable<IConnackPacket['properties']>;

/** Reads and writes whole packets. One codec serves all connections: nothing stays between two packets. */
export class Codec {
  readonly #parser: ReturnType<typeof mqttPacket.parser>;
  #parsed: Packet | undefined;
  #failure: Error | undefined;

  constructor() {
    // the cache holds a buffer for each of 65,536 numbers; these packets are too rare for that
    mqttPacket.writeToStream.cacheNumbers = false;
    this.#parser = mqttPacket.parser();
    this.#parser.on('packet', (packet) => {
      this.#parsed = packet;
    });
    this.#parser.on('error', (error: Error) => {
      this.#failure = error;
    });
  }

  /**
   * @param frame one whole packet, checked before
   * @throws {ProtocolError} when the codec refuses what the check let through
   */
  decode<P extends IPacket>(frame: Buffer, version: number): P {
    this.#parsed = undefined;
    this.#failure = undefined;
    // the parser takes the version of what it reads from the last CONNECT; here it is the connection's
    (this.#parser as unknown as { settings: object }).settings = { protocolVersion: version };
    const left = this.#parser.parse(frame);
    const packet = this.#parsed as Packet | undefined;
    const failure = this.#failure as Error | undefined;
    if (packet === undefined || failure !== undefined || left > 0) {
      (this.#parser as unknown as { _resetState(): void })._resetState();
      throw ProtocolError.malformed(failure?.message ?? 'packet that cannot be decoded');
    }
    return packet as unknown as P;
  }

  connack(version: number, reason: number, sessionPresent: boolean, properties?: ConnackProperties): Buffer {
    if (version === 5) {
      return this.#generate(
        { cmd: 'connack', reasonCode: reason, sessionPresent, ...(properties && { properties }) },
        version,
      );
    }
    const returnCode = reason === 0 ? 0 : returnCodeOf(reason);
    return this.#generate({ cmd: 'connack', returnCode, sessionPresent }, version);
  }

  /** @param text the reason string; MQTT 5 only */
  suback(version: number, messageId: number, granted: number[], text?: string): Buffer {
    return this.#generate({ cmd: 'suback', messageId, granted, ...reasonString(version, text) }, version);
  }

  unsuback(version: number, messageId: number, granted: number[]): Buffer {
    return this.#generate({ cmd: 'unsuback', messageId, granted }, version);
  }

  /** MQTT 5 only. */
  disconnect(reasonCode: number, text?: string): Buffer {
    return this.#generate({ cmd: 'disconnect', reasonCode, ...reasonString(5, text) }, 5);
  }

  #generate(packet: Packet, protocolVersion: number): Buffer {
    return mqttPacket.generate(packet, { protocolVersion });
  }
}

function reasonString(version: number, text: string | undefined): { properties?: { reasonString: string } } {
  return version === 5 && text !== undefined ? { properties: { reasonString: text } } : {};
}
