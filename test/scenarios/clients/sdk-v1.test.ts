/** npm `aws-iot-device-sdk`, as published: thingShadow over MQTT 3.1.1. */
import { createRequire } from 'node:module';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DeviceFiles, next, type RunningCore, runningCore } from './support.js';

/** The package has no types. */
const { thingShadow: Client } = createRequire(import.meta.url)('aws-iot-device-sdk') as {
  thingShadow: new (options: object) => ThingShadow;
};

interface ThingShadow extends NodeJS.EventEmitter {
  register(thing: string, options: object, done: (error: unknown) => void): void;
  update(thing: string, state: object): string | null;
  get(thing: string): string | null;
  delete(thing: string): string | null;
  end(force: boolean, done: () => void): void;
}

type Status = [thing: string, type: 'accepted' | 'rejected', token: string, answer: Record<string, unknown>];

async function thingShadow({ core }: RunningCore, device: DeviceFiles): Promise<ThingShadow> {
  const shadows = new Client({
    privateKey: Buffer.from(device.privateKey),
    clientCert: Buffer.from(device.certificate),
    caCert: Buffer.from(device.ca),
    clientId: device.thing,
    host: '127.0.0.1',
    port: core.mqttPort,
  });
  shadows.on('error', () => {});
  onTestFinished(() => new Promise<void>((resolve) => shadows.end(true, resolve)));
  await next(shadows, 'connect');
  return shadows;
}

function register(shadows: ThingShadow, thing: string, options: object = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    shadows.register(thing, options, (error) => (error ? reject(error) : resolve()));
  });
}

/** Starts an operation and waits for its answer; the SDK correlates by client token. */
async function ask(shadows: ThingShadow, start: () => string | null): Promise<Status> {
  const answered = next(shadows, 'status') as Promise<Status>;
  const token = start();
  expect(token).not.toBeNull();
  const status = await answered;
  expect(status[2]).toBe(token);
  return status;
}

describe('aws-iot-device-sdk, thingShadow', () => {
  it('gets, updates and deletes its shadow', async () => {
    const running = await runningCore();
    const shadows = await thingShadow(running, await running.device('GG_Light'));
    await register(shadows, 'GG_Light');
    const [, missing, , error] = await ask(shadows, () => shadows.get('GG_Light'));
    expect([missing, error]).toEqual(['rejected', expect.objectContaining({ code: 404 })]);
    const [thing, type, , accepted] = await ask(shadows, () =>
      shadows.update('GG_Light', { state: { reported: { property: 'R' } } }),
    );
    expect([thing, type]).toEqual(['GG_Light', 'accepted']);
    expect(accepted).toMatchObject({ state: { reported: { property: 'R' } } });
    const [, , , got] = await ask(shadows, () => shadows.get('GG_Light'));
    expect(got).toMatchObject({ state: { reported: { property: 'R' } } });
    const [, deleted] = await ask(shadows, () => shadows.delete('GG_Light'));
    expect(deleted).toBe('accepted');
  });

  it('controls another thing’s light by the rows between them, which hears the delta', async () => {
    const update = '$aws/things/GG_TrafficLight/shadow/update';
    const row = (source: string, subject: string, target: string) =>
      ({ source, subject, target, origin: 'configured' }) as const;
    const running = await runningCore({
      rows: [
        row('HelloWorld_Publisher', update, 'GGShadowService'),
        row('GGShadowService', `${update}/accepted`, 'HelloWorld_Publisher'),
        row('GGShadowService', `${update}/rejected`, 'HelloWorld_Publisher'),
      ],
    });
    const light = await thingShadow(running, await running.device('GG_TrafficLight'));
    const controller = await thingShadow(running, await running.device('HelloWorld_Publisher'));
    await register(light, 'GG_TrafficLight');
    // Others write this shadow too, so the SDK must not insist on the version that it saw last.
    await register(controller, 'GG_TrafficLight', { ignoreDeltas: true, enableVersioning: false });
    await ask(light, () => light.update('GG_TrafficLight', { state: { reported: { property: 'R' } } }));
    for (const property of ['G', 'Y', 'R', 'G']) {
      const heard = next(light, 'delta') as Promise<[string, { state: object }]>;
      const [, type] = await ask(controller, () =>
        controller.update('GG_TrafficLight', { state: { desired: { property } } }),
      );
      expect(type).toBe('accepted');
      if (property === 'R') {
        // What is reported already asks for nothing.
        await ask(light, () => light.update('GG_TrafficLight', { state: { reported: { property: 'X' } } }));
      }
      const [thing, { state }] = await heard;
      expect([thing, state]).toEqual(['GG_TrafficLight', { property }]);
    }
  });
});
