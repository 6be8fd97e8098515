/** Who and what is refused: each with one clear line in the log, and nothing else changed. */
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testIdentity } from '../../core/identity/support.js';
import { type DeviceFiles, next, type RunningCore, runningCore } from './support.js';

function dial({ core }: RunningCore, options: IClientOptions): MqttClient {
  const client = mqtt.connect({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port: core.mqttPort,
    servername: '',
    reconnectPeriod: 0,
    connectTimeout: 5_000,
    ...options,
  });
  client.on('error', () => {});
  onTestFinished(() => void client.end(true));
  return client;
}

const as = (device: DeviceFiles, options: IClientOptions = {}): IClientOptions => ({
  ca: device.ca,
  cert: device.certificate,
  key: device.privateKey,
  clientId: device.thing,
  ...options,
});

async function connected(
  running: RunningCore,
  device: DeviceFiles,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = dial(running, as(device, options));
  await next(client, 'connect');
  return client;
}

/** What the log says about it, one entry per line. */
function lines({ log }: RunningCore): readonly string[] {
  return log.lines
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`);
}

async function closedWithoutConnect(client: MqttClient): Promise<void> {
  let accepted = false;
  client.on('connect', () => {
    accepted = true;
  });
  await next(client, 'close');
  expect(accepted).toBe(false);
}

describe.each([4, 5] as const)('refused with MQTT protocol version %i', (protocolVersion) => {
  it('no certificate', async () => {
    const running = await runningCore();
    const { ca } = await running.device('GG_Switch');
    await closedWithoutConnect(dial(running, { ca, clientId: 'GG_Switch', protocolVersion }));
    expect(lines(running)).toEqual([expect.stringContaining('no client certificate was presented')]);
  });

  it('the certificate of a foreign CA', async () => {
    const running = await runningCore();
    const { ca } = await running.device('GG_Switch');
    const foreign = await (await testIdentity()).ca.issueDevice('GG_Switch', 10);
    const files = {
      thing: 'GG_Switch',
      ca,
      certificate: foreign.certificate,
      privateKey: foreign.privateKey,
    };
    await closedWithoutConnect(dial(running, as(files, { protocolVersion })));
    expect(lines(running)).toEqual([expect.stringMatching(/CN=GG_Switch.* is not one of this group/)]);
  });

  it('the client id of another thing', async () => {
    const running = await runningCore();
    const device = await running.device('GG_Switch');
    await running.device('GG_Light');
    await closedWithoutConnect(dial(running, as(device, { clientId: 'GG_Light', protocolVersion })));
    expect(lines(running)).toEqual([
      expect.stringMatching(/GG_Light.* is not GG_Switch, the thing of its certificate/),
    ]);
  });

  it('a thing that is not in the group', async () => {
    const running = await runningCore();
    const device = await running.device('GG_Guest');
    running.core.group.leave('GG_Guest');
    await closedWithoutConnect(dial(running, as(device, { protocolVersion })));
    expect(lines(running)).toEqual([
      expect.stringContaining('the thing GG_Guest is not a member of the group crossing'),
    ]);
  });

  it('a revoked thing, before and while it is connected', async () => {
    const running = await runningCore();
    const device = await running.device('GG_Switch');
    const client = await connected(running, device, { protocolVersion });
    const closed = next(client, 'close');
    await running.identity.registry.revoke('GG_Switch');
    running.core.expel('GG_Switch');
    await closed;
    const before = lines(running).length;
    await closedWithoutConnect(dial(running, as(device, { protocolVersion })));
    expect(lines(running).slice(before)).toEqual([
      expect.stringContaining('the thing GG_Switch was revoked on'),
    ]);
  });

  it('a topic without a row: dropped, and the client stays connected', async () => {
    const running = await runningCore();
    const light = await connected(running, await running.device('GG_TrafficLight'), { protocolVersion });
    const publisher = await connected(running, await running.device('HelloWorld_Publisher'), {
      protocolVersion,
    });
    const heard: string[] = [];
    light.on('message', (topic) => void heard.push(topic));
    await light.subscribeAsync(['hello/#', '$aws/things/GG_TrafficLight/shadow/#'], { qos: 1 });
    for (let n = 0; n < 3; n++)
      await publisher.publishAsync('hello/world', 'x', { qos: 1 }).catch(() => undefined);
    const foreign = '$aws/things/GG_TrafficLight/shadow/update';
    const document = JSON.stringify({ state: { desired: { property: 'G' } } });
    await publisher.publishAsync(foreign, document, { qos: 1 }).catch(() => undefined);
    await publisher.publishAsync('$aws/things/HelloWorld_Publisher/shadow/get', '', { qos: 1 });
    await expect(running.core.shadows.get('GG_TrafficLight', undefined)).rejects.toMatchObject({
      code: 'SHADOW_NOT_FOUND',
    });
    expect(publisher.connected).toBe(true);
    expect(heard).toEqual([]);
    expect(lines(running)).toEqual([
      expect.stringMatching(/Message dropped: .*"HelloWorld_Publisher","topic":"hello\/world"/),
      expect.stringMatching(/Message dropped: .*GG_TrafficLight\/shadow\/update"/),
    ]);
  });

  it('malformed and oversized documents: rejected, and nothing changed', async () => {
    const running = await runningCore();
    const light = await connected(running, await running.device('GG_TrafficLight'), { protocolVersion });
    const topic = '$aws/things/GG_TrafficLight/shadow/update';
    const answers: Record<string, unknown>[] = [];
    light.on('message', (_, payload) => answers.push(JSON.parse(payload.toString())));
    await light.subscribeAsync(`${topic}/+`, { qos: 1 });
    await light.publishAsync(topic, JSON.stringify({ state: { reported: { property: 'R' } } }), { qos: 1 });
    const bad = [
      '{"state":',
      '[]',
      '{"state":{"desired":"G"}}',
      JSON.stringify({ state: { reported: { x: 'x'.repeat(9_000) } } }),
    ];
    const codes: unknown[] = [];
    for (const payload of bad) {
      const before = answers.length;
      await light.publishAsync(topic, payload, { qos: 1 });
      while (
        answers.length === before ||
        !answers.some(({ code }, at) => at >= before && code !== undefined)
      ) {
        await next(light, 'message');
      }
      codes.push(answers.at(-1)?.code);
    }
    expect(codes).toEqual([400, 400, 400, 413]);
    expect(await running.core.shadows.get('GG_TrafficLight', undefined)).toMatchObject({
      version: 1,
      state: { reported: { property: 'R' } },
    });
    expect(light.connected).toBe(true);
  });

  it('a message of more than 128 KB', async () => {
    const running = await runningCore({
      rows: [
        {
          source: 'HelloWorld_Publisher',
          subject: 'hello/world',
          target: 'HelloWorld_Subscriber',
          origin: 'configured',
        },
      ],
    });
    const subscriber = await connected(running, await running.device('HelloWorld_Subscriber'), {
      protocolVersion,
    });
    const publisher = await connected(running, await running.device('HelloWorld_Publisher'), {
      protocolVersion,
    });
    await subscriber.subscribeAsync('hello/world', { qos: 1 });
    const heard = next(subscriber, 'message');
    await publisher.publishAsync('hello/world', Buffer.alloc(128 * 1024), { qos: 1 });
    expect(((await heard) as [string, Buffer])[1]).toHaveLength(128 * 1024);
    const closed = next(publisher, 'close');
    publisher.publish('hello/world', Buffer.alloc(128 * 1024 + 1), { qos: 1 });
    await closed;
    const said = running.log.lines.filter(({ message }) => message.includes(' disconnected: '));
    expect(said).toEqual([
      expect.objectContaining({
        fields: { clientId: 'HelloWorld_Publisher', cause: 'payload of 131073 bytes' },
      }),
    ]);
    expect(subscriber.connected).toBe(true);
  });
});
