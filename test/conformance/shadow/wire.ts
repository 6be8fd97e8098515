import { Socket } from 'node:net';
import { connectAsync } from 'mqtt';
import type { Wire } from './exchange.js';

/** A client as people write them: the npm package `mqtt`, which hears everything that concerns shadows. */
export async function connectWire(url: string, version: 4 | 5, clientId: string): Promise<Wire> {
  const client = await connectAsync(url, {
    protocolVersion: version,
    clientId,
    clean: true,
    reconnectPeriod: 0,
  });
  // the package leaves Nagle's algorithm on, which holds a request back until the answer before it is acknowledged
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  let listener: ((topic: string, text: string) => void) | undefined;
  const early: [string, string][] = [];
  client.on('message', (topic, payload) => {
    const text = payload.toString('utf8');
    if (listener) listener(topic, text);
    else early.push([topic, text]);
  });
  await client.subscribeAsync('$aws/things/+/shadow/#', { qos: 1 });
  return {
    label: version === 4 ? 'MQTT 3.1.1' : 'MQTT 5',
    publish: async (topic, payload) => {
      await client.publishAsync(topic, payload, { qos: 1 });
    },
    onMessage: (next) => {
      listener = next;
      for (const [topic, text] of early.splice(0)) next(topic, text);
    },
    close: () => client.endAsync(true),
  };
}
