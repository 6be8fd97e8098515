import { expect, it, onTestFinished } from 'vitest';
import type { Credentials } from '../../src/things/connection.js';
import { connectMqtt } from '../../src/things/mqtt.js';
import { runApp } from '../support/app.js';
import { until } from '../support/until.js';

const DEEP = 'a/b/c/d/e/f/g/h/i';

const group = (limits: string): string => `version: 1
group: { name: limited }
core: { mqtt: { port: 0 }, discovery: { port: 0 }${limits} }
things: [{ name: Teller }, { name: Hearer }]
subscriptions:
  - { source: Teller, subject: 'a/#', target: Hearer }
`;

async function members(text: string) {
  const { app, control } = await runApp(text);
  const join = async (thing: string, onMessage: (topic: string, payload: Buffer) => void) => {
    const files = (await control.call('POST', `/things/${thing}/add`)) as unknown as Credentials & {
      ca: string;
    };
    const connection = await connectMqtt({
      address: { host: '127.0.0.1', port: app.core!.mqttPort, ca: files.ca },
      credentials: { ...files, thing },
      onMessage,
      onClose: () => {},
      signal: new AbortController().signal,
    });
    onTestFinished(() => connection.close());
    return connection;
  };
  const heard: number[] = [];
  const hearer = await join('Hearer', (_, payload) => void heard.push(payload.length));
  await hearer.subscribe(['a/#']);
  return { heard, teller: await join('Teller', () => {}), core: app.core! };
}

it('messages keep to the limits of AWS IoT Greengrass', async () => {
  const { heard, teller, core } = await members(group(''));
  await teller.publish('a', 'x'.repeat(131_072));
  await until(() => heard.includes(131_072));
  await expect(teller.publish(DEEP, 'x')).rejects.toThrow(/not authorized/i);
  expect(core.status().find(({ name }) => name === 'subscriptions')?.figures?.refusals).toMatchObject([
    { source: 'Teller', topic: DEEP, reason: 'the topic has more than 7 slashes', count: 1 },
  ]);
  await expect(teller.publish('a', 'x'.repeat(131_073))).rejects.toThrow();
});

it('messages keep to the limits that are configured', async () => {
  const limits = ', limits: { messageBytes: 2048, topicSlashes: 8, topicBytes: 20 }';
  const { heard, teller } = await members(group(limits));
  await teller.publish(DEEP, 'x'.repeat(2_048));
  await until(() => heard.includes(2_048));
  await expect(teller.publish(`a/${'b'.repeat(19)}`, 'x')).rejects.toThrow(/not authorized/i);
  await expect(teller.publish('a', 'x'.repeat(2_049))).rejects.toThrow();
});
