/** Doorway of `mqtt`. */

import { isIP } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { type IClientOptions, MqttClient } from 'mqtt';
import { messageOf } from '../../hal/index.js';
import type { Connection, ConnectRequest } from './connection.js';
import { ThingError } from './errors.js';

/** Time in ms for TCP, TLS and CONNACK together. */
const CONNECT_LIMIT_MS = 10_000;
/** Time in ms for an acknowledgement. */
const ACK_LIMIT_MS = 10_000;
const KEEPALIVE_S = 60;

/** Connects by npm `mqtt`: MQTT 5 over mutual TLS, QoS 1. */
export async function connectMqtt(request: ConnectRequest): Promise<Connection> {
  const { address, credentials, signal } = request;
  const where = `${address.host}:${address.port}`;
  if (signal.aborted)
    throw new ThingError(
      'THING_CONNECT',
      `${credentials.thing} could not connect to ${where}: the attempt was ended`,
    );
  const options: IClientOptions = {
    clientId: credentials.thing,
    protocolVersion: 5,
    clean: request.session?.clean ?? true,
    ...(request.session && { properties: { sessionExpiryInterval: request.session.expirySeconds } }),
    keepalive: KEEPALIVE_S,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_LIMIT_MS,
    resubscribe: false,
    queueQoSZero: false,
    manualConnect: true,
  };
  const open = (): ReturnType<typeof tlsConnect> => {
    const socket = tlsConnect({
      host: address.host,
      port: address.port,
      ca: address.ca,
      cert: credentials.certificate,
      key: credentials.privateKey,
      minVersion: 'TLSv1.2',
      // SNI is for names; an address there is against RFC 6066 §3
      ...(isIP(address.host) === 0 && { servername: address.host }),
    });
    socket.setNoDelay(true);
    return socket;
  };
  const client = new MqttClient(open as ConstructorParameters<typeof MqttClient>[0], options);
  let lastError: Error | undefined;
  client.on('error', (error) => {
    lastError = error;
  });
  // at once: what a session kept comes right behind the CONNACK
  client.handleMessage = ({ topic, payload }, acknowledge) => {
    const work = request.onMessage(topic, payload as Buffer);
    if (!(work instanceof Promise)) acknowledge();
    else
      void work.then(() => {
        if (client.connected) acknowledge();
      });
  };
  const sessionPresent = await new Promise<boolean>((resolve, reject) => {
    const fail = (cause: string): void => {
      signal.removeEventListener('abort', onAbort);
      client.end(true);
      reject(
        new ThingError('THING_CONNECT', `${credentials.thing} could not connect to ${where}: ${cause}`, {
          cause: lastError,
        }),
      );
    };
    const onAbort = (): void => fail('the attempt was ended');
    signal.addEventListener('abort', onAbort, { once: true });
    client.once('connect', (connack) => {
      signal.removeEventListener('abort', onAbort);
      client.removeAllListeners('close');
      resolve(connack.sessionPresent === true);
    });
    client.once('close', () =>
      fail(lastError?.message ?? 'the core closed the connection; is the thing a member of its group?'),
    );
    client.connect();
  });
  return liveConnection(client, request, { sessionPresent, lastError: () => lastError });
}

function liveConnection(
  client: MqttClient,
  request: ConnectRequest,
  { sessionPresent, lastError }: { sessionPresent: boolean; lastError: () => Error | undefined },
): Connection {
  const { thing } = request.credentials;
  let closed = false;
  client.once('close', () => {
    closed = true;
    // requests under way would wait for ever otherwise
    client.end(true);
    request.onClose(lastError()?.message ?? 'the connection was closed');
  });
  const acked = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    if (closed) throw new ThingError('THING_OFFLINE', `${thing} is not connected to a core`);
    try {
      return await withLimit(work(), ACK_LIMIT_MS);
    } catch (error) {
      if (closed)
        throw new ThingError('THING_OFFLINE', `${thing} lost its connection during ${what}`, {
          cause: error,
        });
      const code = error instanceof AckTimeout ? 'THING_TIMEOUT' : 'THING_REJECTED';
      throw new ThingError(code, `${thing}: ${what} failed: ${messageOf(error)}`, { cause: error });
    }
  };
  return {
    sessionPresent,
    async subscribe(filters) {
      if (filters.length === 0) return;
      await acked(`subscribing to ${filters.join(', ')}`, () =>
        client.subscribeAsync([...filters], { qos: 1 }),
      );
    },
    async unsubscribe(filters) {
      if (filters.length === 0) return;
      await acked(`unsubscribing from ${filters.join(', ')}`, () => client.unsubscribeAsync([...filters]));
    },
    async publish(topic, payload) {
      await acked(`publishing to ${topic}`, () => client.publishAsync(topic, payload, { qos: 1 }));
    },
    async close() {
      if (closed) return;
      await client.endAsync();
    },
  };
}

class AckTimeout extends Error {}

function withLimit<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new AckTimeout(`no answer within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
