/** The six classic members of a Greengrass group: every exchange happens by its row, and stops without it. */
import { setImmediate as turn } from 'node:timers/promises';
import mqtt, { type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type {
  BuiltinFunction,
  FunctionContext,
  FunctionDefinition,
} from '../../../src/core/functions/index.js';
import { rowText, type SubscriptionRow } from '../../../src/core/group/index.js';
import { next, type RunningCore, runningCore } from './support.js';

const LIGHT = '$aws/things/GG_TrafficLight/shadow/update';
const row = (source: string, subject: string, target: string): SubscriptionRow => ({
  source,
  subject,
  target,
  origin: 'configured',
});

/** Each row, and the exchange that goes by it and no other. */
const EXCHANGES = {
  'the publisher reaches the subscriber': row(
    'HelloWorld_Publisher',
    'hello/world/pubsub',
    'HelloWorld_Subscriber',
  ),
  'the switch changes the light': row('GG_Switch', LIGHT, 'GGShadowService'),
  'the switch hears what became of the light': row('GGShadowService', `${LIGHT}/accepted`, 'GG_Switch'),
  'the aggregator sees the light': row('GGShadowService', `${LIGHT}/documents`, 'GG_Car_Aggregator'),
  'the function reaches the cloud': row('GG_HelloWorld', 'hello/world', 'cloud'),
} as const;
type Exchange = keyof typeof EXCHANGES;
const ALL = Object.keys(EXCHANGES) as Exchange[];

/** A function whose invocations and context the test has in its hands. */
class Watched implements BuiltinFunction {
  context: FunctionContext | undefined;
  invocations = 0;
  constructor(readonly subjects: BuiltinFunction['subjects']) {}
  async start(context: FunctionContext): Promise<void> {
    this.context = context;
  }
  async invoke(): Promise<void> {
    this.invocations++;
  }
  async stop(): Promise<void> {}
  status(): Record<string, number> {
    return { invocations: this.invocations };
  }
}

const builtin = (name: string, fn: BuiltinFunction): FunctionDefinition => ({
  name,
  subjects: [],
  runs: { kind: 'builtin', builtin: 'watched', options: {}, make: () => fn },
});

async function client(running: RunningCore, thing: string): Promise<MqttClient> {
  const device = await running.device(thing);
  const connection = mqtt.connect({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port: running.core.mqttPort,
    servername: '',
    reconnectPeriod: 0,
    ca: device.ca,
    cert: device.certificate,
    key: device.privateKey,
    clientId: thing,
  });
  onTestFinished(() => void connection.end(true));
  await next(connection, 'connect');
  await connection.subscribeAsync(`$aws/things/${thing}/shadow/get/+`, { qos: 1 });
  return connection;
}

/** Everything that came before for this client has arrived when its own shadow answers. */
async function settled(connection: MqttClient, thing: string): Promise<void> {
  const answered = new Promise<void>((resolve) => {
    const look = (topic: string): void => {
      if (!topic.startsWith(`$aws/things/${thing}/shadow/get/`)) return;
      connection.off('message', look);
      resolve();
    };
    connection.on('message', look);
  });
  await connection.publishAsync(`$aws/things/${thing}/shadow/get`, '', { qos: 1 });
  await answered;
}

describe('the classic group', () => {
  it('exchanges what its rows say, row by row, while everybody stays connected', async () => {
    const aggregator = new Watched([{ source: 'GGShadowService', subject: `${LIGHT}/documents` }]);
    const hello = new Watched([]);
    const rows = Object.values(EXCHANGES);
    const running = await runningCore({
      rows,
      functions: [builtin('GG_Car_Aggregator', aggregator), builtin('GG_HelloWorld', hello)],
    });
    const { core } = running;
    const things = ['HelloWorld_Publisher', 'HelloWorld_Subscriber', 'GG_Switch', 'GG_TrafficLight'] as const;
    const clients = new Map<string, MqttClient>();
    for (const thing of things) clients.set(thing, await client(running, thing));
    const [publisher, subscriber, controller, light] = things.map(
      (thing) => clients.get(thing) as MqttClient,
    ) as [MqttClient, MqttClient, MqttClient, MqttClient];
    const happened = new Set<Exchange>();
    let desired = 0;
    const note = (
      connection: MqttClient,
      filter: string,
      exchange: Exchange,
      counts: (payload: Buffer) => boolean = () => true,
    ): Promise<unknown> => {
      connection.on('message', (topic, payload) => {
        if (topic === filter && counts(payload)) happened.add(exchange);
      });
      return connection.subscribeAsync(filter, { qos: 1 });
    };
    await note(subscriber, 'hello/world/pubsub', 'the publisher reaches the subscriber');
    // A delta that is still open comes again with every update: only the new one counts.
    const isNew = (payload: Buffer): boolean => JSON.parse(payload.toString()).state.step === desired;
    await note(light, `${LIGHT}/delta`, 'the switch changes the light', isNew);
    await note(controller, `${LIGHT}/accepted`, 'the switch hears what became of the light');
    const cloud = core.broker.port('cloud');
    onTestFinished(() => cloud.close());
    cloud.subscribe('hello/#', () => happened.add('the function reaches the cloud'));

    const exchange = async (): Promise<readonly Exchange[]> => {
      happened.clear();
      aggregator.invocations = 0;
      const send = (from: MqttClient, topic: string, payload: object): Promise<unknown> =>
        from.publishAsync(topic, JSON.stringify(payload), { qos: 1 });
      await send(publisher, 'hello/world/pubsub', { hello: 1 });
      await send(controller, LIGHT, { state: { desired: { step: ++desired } } });
      // The light's own report goes by the rows that every thing has.
      await send(light, LIGHT, { state: { reported: { well: true } } });
      await hello.context?.publish('hello/world', { hello: 1 });
      for (const thing of ['GG_TrafficLight', 'GG_Switch', 'HelloWorld_Subscriber']) {
        await settled(clients.get(thing) as MqttClient, thing);
      }
      await turn();
      if (aggregator.invocations > 0) happened.add('the aggregator sees the light');
      return ALL.filter((name) => happened.has(name));
    };

    expect(await exchange()).toEqual(ALL);
    for (const missing of ALL) {
      const without = rows.filter((one) => one !== EXCHANGES[missing]);
      core.group.replace({ ...core.group.definition, rows: without });
      core.broker.recheck();
      expect(await exchange(), `without ${missing}`).toEqual(ALL.filter((name) => name !== missing));
      const { source, subject, target } = EXCHANGES[missing] as {
        source: string;
        subject: string;
        target: string;
      };
      const answer = core.group.why({ client: source, action: 'publish', topic: subject, to: target });
      expect(answer.passes, rowText(EXCHANGES[missing])).toBe(false);
      expect(answer.sentence).toContain(`No row lets ${source} publish ${subject} to ${target}.`);
    }
    core.group.replace({ ...core.group.definition, rows });
    core.broker.recheck();
    expect(await exchange()).toEqual(ALL);
    for (const connection of clients.values()) expect(connection.connected).toBe(true);
  });
});
