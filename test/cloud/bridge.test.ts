import { afterEach, describe, expect, it } from 'vitest';
import { SILENT, SystemClock } from '../../hal/index.js';
import { rowOf } from '../../src/aggregator/batch.js';
import { AwsIot } from '../../src/cloud/aws-iot.js';
import { Bridge } from '../../src/cloud/bridge.js';
import { keptSession } from '../../src/cloud/session.js';
import { TopicSink } from '../../src/cloud/topic-sink.js';
import { ALLOWED, Broker, memorySessions } from '../../src/core/broker/index.js';
import { MemoryStore } from '../../src/store/memory.js';
import { connectAwsSdk } from '../../src/things/aws-sdk.js';
import type { Connection, CoreAddress, Credentials } from '../../src/things/connection.js';
import { connectMqtt } from '../../src/things/mqtt.js';
import { farBroker } from '../support/far-broker.js';
import { hasMosquitto, mosquitto } from '../support/mosquitto.js';
import { mayLackFor } from '../support/tools.js';
import { until } from '../support/until.js';

const never = new AbortController().signal;
const clock = new SystemClock();
const backoff = { firstMs: 20, maxMs: 50 };
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Far {
  readonly address: CoreAddress;
  readonly direct: CoreAddress;
  thing(name: string): Promise<Credentials>;
  cut(): void;
  mend(): void;
  stop(): Promise<void>;
}

async function site(make: () => Promise<Far>, rows: { up: string[]; down: string[] }) {
  const far = await make();
  ends.push(() => far.stop());
  const local = new Broker({
    policy: {
      connect: () => ALLOWED,
      publish: () => ALLOWED,
      subscribe: () => ALLOWED,
      pass: (from, topic, to) => to !== 'cloud' || from === 'GG_Function' || topic.startsWith('both'),
    },
    sessions: memorySessions(),
    clock,
    log: SILENT,
  });
  await local.start(never);
  ends.push(() => local.stop());
  const credentials = await far.thing('Greenlight_Core');
  const { host, port, ca } = far.address;
  const store = new MemoryStore();
  const section = store.section('cars');
  /** As after the end of the process: all anew on the same store. */
  const begin = async ({ up, down } = rows) => {
    const iot = new AwsIot({
      endpoint: host,
      port,
      ca,
      credentials: async () => credentials,
      connect: connectAwsSdk,
      clock,
      log: SILENT,
      random: () => 0,
      backoff,
      session: keptSession(store.section('session'), host, 3_600_000),
    });
    const port_ = local.port('cloud');
    const bridge = new Bridge({
      port: port_,
      link: iot.link,
      up,
      down,
      store,
      clock,
      log: SILENT,
      random: () => 0,
      backoff,
    });
    const sink = new TopicSink({
      topic: 'stats/cars',
      link: iot.link,
      store: section,
      clock,
      log: SILENT,
      random: () => 0,
      backoff,
    });
    await sink.start(never);
    await bridge.start(never);
    await iot.start(never);
    const end = async () => {
      await iot.stop();
      await bridge.stop();
      await sink.stop();
      port_.close();
    };
    return { iot, bridge, sink, end };
  };
  const running = { ...(await begin()) };
  ends.push(() => running.end());
  const seen: [topic: string, payload: string][] = [];
  const console: Connection = await connectMqtt({
    address: far.direct,
    credentials: await far.thing('Console'),
    signal: never,
    onMessage: (topic, payload) => seen.push([topic, payload.toString()]),
    onClose: () => {},
  });
  ends.push(() => console.close());
  await console.subscribe(['#']);
  const restart = async (next = rows) => {
    await running.end();
    Object.assign(running, await begin(next));
  };
  return { far, local, running, restart, section, seen, console };
}

for (const [name, make, possible] of [
  ['our broker', farBroker, true],
  ['mosquitto', mosquitto, hasMosquitto],
] as const) {
  describe.skipIf(mayLackFor(possible))(`bridge to AWS IoT, played by ${name}`, () => {
    it('carries up what a row allows, once and in order, and down what a row names', async () => {
      const r = await site(make, { up: ['up/#', 'up/+/x', 'both'], down: ['down/+', 'both'] });
      await until(() => r.running.iot.part().state === 'ok');
      const function_ = r.local.port('GG_Function');
      const stranger = r.local.port('Stranger');
      for (let i = 0; i < 20; i++) await function_.publish({ topic: 'up/a/x', payload: String(i) });
      await stranger.publish({ topic: 'up/a/x', payload: 'not allowed' });
      await until(() => r.seen.length >= 20);
      expect(r.seen).toEqual(Array.from({ length: 20 }, (_, i) => ['up/a/x', String(i)]));
      const heard: string[] = [];
      r.local
        .port('ear')
        .subscribe('#', ({ topic, payload, from }) => heard.push(`${from} ${topic} ${payload}`));
      await r.console.publish('down/a', 'hello');
      await r.console.publish('other', 'not for us');
      await r.console.publish('both', 'no echo');
      await until(() => heard.length >= 2);
      expect(heard).toEqual(['cloud down/a hello', 'cloud both no echo']);
      expect(r.seen.filter(([topic]) => topic === 'both')).toHaveLength(1);
      expect(r.running.bridge.part()).toMatchObject({
        state: 'ok',
        figures: { received: 2, lost: 0, delivered: 20 },
      });
    });

    it('keeps what is published while the line is cut, says so, and sends it in order afterwards', async () => {
      const r = await site(make, { up: ['up/#'], down: [] });
      await until(() => r.running.iot.part().state === 'ok');
      r.far.cut();
      await until(() => r.running.iot.part().state === 'degraded');
      const port = r.local.port('GG_Function');
      for (let i = 0; i < 50; i++) await port.publish({ topic: 'up/a', payload: String(i) });
      const batch = {
        thing: 'L',
        window: 1,
        at: 0,
        totalTraffic: 30,
        totalGreenlights: 3,
        minCars: 1,
        maxCars: 20,
      };
      await r.section.write(r.running.sink.accept(batch));
      r.running.sink.accepted(batch);
      await until(() => r.running.bridge.part().state === 'degraded');
      expect((r.running.bridge.part().figures as { bytes: number }).bytes).toBeGreaterThan(50 * 128);
      r.far.mend();
      await until(() => r.seen.length >= 51);
      expect(r.seen.filter(([topic]) => topic === 'up/a').map(([, payload]) => payload)).toEqual(
        Array.from({ length: 50 }, (_, i) => String(i)),
      );
      expect(JSON.parse(r.seen.find(([topic]) => topic === 'stats/cars')![1])).toEqual(rowOf(batch));
      await until(() => (r.running.bridge.part().figures as { delivered: number }).delivered >= 50);
      expect(r.running.bridge.part()).toMatchObject({ state: 'ok', figures: { delivered: 50 } });
    });

    it('brings down what was published while the line was cut, and while the application was not there', async () => {
      const r = await site(make, { up: [], down: ['down/+', 'gone/#'] });
      const heard: string[] = [];
      r.local.port('ear').subscribe('#', ({ topic, payload }) => heard.push(`${topic} ${payload}`));
      await until(() => r.running.iot.part().state === 'ok');
      r.far.cut();
      await until(() => r.running.iot.part().state === 'degraded');
      for (let i = 0; i < 10; i++) await r.console.publish('down/a', String(i));
      r.far.mend();
      await until(() => heard.length >= 10);
      const first = Array.from({ length: 10 }, (_, i) => `down/a ${i}`);
      expect(heard.splice(0)).toEqual(first);
      await until(() => r.running.iot.part().figures?.resumed === true);

      await r.running.end();
      await r.console.publish('down/a', 'while it was not there');
      await r.console.publish('gone/a', 'to a row that is gone');
      await r.restart({ up: [], down: ['down/+', 'new'] });
      await until(() => r.running.iot.part().state === 'ok');
      // what was not acknowledged any more comes twice
      const fresh = () => heard.filter((message) => !first.includes(message));
      await until(() => fresh().length >= 1);
      await r.console.publish('gone/a', 'again');
      await r.console.publish('new', 'to a new row');
      await until(() => heard.includes('new to a new row'));
      expect(fresh()).toEqual(['down/a while it was not there', 'new to a new row']);
      expect(await r.running.iot.part().figures).toMatchObject({ resumed: true });
    });
  });
}
