/** Clients of several makes against the message manager behind its TLS listener. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT } from '../../hal/index.js';
import { TlsListener } from '../../src/core/listener/index.js';
import { testIdentity } from '../core/identity/support.js';
import { temporaryFolder } from '../support/folder.js';
import { mayLackFor } from '../support/tools.js';
import { openBroker } from './open-broker.js';

const run = promisify(execFile);
const mosquitto = spawnSync('mosquitto_pub', ['--help']).error === undefined;
const aws = await import('aws-iot-device-sdk-v2').catch(() => undefined);

async function secured() {
  const { ca, registry } = await testIdentity();
  const server = await ca.issueServer(['127.0.0.1'], 7);
  const device = await registry.add('lamp', { days: 30 });
  const opened = await openBroker();
  const listener = new TlsListener({
    host: '127.0.0.1',
    port: 0,
    credentials: () => ({ key: server.privateKey, cert: server.certificate, ca: ca.certificate }),
    authenticate: () => ({ thing: 'lamp' }),
    acceptor: opened.broker,
    log: SILENT,
  });
  await listener.start(new AbortController().signal);
  onTestFinished(async () => {
    await listener.stop();
    await opened.close();
  });
  const folder = await temporaryFolder();
  const files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await writeFile(files.ca, ca.certificate);
  await writeFile(files.cert, device.certificate);
  await writeFile(files.key, device.privateKey, { mode: 0o600 });
  return { port: listener.address().port, ca: ca.certificate, device, files, broker: opened.broker };
}

describe('mqtt', () => {
  for (const protocolVersion of [4, 5] as const) {
    it(`version ${protocolVersion}: publishes, subscribes and resumes at every QoS`, async () => {
      const { port, ca, device } = await secured();
      const options: mqtt.IClientOptions = {
        protocol: 'mqtts',
        host: '127.0.0.1',
        port,
        ca,
        cert: device.certificate,
        key: device.privateKey,
        protocolVersion,
        clientId: 'sub',
        clean: false,
        reconnectPeriod: 0,
        ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 60 } }),
      };
      const sub = await mqtt.connectAsync(options);
      await sub.subscribeAsync('t/#', { qos: 2 });
      await sub.endAsync();
      const pub = await mqtt.connectAsync({ ...options, clientId: 'pub', clean: true });
      onTestFinished(() => void pub.end(true));
      for (const qos of [1, 2] as const) await pub.publishAsync('t/x', `${qos}`, { qos });
      const back = mqtt.connect(options);
      onTestFinished(() => void back.end(true));
      const got: string[] = [];
      const all = new Promise<void>((resolve) => {
        back.on('message', (_topic, payload) => {
          got.push(payload.toString());
          if (got.length === 3) resolve();
        });
      });
      await new Promise<void>((resolve) => back.once('connect', () => resolve()));
      await pub.publishAsync('t/y', '0', { qos: 0 });
      await all;
      // the client hands on QoS 2 with PUBREL, which comes later
      expect(got.sort()).toEqual(['0', '1', '2']);
    });
  }
});

describe.skipIf(mayLackFor(mosquitto))('mosquitto_pub and mosquitto_sub', () => {
  for (const version of ['311', '5']) {
    it(`version ${version}: publish and subscribe at every QoS`, async () => {
      const { port, files, broker } = await secured();
      const common = [
        '-h',
        '127.0.0.1',
        '-p',
        `${port}`,
        '-V',
        version,
        '--cafile',
        files.ca,
        '--cert',
        files.cert,
        '--key',
        files.key,
      ];
      const sub = spawn('mosquitto_sub', [
        ...common,
        '-i',
        'sub',
        '-t',
        'm/#',
        '-q',
        '2',
        '-C',
        '4',
        '-W',
        '10',
        '-v',
      ]);
      onTestFinished(() => void sub.kill());
      const lines: string[] = [];
      const ended = once(sub, 'close');
      createInterface(sub.stdout).on('line', (line) => lines.push(line));
      // what it prints comes when it ends: that it has subscribed shows here
      while (broker.status().subscriptions === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      for (const qos of ['0', '1', '2']) {
        await run('mosquitto_pub', [
          ...common,
          '-i',
          'pub',
          '-t',
          `m/${qos}`,
          '-q',
          qos,
          '-m',
          `hello ${qos}`,
        ]);
      }
      await run('mosquitto_pub', [...common, '-i', 'pub', '-t', 'm/kept', '-q', '1', '-r', '-m', 'kept']);
      await ended;
      expect(lines.filter((line) => /^m\/\S+ /.test(line))).toEqual([
        'm/0 hello 0',
        'm/1 hello 1',
        'm/2 hello 2',
        'm/kept kept',
      ]);
      const { stdout } = await run('mosquitto_sub', [
        ...common,
        '-i',
        'late',
        '-t',
        'm/kept',
        '-C',
        '1',
        '-W',
        '10',
        '-F',
        '%r %p',
      ]);
      expect(stdout.trim()).toBe('1 kept');
    });
  }
});

describe.skipIf(mayLackFor(aws !== undefined))('aws-iot-device-sdk-v2', () => {
  it('speaks MQTT 5', async () => {
    const { iot, mqtt5 } = aws as NonNullable<typeof aws>;
    const { port, ca, device } = await secured();
    const builder = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromMemory(
      '127.0.0.1',
      device.certificate,
      device.privateKey,
    )
      .withCertificateAuthority(ca)
      .withPort(port)
      .withConnectProperties({ keepAliveIntervalSeconds: 1200, clientId: 'lamp' });
    const client = new mqtt5.Mqtt5Client(builder.build());
    onTestFinished(() => client.close());
    const connected = once(client, 'connectionSuccess');
    client.start();
    const [{ settings }] = await connected;
    expect(settings).toMatchObject({ clientId: 'lamp', serverKeepAlive: 1200 });
    const received = once(client, 'messageReceived');
    const suback = await client.subscribe({
      subscriptions: [{ topicFilter: 'aws/+', qos: mqtt5.QoS.AtLeastOnce }],
      subscriptionIdentifier: 9,
    });
    expect(suback.reasonCodes).toEqual([1]);
    const answer = await client.publish({
      topicName: 'aws/5',
      payload: 'hello',
      qos: mqtt5.QoS.AtLeastOnce,
      userProperties: [
        { name: 'b', value: '1' },
        { name: 'a', value: '2' },
      ],
    });
    expect(answer).toMatchObject({ reasonCode: 0 });
    const [{ message }] = await received;
    expect(Buffer.from(message.payload as ArrayBuffer).toString()).toBe('hello');
    expect(message.userProperties).toEqual([
      { name: 'b', value: '1' },
      { name: 'a', value: '2' },
    ]);
    const stopped = once(client, 'stopped');
    client.stop();
    await stopped;
  });

  it('speaks MQTT 3.1.1, with its metadata as user name and a kept session', async () => {
    const { iot, mqtt: mqtt311 } = aws as NonNullable<typeof aws>;
    const { port, ca, device, broker } = await secured();
    const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(
      device.certificate,
      device.privateKey,
    )
      .with_certificate_authority(ca)
      .with_endpoint('127.0.0.1')
      .with_port(port)
      .with_client_id('lamp')
      .with_clean_session(false)
      .build();
    const connection = new mqtt311.MqttClient().new_connection(config);
    expect(await connection.connect()).toBe(false);
    const received = new Promise<string>((resolve) => {
      void connection.subscribe('aws/#', mqtt311.QoS.AtLeastOnce, (_topic, payload) => {
        resolve(Buffer.from(payload).toString());
      });
    });
    await connection.publish('aws/3', 'hello', mqtt311.QoS.AtLeastOnce);
    expect(await received).toBe('hello');
    await connection.unsubscribe('aws/#');
    const left = once(broker.events, 'disconnected');
    await connection.disconnect();
    await left;
    expect(broker.clients()).toMatchObject([{ clientId: 'lamp', connected: false }]);
  });
});
