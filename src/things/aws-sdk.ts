/** Doorway of `aws-iot-device-sdk-v2`, an optional package, loaded with the first connection. */
import { isIP } from 'node:net';
import type { iot, mqtt5 } from 'aws-iot-device-sdk-v2';
import { messageOf } from '../../hal/index.js';
import type { Connection, ConnectRequest } from './connection.js';
import { ThingError } from './errors.js';

type Sdk = typeof import('aws-iot-device-sdk-v2');

/** Time in ms for TCP, TLS and CONNACK together. */
const CONNECT_LIMIT_MS = 8_000;
const ACK_LIMIT_S = 10;
const PING_LIMIT_MS = 10_000;
const KEEPALIVE_S = 60;
/** Ends by itself after this long in ms even when the other side does not answer the good-bye. */
const CLOSE_LIMIT_MS = 2_000;
/** Time in ms for the good-bye itself. */
const GOOD_BYE_LIMIT_MS = 200;
/** Longer than any connection attempt lives: reconnecting is the link's matter. */
const NEVER_AGAIN_MS = 3_600_000;
/** MQTT 5 reason codes from here on are failures [MQTT5 2.4]. */
const FAILURE = 0x80;

/** Connects by AWS's own SDK: MQTT 5 over mutual TLS, QoS 1. Rejects with THING_CONNECT. */
export async function connectAwsSdk(request: ConnectRequest): Promise<Connection> {
  const sdk = await load();
  const { address, credentials, signal } = request;
  const where = `${address.host}:${address.port}`;
  const failed = (cause: string): ThingError =>
    new ThingError('THING_CONNECT', `${credentials.thing} could not connect to ${where}: ${cause}`);
  if (signal.aborted) throw failed('the attempt was ended');
  let client: mqtt5.Mqtt5Client;
  try {
    client = new sdk.mqtt5.Mqtt5Client(configFor(sdk, request));
  } catch (error) {
    throw failed(`the certificate, the key or the CA cannot be used: ${messageOf(error)}`);
  }
  const end = endOf(client);
  // an 'error' without a listener would end the process
  client.on('error', () => {});
  // at once: what a session kept comes right behind the CONNACK
  client.on('messageReceived', ({ message, acknowledgementControl }) => {
    const { payload } = message;
    const bytes = payload === undefined ? Buffer.alloc(0) : bytesOf(payload);
    const work = request.onMessage(message.topicName, bytes);
    if (!(work instanceof Promise)) return;
    const acknowledgement = acknowledgementControl?.acquireHandle();
    // of no effect once the connection is gone
    if (acknowledgement) void work.then(() => acknowledgement.invokeAcknowledgement());
  });
  return new Promise((resolve, reject) => {
    let settled = false;
    const fail = (cause: string): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      void end();
      reject(failed(cause));
    };
    // after a failed handshake its TLS library waits 10 to 30 s before it says so
    const timer = setTimeout(
      () => fail(`no connection within ${CONNECT_LIMIT_MS / 1000} s; is the CA the one of that server?`),
      CONNECT_LIMIT_MS,
    );
    const onAbort = (): void => fail('the attempt was ended');
    signal.addEventListener('abort', onAbort, { once: true });
    client.on('connectionFailure', ({ error, connack }) =>
      fail(connack ? `it answered ${sdk.mqtt5.ConnectReasonCode[connack.reasonCode]}` : error.toString()),
    );
    client.on('connectionSuccess', ({ connack }) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(liveConnection(client, request, { end, sessionPresent: connack.sessionPresent }));
    });
    client.start();
  });
}

function configFor(sdk: Sdk, { address, credentials, session }: ConnectRequest): mqtt5.Mqtt5ClientConfig {
  const builder: iot.AwsIotMqtt5ClientConfigBuilder =
    sdk.iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromMemory(
      address.host,
      credentials.certificate,
      credentials.privateKey,
    );
  const { IPV4, IPV6 } = sdk.io.SocketDomain;
  const domain = isIP(address.host) === 6 ? IPV6 : IPV4;
  if (address.ca !== '') builder.withCertificateAuthority(address.ca);
  const { Clean, RejoinAlways } = sdk.mqtt5.ClientSessionBehavior;
  const { AwsIotCoreDefaults, None } = sdk.mqtt5.ClientExtendedValidationAndFlowControl;
  return (
    builder
      // it slows messages and acknowledgements down to 100 a second, the cloud's limit; a core of one's own has none
      .withExtendedValidationAndFlowControlOptions(address.awsIot === true ? AwsIotCoreDefaults : None)
      .withPort(address.port)
      .withConnectProperties({
        clientId: credentials.thing,
        keepAliveIntervalSeconds: KEEPALIVE_S,
        ...(session && { sessionExpiryIntervalSeconds: session.expirySeconds }),
      })
      .withSessionBehavior(session?.clean === false ? RejoinAlways : Clean)
      .withOfflineQueueBehavior(sdk.mqtt5.ClientOperationQueueBehavior.FailAllOnDisconnect)
      .withMinReconnectDelayMs(NEVER_AGAIN_MS)
      .withMaxReconnectDelayMs(NEVER_AGAIN_MS)
      .withConnackTimeoutMs(CONNECT_LIMIT_MS)
      .withPingTimeoutMs(PING_LIMIT_MS)
      .withAckTimeoutSeconds(ACK_LIMIT_S)
      .withSocketOptions(new sdk.io.SocketOptions(sdk.io.SocketType.STREAM, domain, CONNECT_LIMIT_MS))
      .build()
  );
}

function liveConnection(
  client: mqtt5.Mqtt5Client,
  request: ConnectRequest,
  { end, sessionPresent }: { end: () => Promise<void>; sessionPresent: boolean },
): Connection {
  const { thing } = request.credentials;
  let closed = false;
  /** What is under way: the client forgets it without an answer when it is stopped. */
  const waiting = new Set<() => void>();
  const gone = (cause: string): void => {
    if (closed) return;
    closed = true;
    void end();
    for (const giveUp of waiting) giveUp();
    request.onClose(cause);
  };
  client.on('disconnection', ({ error, disconnect }) =>
    gone(disconnect?.reasonString ?? `the connection was closed: ${error.toString()}`),
  );
  client.on('stopped', () => gone('the connection was closed'));
  const acked = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    if (closed) throw new ThingError('THING_OFFLINE', `${thing} is not connected`);
    let giveUp = (): void => {};
    const lost = new Promise<never>((_, reject) => {
      giveUp = () => reject(new ThingError('THING_OFFLINE', `${thing} lost its connection during ${what}`));
    });
    waiting.add(giveUp);
    try {
      return await Promise.race([work(), lost]);
    } catch (error) {
      if (error instanceof ThingError) throw error;
      const text = messageOf(error);
      const code = /disconnect|clean session|stop/i.test(text)
        ? 'THING_OFFLINE'
        : /timeout|timed out/i.test(text)
          ? 'THING_TIMEOUT'
          : 'THING_REJECTED';
      throw new ThingError(code, `${thing}: ${what} failed: ${text}`, { cause: error });
    } finally {
      waiting.delete(giveUp);
    }
  };
  const check = (what: string, reasonCodes: readonly number[], reason: string | undefined): void => {
    const bad = reasonCodes.find((code) => code >= FAILURE);
    if (bad === undefined) return;
    const why = `reason code 0x${bad.toString(16)}${reason === undefined ? '' : `, ${reason}`}`;
    throw new ThingError('THING_REJECTED', `${thing}: ${what} failed: ${why}`);
  };
  return {
    sessionPresent,
    async subscribe(filters) {
      if (filters.length === 0) return;
      const what = `subscribing to ${filters.join(', ')}`;
      const subscriptions = filters.map((topicFilter) => ({ topicFilter, qos: 1 as mqtt5.QoS.AtLeastOnce }));
      const { reasonCodes, reasonString } = await acked(what, () => client.subscribe({ subscriptions }));
      check(what, reasonCodes, reasonString);
    },
    async unsubscribe(filters) {
      if (filters.length === 0) return;
      const what = `unsubscribing from ${filters.join(', ')}`;
      const answer = await acked(what, () => client.unsubscribe({ topicFilters: [...filters] }));
      check(what, answer.reasonCodes, answer.reasonString);
    },
    async publish(topic, payload) {
      const what = `publishing to ${topic}`;
      const answer = await acked(what, () =>
        client.publish({ topicName: topic, payload, qos: 1 as mqtt5.QoS.AtLeastOnce }),
      );
      if (answer !== undefined) check(what, [answer.reasonCode], answer.reasonString);
    },
    async close() {
      if (!closed) gone('the connection was closed');
      await end();
    },
  };
}

/** Stops the client and lets go of its native part; once. Until then it keeps the process alive. */
function endOf(client: mqtt5.Mqtt5Client): () => Promise<void> {
  let ended: Promise<void> | undefined;
  return () => {
    ended ??= new Promise<void>((resolve) => {
      // seen with 1.28: a good-bye right after a message waits for ever; without one the client always ends
      const insist = setTimeout(() => client.stop(), GOOD_BYE_LIMIT_MS);
      const timer = setTimeout(finish, CLOSE_LIMIT_MS);
      function finish(): void {
        clearTimeout(insist);
        clearTimeout(timer);
        client.close();
        resolve();
      }
      client.once('stopped', finish);
      client.stop({ reasonCode: 0 as mqtt5.DisconnectReasonCode.NormalDisconnection });
    });
    return ended;
  };
}

function bytesOf(payload: string | Record<string, unknown> | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload);
  // an empty one comes detached, which a view cannot be made of
  if (payload instanceof ArrayBuffer)
    return payload.byteLength === 0 ? Buffer.alloc(0) : Buffer.from(payload);
  if (ArrayBuffer.isView(payload)) return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return Buffer.from(JSON.stringify(payload));
}

async function load(): Promise<Sdk> {
  try {
    return await import('aws-iot-device-sdk-v2');
  } catch (error) {
    throw new ThingError(
      'THING_CONNECT',
      `package aws-iot-device-sdk-v2 cannot be loaded: ${messageOf(error)}; install it with npm install aws-iot-device-sdk-v2 (there is none for 32-bit Arm: use transport mqtt there)`,
      { cause: error },
    );
  }
}
