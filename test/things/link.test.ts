import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, SystemClock, VirtualClock } from '../../hal/index.js';
import type { Credentials } from '../../src/things/connection.js';
import { Link } from '../../src/things/link.js';
import { connectMqtt } from '../../src/things/mqtt.js';
import { ShadowClient } from '../../src/things/shadow-client.js';
import { type RunningApp, runApp } from '../support/app.js';
import { farBroker } from '../support/far-broker.js';

const CORE = `
version: 1
core:
  mqtt: { host: 127.0.0.1, port: 0 }
  discovery: { host: 127.0.0.1, port: 0 }
things:
  - { name: A }
  - { name: B }
  - { name: C }
subscriptions:
  - { source: A, subject: t/#, target: A }
  - { source: A, subject: $aws/things/B/shadow/get, target: GGShadowService }
`;

async function member(running: RunningApp, thing: string): Promise<{ credentials: Credentials; ca: string }> {
  const { certificate, privateKey, ca } = (await running.control.call(
    'POST',
    `/things/${thing}/add`,
  )) as Record<string, string>;
  return { credentials: { thing, certificate: certificate!, privateKey: privateKey! }, ca: ca! };
}

async function linkTo(running: RunningApp, thing: string) {
  const { credentials, ca } = await member(running, thing);
  const address = { host: '127.0.0.1', port: running.app.core!.mqttPort, ca };
  const link = new Link({
    credentials: async () => credentials,
    locate: async () => [{ ...address, port: 1 }, address],
    connect: connectMqtt,
    clock: new SystemClock(),
    log: SILENT,
    random: () => 0,
    backoff: { firstMs: 4, maxMs: 20 },
  });
  onTestFinished(() => link.stop());
  return link;
}

const online = (link: Link) =>
  expect.poll(() => link.status().connected, { interval: 5, timeout: 5_000 }).toBe(true);

describe('link', () => {
  it('tries every address, and after each connect: subscriptions, listeners, queue, in this order', async () => {
    const running = await runApp(CORE);
    const link = await linkTo(running, 'A');
    const events: string[] = [];
    link.listen('t/+', (topic, payload) => events.push(`${topic} ${payload}`));
    link.onOnline(async (connection) => {
      events.push('online');
      await connection.publish('t/online', '1');
    });
    await link.enqueue('t/queued', '2');
    await link.start(new AbortController().signal);
    await expect.poll(() => events, { interval: 5 }).toEqual(['online', 't/online 1', 't/queued 2']);
    running.app.core!.broker.disconnect('A', 'a test ends it');
    await expect.poll(() => events.length, { interval: 5, timeout: 5_000 }).toBe(5);
    expect(events.slice(3)).toEqual(['online', 't/online 1']);
    expect(link.status()).toMatchObject({ connected: true, connects: 2, queued: 0, dropped: 0 });
  });

  it('keeps a bounded queue while offline, and drops the oldest, counted', async () => {
    const running = await runApp(CORE);
    const link = await linkTo(running, 'A');
    const seen: string[] = [];
    link.listen('t/q', (_, payload) => seen.push(payload.toString()));
    for (let i = 0; i < 130; i++) await link.enqueue('t/q', String(i));
    expect(link.status()).toMatchObject({ connected: false, queued: 100, dropped: 30 });
    await expect(link.publish('t/q', 'now')).rejects.toMatchObject({ code: 'THING_OFFLINE' });
    await link.start(new AbortController().signal);
    await expect.poll(() => seen.length, { interval: 5, timeout: 5_000 }).toBe(100);
    expect(seen[0]).toBe('30');
    expect(seen.at(-1)).toBe('129');
  });

  it('is told why it may not connect, and says so once', async () => {
    const running = await runApp(CORE);
    const link = await linkTo(running, 'A');
    await running.control.call('POST', '/things/A/revoke');
    await link.start(new AbortController().signal);
    await expect
      .poll(() => link.status().cause, { interval: 5 })
      .toContain('A could not connect to 127.0.0.1:');
    await link.stop();
    expect(link.status()).toMatchObject({ connected: false, cause: 'stopped' });
  });
});

describe('shadow client', () => {
  it('gives each answer to its own request, refusals with code and text', async () => {
    const running = await runApp(CORE);
    const link = await linkTo(running, 'A');
    const shadow = new ShadowClient(link, new SystemClock(), 'A', 'A');
    shadow.open();
    await link.start(new AbortController().signal);
    await online(link);
    expect(await shadow.get()).toBeUndefined();
    const [one, two] = await Promise.all([
      shadow.update({ reported: { a: 1 } }),
      shadow.update({ desired: { a: 2 } }),
    ]);
    expect([one, two]).toEqual([1, 2]);
    expect(await shadow.get()).toMatchObject({
      version: 2,
      state: { desired: { a: 2 }, reported: { a: 1 }, delta: { a: 2 } },
    });
    await expect(shadow.update({ reported: { big: 'x'.repeat(9_000) } })).rejects.toMatchObject({
      code: 'THING_REJECTED',
      status: 413,
    });
  });

  it('takes the answer of a shadow manager that echoes no token of a get, and no one else’s of an update', async () => {
    const far = await farBroker();
    onTestFinished(() => far.stop());
    const credentials = await far.thing('A');
    const link = new Link({
      credentials: async () => credentials,
      locate: async () => [far.address],
      connect: connectMqtt,
      clock: new SystemClock(),
      log: SILENT,
      random: () => 0,
    });
    onTestFinished(() => link.stop());
    const service = far.broker.port('service');
    const answer = (topic: string, body: object) =>
      service.publish({ topic: `$aws/things/A/shadow/${topic}`, payload: JSON.stringify(body), qos: 1 });
    let asked = 0;
    service.subscribe('$aws/things/A/shadow/get', () => {
      asked += 1;
      void (asked === 1
        ? answer('get/accepted', { version: 3, state: { reported: { a: 1 } } })
        : answer('get/rejected', { code: 404, message: 'No shadow exists' }));
    });
    service.subscribe('$aws/things/A/shadow/update', ({ payload }) => {
      const { clientToken } = JSON.parse(payload.toString());
      void answer('update/accepted', { version: 8, state: {} }).then(() =>
        answer('update/accepted', { version: 9, state: {}, clientToken }),
      );
    });
    const shadow = new ShadowClient(link, new SystemClock(), 'A', 'A');
    shadow.open();
    await link.start(new AbortController().signal);
    await online(link);
    expect(await shadow.get()).toMatchObject({ version: 3 });
    expect(await shadow.get()).toBeUndefined();
    expect(await shadow.update({ reported: { a: 2 } })).toBe(9);
  });

  it('says at once that no row lets it ask', async () => {
    const running = await runApp(CORE);
    const link = await linkTo(running, 'A');
    const shadow = new ShadowClient(link, new SystemClock(), 'A', 'C');
    shadow.open();
    await link.start(new AbortController().signal);
    await online(link);
    await expect(shadow.get()).rejects.toMatchObject({
      code: 'THING_REJECTED',
      message: expect.stringContaining('$aws/things/C/shadow/get'),
    });
  });

  it('says after ten seconds that nobody answers, and at once that the connection is lost', async () => {
    const running = await runApp(CORE);
    const link = await linkTo(running, 'A');
    const clock = new VirtualClock();
    // a row lets A ask for the shadow of B, but none lets the answer come back
    const shadow = new ShadowClient(link, clock, 'A', 'B');
    shadow.open();
    await link.start(new AbortController().signal);
    await online(link);
    const unanswered = expect(shadow.get()).rejects.toMatchObject({
      code: 'THING_TIMEOUT',
      message: expect.stringContaining('subscription row'),
    });
    await expect.poll(() => clock.pending, { interval: 5 }).toBe(1);
    await clock.advance(10_000);
    await unanswered;
    const lost = expect(shadow.get()).rejects.toMatchObject({ code: 'THING_OFFLINE' });
    await expect.poll(() => clock.pending, { interval: 5 }).toBe(1);
    running.app.core!.broker.disconnect('A', 'a test ends it');
    await lost;
    expect(clock.pending).toBe(0);
  });
});
