import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ShadowCore } from '../../conformance/shadow/core.js';
import { mayLackFor } from '../../support/tools.js';

const sdk = await import('aws-iot-device-sdk-v2').catch(() => undefined);

/** AWS's own client, unmodified: it matches answers by client token and waits for every SUBACK. */
describe.skipIf(mayLackFor(sdk !== undefined))('IotShadowClientv2 (needs aws-iot-device-sdk-v2)', () => {
  if (sdk === undefined) {
    it('finds aws-iot-device-sdk-v2', () => expect(sdk).toBeDefined());
    return;
  }
  const { iotshadow, mqtt5 } = sdk;
  let core: ShadowCore;
  let mqtt: InstanceType<typeof mqtt5.Mqtt5Client>;
  let client: ReturnType<typeof iotshadow.IotShadowClientv2.newFromMqtt5>;

  beforeAll(async () => {
    core = await ShadowCore.open();
    mqtt = new mqtt5.Mqtt5Client({
      hostName: '127.0.0.1',
      port: Number(new URL(core.url).port),
      connectProperties: { clientId: 'sdk', keepAliveIntervalSeconds: 60 },
    });
    const connected = once(mqtt, 'connectionSuccess');
    mqtt.start();
    await connected;
    client = iotshadow.IotShadowClientv2.newFromMqtt5(mqtt, {
      maxRequestResponseSubscriptions: 4,
      maxStreamingSubscriptions: 2,
      operationTimeoutInSeconds: 10,
    });
  });
  afterAll(async () => {
    client.close();
    const stopped = once(mqtt, 'stopped');
    mqtt.stop();
    await stopped;
    mqtt.close();
    await core.close();
  });

  it('creates, gets, updates and deletes a named shadow, and is told the version each time', async () => {
    const thingName = 'SdkThing';
    const shadowName = 'lamp';
    const missing = client.getNamedShadow({ thingName, shadowName });
    await expect(missing).rejects.toMatchObject({ modeledError: { code: 404 } });
    const created = await client.updateNamedShadow({
      thingName,
      shadowName,
      state: { desired: { color: 'green' } },
    });
    expect([created.version, created.state?.desired]).toEqual([1, { color: 'green' }]);
    const updated = await client.updateNamedShadow({
      thingName,
      shadowName,
      state: { reported: { color: 'red' } },
    });
    expect(updated.version).toBe(2);
    const got = await client.getNamedShadow({ thingName, shadowName });
    expect([got.version, got.state?.delta]).toEqual([2, { color: 'green' }]);
    expect((await client.deleteNamedShadow({ thingName, shadowName })).version).toBe(2);
    await expect(client.getNamedShadow({ thingName, shadowName })).rejects.toMatchObject({
      modeledError: { code: 404 },
    });
  });

  it('hears delta and documents of a classic shadow as a stream', async () => {
    const thingName = 'SdkStream';
    const stream = client.createShadowDeltaUpdatedStream({ thingName });
    const documents = client.createShadowUpdatedStream({ thingName });
    const open = Promise.all([once(stream, 'subscriptionStatus'), once(documents, 'subscriptionStatus')]);
    stream.open();
    documents.open();
    await open;
    const heard = Promise.all([once(stream, 'incomingPublish'), once(documents, 'incomingPublish')]);
    await client.updateShadow({ thingName, state: { desired: { power: 'on' } } });
    const [[delta], [document]] = await heard;
    expect(delta).toMatchObject({ message: { state: { power: 'on' }, version: 1 } });
    expect(document).toMatchObject({
      message: { current: { version: 1, state: { desired: { power: 'on' } } } },
    });
    stream.close();
    documents.close();
  });
});
