/** A device that keeps the certificate that another CA, such as AWS IoT's, gave it. */
import { once } from 'node:events';
import { type RequestOptions, request } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonValue } from '../../../hal/index.js';
import { testIdentity } from '../../core/identity/support.js';
import { type DeviceFiles, next, type RunningCore, runningCore } from './support.js';

async function importedDevice({ core, identity }: RunningCore, thing: string): Promise<DeviceFiles> {
  const elsewhere = await testIdentity();
  const { certificate, privateKey, fingerprint } = await elsewhere.ca.issueDevice(thing, 10);
  await identity.registry.importCertificate(thing, fingerprint);
  core.admit(thing);
  return { thing, certificate, privateKey, ca: identity.ca.certificate };
}

/** HTTPS as the AWS SDKs send it. */
async function https(
  { core }: RunningCore,
  device: DeviceFiles,
  method: string,
  path: string,
  body = '',
): Promise<{ readonly status: number | undefined; readonly body: JsonValue }> {
  const options: RequestOptions & ConnectionOptions = {
    host: '127.0.0.1',
    port: core.discoveryPort,
    method,
    path,
    agent: false,
    servername: '',
    ALPNProtocols: ['x-amzn-http-ca'],
    ca: device.ca,
    cert: device.certificate,
    key: device.privateKey,
  };
  const sent = request(options);
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode?: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(Buffer.from(chunk as Buffer));
  return { status: answer.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) as JsonValue };
}

describe('a device with the certificate of another CA', () => {
  it('discovers the core and uses its shadow over MQTT and HTTPS', async () => {
    const running = await runningCore();
    const device = await importedDevice(running, 'GG_Light');
    expect((await https(running, device, 'GET', '/greengrass/discover/thing/GG_Light')).status).toBe(200);
    const client = mqtt.connect({
      protocol: 'mqtts',
      host: '127.0.0.1',
      port: running.core.mqttPort,
      servername: '',
      ca: device.ca,
      cert: device.certificate,
      key: device.privateKey,
      clientId: 'GG_Light',
    });
    onTestFinished(() => void client.end(true));
    await next(client, 'connect');
    await client.subscribeAsync('$aws/things/GG_Light/shadow/update/delta', { qos: 1 });
    const delta = next(client, 'message');
    const path = '/things/GG_Light/shadow';
    const document = JSON.stringify({ state: { desired: { property: 'G' } } });
    expect((await https(running, device, 'POST', path, document)).status).toBe(200);
    const [, payload] = (await delta) as [string, Buffer];
    expect(JSON.parse(payload.toString())).toMatchObject({ state: { property: 'G' }, version: 1 });
    expect(await https(running, device, 'GET', path)).toMatchObject({
      status: 200,
      body: { state: { desired: { property: 'G' } }, version: 1 },
    });
    expect(await https(running, device, 'GET', '/things/GG_TrafficLight/shadow')).toMatchObject({
      status: 403,
    });
  });
});
