/** npm `aws-iot-device-sdk-v2`, as published. */
import type { greengrass, io, iotshadow, mqtt, mqtt5 } from 'aws-iot-device-sdk-v2';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { messageOf } from '../../../hal/index.js';
import type { DiscoveryError } from '../../../src/core/discovery/index.js';
import { MUST_HAVE_ALL } from '../../support/tools.js';
import { type DeviceFiles, deferred, jsonOf, next, type RunningCore, runningCore } from './support.js';

type Sdk = typeof import('aws-iot-device-sdk-v2');

/** The SDK has no build for every machine. */
async function sdk(context: TestContext): Promise<Sdk> {
  try {
    const loaded = await import('aws-iot-device-sdk-v2');
    return loaded.default as unknown as Sdk;
  } catch (error) {
    if (MUST_HAVE_ALL) throw error;
    return context.skip(`aws-iot-device-sdk-v2 does not load here: ${messageOf(error)}`);
  }
}

/** The SDK's discovery client dials 443 and nothing else. */
async function coreOn443(context: TestContext): Promise<RunningCore> {
  try {
    return await runningCore({ alsoPort: 443 });
  } catch (error) {
    if (!MUST_HAVE_ALL && (error as DiscoveryError).code === 'DISCOVERY_LISTEN')
      return context.skip(messageOf(error));
    throw error;
  }
}

function tlsContext({ io }: Sdk, device: DeviceFiles): io.ClientTlsContext {
  const options = io.TlsContextOptions.create_client_with_mtls(device.certificate, device.privateKey);
  options.override_default_trust_store(device.ca);
  if (io.is_alpn_available()) options.alpn_list.push('x-amzn-http-ca');
  return new io.ClientTlsContext(options);
}

function discoveryClient(sdkV2: Sdk, device: DeviceFiles): greengrass.DiscoveryClient {
  const { greengrass, io } = sdkV2;
  const socket = new io.SocketOptions(io.SocketType.STREAM, io.SocketDomain.IPV4, 3_000);
  return new greengrass.DiscoveryClient(
    new io.ClientBootstrap(),
    socket,
    tlsContext(sdkV2, device),
    'local',
    '127.0.0.1',
  );
}

async function mqtt311(
  { iot, mqtt }: Sdk,
  device: DeviceFiles,
  to: { host: string; port: number },
): Promise<mqtt.MqttClientConnection> {
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(device.certificate, device.privateKey)
    .with_certificate_authority(device.ca)
    .with_client_id(device.thing)
    .with_endpoint(to.host)
    .with_port(to.port)
    .with_clean_session(false)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  onTestFinished(async () => void (await connection.disconnect()));
  await connection.connect();
  return connection;
}

async function mqttFive({ iot, mqtt5 }: Sdk, device: DeviceFiles, port: number): Promise<mqtt5.Mqtt5Client> {
  const config = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromMemory(
    '127.0.0.1',
    device.certificate,
    device.privateKey,
  )
    .withCertificateAuthority(device.ca)
    .withPort(port)
    .withConnectProperties({ clientId: device.thing, keepAliveIntervalSeconds: 1_200 })
    .build();
  const client = new mqtt5.Mqtt5Client(config);
  const connected = next(client, 'connectionSuccess');
  client.start();
  onTestFinished(async () => {
    const stopped = next(client, 'stopped');
    client.stop();
    await stopped;
    client.close();
  });
  await connected;
  return client;
}

describe('aws-iot-device-sdk-v2', () => {
  it('discovers the core and uses the shadow with what it found', async (context) => {
    const v2 = await sdk(context);
    const { core, device } = await coreOn443(context);
    const thing = await device('GG_Switch');
    const answer = await discoveryClient(v2, thing).discover('GG_Switch');
    const group = answer.gg_groups[0];
    const found = group?.cores[0];
    expect(found?.thing_arn).toBe('arn:aws:iot:local:000000000000:thing/Greenlight_Core');
    const endpoint = found?.connectivity[0];
    expect(endpoint).toMatchObject({ host_address: '127.0.0.1', port: core.mqttPort });
    const connection = await mqtt311(
      v2,
      { ...thing, ca: group?.certificate_authorities[0] ?? '' },
      { host: endpoint?.host_address ?? '', port: endpoint?.port ?? 0 },
    );
    const answered = deferred<unknown>();
    const topic = '$aws/things/GG_Switch/shadow/update';
    await connection.subscribe(`${topic}/accepted`, v2.mqtt.QoS.AtLeastOnce, (_, payload) =>
      answered.resolve(jsonOf(payload)),
    );
    await connection.publish(topic, { state: { desired: { property: 'G' } } }, v2.mqtt.QoS.AtLeastOnce);
    expect(await answered.promise).toMatchObject({ state: { desired: { property: 'G' } }, version: 1 });
  });

  it('is told why discovery is refused', async (context) => {
    const v2 = await sdk(context);
    const { identity, core, device } = await coreOn443(context);
    const thing = await device('GG_Guest');
    await expect(discoveryClient(v2, thing).discover('GG_TrafficLight')).rejects.toMatchObject({
      response_code: 403,
    });
    core.group.leave('GG_Guest');
    await expect(discoveryClient(v2, thing).discover('GG_Guest')).rejects.toMatchObject({
      response_code: 404,
    });
    await identity.registry.revoke('GG_Guest');
    await expect(discoveryClient(v2, thing).discover('GG_Guest')).rejects.toMatchObject({
      response_code: 403,
    });
  });

  describe.each(['MQTT 5', 'MQTT 3.1.1'])('over %s', (protocol) => {
    async function shadowClient(
      v2: Sdk,
      thing: DeviceFiles,
      port: number,
    ): Promise<iotshadow.IotShadowClientv2> {
      const options = {
        maxRequestResponseSubscriptions: 5,
        maxStreamingSubscriptions: 3,
        operationTimeoutInSeconds: 10,
      };
      const { IotShadowClientv2 } = v2.iotshadow;
      const client =
        protocol === 'MQTT 5'
          ? IotShadowClientv2.newFromMqtt5(await mqttFive(v2, thing, port), options)
          : IotShadowClientv2.newFromMqtt311(await mqtt311(v2, thing, { host: '127.0.0.1', port }), options);
      onTestFinished(() => client.close());
      return client;
    }

    it('gets, updates and deletes its shadow, and sees the delta', async (context) => {
      const v2 = await sdk(context);
      const { core, device } = await runningCore();
      const client = await shadowClient(v2, await device('GG_Light'), core.mqttPort);
      const thingName = 'GG_Light';
      await expect(client.getShadow({ thingName })).rejects.toMatchObject({
        modeledError: { code: 404 },
      });
      const delta = deferred<iotshadow.model.ShadowDeltaUpdatedEvent>();
      const stream = client.createShadowDeltaUpdatedStream({ thingName });
      stream.on('incomingPublish', ({ message }) => delta.resolve(message));
      const established = next(stream, 'subscriptionStatus');
      stream.open();
      await established;
      const updated = await client.updateShadow({
        thingName,
        state: { desired: { property: 'G' }, reported: { property: 'R' } },
      });
      expect(updated).toMatchObject({ version: 1, state: { desired: { property: 'G' } } });
      expect(await delta.promise).toMatchObject({ version: 1, state: { property: 'G' } });
      const got = await client.getShadow({ thingName });
      expect(got).toMatchObject({
        version: 1,
        state: { reported: { property: 'R' }, delta: { property: 'G' } },
      });
      await expect(client.updateShadow({ thingName, version: 7, state: {} })).rejects.toMatchObject({
        modeledError: { code: 409 },
      });
      await client.deleteShadow({ thingName });
      await expect(client.getShadow({ thingName })).rejects.toMatchObject({ modeledError: { code: 404 } });
    });

    it('keeps named shadows apart, with requests back to back', async (context) => {
      const v2 = await sdk(context);
      const { core, device } = await runningCore();
      const client = await shadowClient(v2, await device('GG_Light'), core.mqttPort);
      const thingName = 'GG_Light';
      for (let round = 1; round <= 5; round++) {
        for (const shadowName of ['day', 'night']) {
          const updated = await client.updateNamedShadow({
            thingName,
            shadowName,
            state: { reported: { round } },
          });
          expect(updated.version).toBe(round);
        }
      }
      expect(await client.getNamedShadow({ thingName, shadowName: 'night' })).toMatchObject({
        state: { reported: { round: 5 } },
      });
      await expect(client.getShadow({ thingName })).rejects.toMatchObject({ modeledError: { code: 404 } });
    });
  });

  it('publishes to a subscriber of the other protocol by the row between them, and to nobody else', async (context) => {
    const v2 = await sdk(context);
    const { core, device } = await runningCore({
      rows: [
        {
          source: 'HelloWorld_Publisher',
          subject: 'hello/world/pubsub',
          target: 'HelloWorld_Subscriber',
          origin: 'configured',
        },
      ],
    });
    const publisher = await mqttFive(v2, await device('HelloWorld_Publisher'), core.mqttPort);
    const subscriber = await mqtt311(v2, await device('HelloWorld_Subscriber'), {
      host: '127.0.0.1',
      port: core.mqttPort,
    });
    const bystander = await mqtt311(v2, await device('GG_TrafficLight'), {
      host: '127.0.0.1',
      port: core.mqttPort,
    });
    const { QoS } = v2.mqtt;
    const overheard: string[] = [];
    await bystander.subscribe('hello/#', QoS.AtLeastOnce, (topic) => void overheard.push(topic));
    const heard: unknown[] = [];
    const all = deferred<void>();
    await subscriber.subscribe('hello/world/pubsub', QoS.AtLeastOnce, (_, payload) => {
      heard.push(jsonOf(payload));
      if (heard.length === 20) all.resolve();
    });
    for (let count = 1; count <= 20; count++) {
      await publisher.publish({
        topicName: 'hello/world/pubsub',
        qos: v2.mqtt5.QoS.AtLeastOnce,
        payload: JSON.stringify({ count }),
      });
    }
    await all.promise;
    expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => ({ count: n + 1 })));
    // Its own shadow comes after anything that it could have overheard.
    const answered = deferred<void>();
    await bystander.subscribe('$aws/things/GG_TrafficLight/shadow/get/+', QoS.AtLeastOnce, () =>
      answered.resolve(),
    );
    await bystander.publish('$aws/things/GG_TrafficLight/shadow/get', '', QoS.AtLeastOnce);
    await answered.promise;
    expect(overheard).toEqual([]);
  });
});
