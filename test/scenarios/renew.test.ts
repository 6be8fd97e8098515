import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { until } from '../support/until.js';

const CORE = `version: 1
group: { name: renewals }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
`;

it('a device goes on with its old certificate until it shows the new one, or until it is told to stop', async () => {
  const { app, stateDir } = await runApp(CORE);
  const { parts } = app.status();
  const port = parts.find(({ name }) => name === 'mqtt')?.figures?.port as number;
  const folder = await temporaryFolder();
  const thing = async (...argv: string[]): Promise<string> => {
    const { code, out, err } = await cli(['thing', ...argv, '--state', stateDir]);
    expect(err).toBe('');
    expect(code).toBe(0);
    return out;
  };
  const connect = async (files: string): Promise<MqttClient> => {
    const read = (name: string): Promise<string> => readFile(join(folder, files, name), 'utf8');
    const options: IClientOptions = {
      clientId: 'Lamp',
      cert: await read('Lamp.cert.pem'),
      key: await read('Lamp.private.key'),
      ca: await read('root.ca.pem'),
      reconnectPeriod: 0,
    };
    const client = await mqtt.connectAsync(`mqtts://127.0.0.1:${port}`, options, false);
    onTestFinished(async () => void client.end(true));
    return client;
  };

  await thing('add', 'Lamp', '--out', join(folder, 'first'));
  expect(await thing('renew', 'Lamp', '--out', join(folder, 'second'))).toContain('is good until');
  expect(await thing('list')).toMatch(/^Lamp +member +\S+ +\S+ +\d{4}-\d\d-\d\d/m);
  const old = await connect('first');
  await old.endAsync();
  const current = await connect('second');
  await until(async () => !/^Lamp +\S+ +\S+ +\S+ +\d{4}/m.test(await thing('list')));
  await expect(connect('first')).rejects.toThrow();
  expect(current.connected).toBe(true);

  const closed = new Promise<void>((resolve) => current.once('close', () => resolve()));
  expect(await thing('renew', 'Lamp', '--now', '--out', join(folder, 'third'))).toContain('before ended');
  await closed;
  await expect(connect('second')).rejects.toThrow();
  const third = await connect('third');

  await thing('renew', 'Lamp', '--out', join(folder, 'fourth'));
  const cut = new Promise<void>((resolve) => third.once('close', () => resolve()));
  expect(await thing('revoke', 'Lamp', '--older')).toBe('only the newest certificate of Lamp is good\n');
  await cut;
  expect((await connect('fourth')).connected).toBe(true);
});
