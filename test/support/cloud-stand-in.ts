/** AWS IoT Core as it is to a client: a broker with mutual TLS, on a line that can be cut, and a shadow service. */
import { SILENT, SystemClock } from '../../hal/index.js';
import type { BrokerPort } from '../../src/core/broker/contract.js';
import { memoryShadows, ShadowService } from '../../src/core/shadow/index.js';
import type { CoreAddress, Credentials } from '../../src/things/connection.js';
import { Link } from '../../src/things/link.js';
import { connectMqtt } from '../../src/things/mqtt.js';
import { farBroker } from './far-broker.js';
import { hasMosquitto, mosquitto } from './mosquitto.js';
import { until } from './until.js';

export interface CloudStandIn {
  readonly address: CoreAddress;
  /** Past the line. */
  readonly direct: CoreAddress;
  readonly shadows: ShadowService;
  thing(name: string): Promise<Credentials>;
  cut(): void;
  mend(): void;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const never = new AbortController().signal;
const clock = new SystemClock();

async function ours(): Promise<CloudStandIn> {
  const far = await farBroker();
  const shadows = await shadowsOver(far.broker.port('GGShadowService'));
  return {
    ...far,
    shadows,
    stop: async () => {
      await shadows.stop();
      await far.stop();
    },
  };
}

/** It has no shadow service: ours is one of its clients, on the topics of AWS IoT. */
async function mosquittos(): Promise<CloudStandIn> {
  const far = await mosquitto();
  const credentials = await far.thing('Shadow_Service');
  const link = new Link({
    credentials: async () => credentials,
    locate: async () => [far.direct],
    connect: connectMqtt,
    clock,
    log: SILENT,
    random: () => 0,
    backoff: { firstMs: 10, maxMs: 20 },
  });
  const shadows = await shadowsOver(portOver(link));
  await link.start(never);
  const online = () => until(() => link.status().connected);
  await online();
  return {
    ...far,
    shadows,
    restart: async () => {
      const { connects } = link.status();
      await far.restart();
      await until(() => link.status().connects > connects && link.status().connected);
    },
    stop: async () => {
      await link.stop();
      await shadows.stop();
      await far.stop();
    },
  };
}

async function shadowsOver(port: BrokerPort): Promise<ShadowService> {
  const shadows = new ShadowService({ port, store: memoryShadows(), clock, log: SILENT });
  await shadows.start(never);
  return shadows;
}

function portOver(link: Link): BrokerPort {
  return {
    name: 'GGShadowService',
    publish: ({ topic, payload }) => link.publish(topic, payload),
    subscribe: (filter, listener) =>
      link.listen(filter, (topic, payload) =>
        listener({ topic, payload, qos: 1, retain: false, properties: undefined, from: 'someone' }),
      ),
    close: () => {},
  };
}

/** Every stand-in: name, whether this machine has it, how to make one. */
export const CLOUDS: readonly (readonly [string, boolean, () => Promise<CloudStandIn>])[] = [
  ['our broker', true, ours],
  ['mosquitto', hasMosquitto, mosquittos],
];
