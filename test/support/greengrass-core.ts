/**
 * A Greengrass V2 core as a deployment's components make it: discovery, an MQTT broker that asks client device auth,
 * the MQTT bridge and the shadow manager behind it, each by the configuration that the deployment merges into it.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { SILENT, SystemClock } from '../../hal/index.js';
import type { BrokerPort, Decision } from '../../src/core/broker/contract.js';
import { memoryShadows, ShadowService } from '../../src/core/shadow/index.js';
import type { Credentials } from '../../src/things/connection.js';
import { matches } from '../../src/topic-filter.js';
import { farBroker } from './far-broker.js';
import { pki } from './pki.js';

interface Deployment {
  readonly components: Readonly<
    Record<string, { readonly configurationUpdate?: { readonly merge?: string } }>
  >;
}

interface Statement {
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

interface DeviceGroups {
  readonly definitions: Readonly<
    Record<string, { readonly selectionRule: string; readonly policyName: string }>
  >;
  readonly policies: Readonly<Record<string, Readonly<Record<string, Statement>>>>;
}

type Mapping = Readonly<
  Record<string, { readonly topic: string; readonly source: string; readonly target: string }>
>;

export interface GreengrassCore {
  /** Of discovery. */
  readonly port: number;
  /** PEM, of the CA of discovery. */
  readonly ca: string;
  readonly shadows: ShadowService;
  /** What the bridge sent on to AWS IoT Core. */
  readonly sent: readonly { readonly topic: string; readonly payload: string }[];
  /** What client device auth refused. */
  readonly refused: readonly string[];
  thing(name: string): Promise<Credentials>;
  stop(): Promise<void>;
}

/** @param deploy gives the deployment once the port of discovery is known */
export async function greengrassCore(
  deploy: (discovery: { readonly port: number; readonly ca: string }) => Promise<unknown>,
): Promise<GreengrassCore> {
  let groups: DeviceGroups = { definitions: {}, policies: {} };
  const refused: string[] = [];
  const allowed = (client: string, operation: string, resource: string): Decision => {
    if (client === BRIDGE || mayDo(groups, client, operation, resource)) return { allowed: true };
    const reason = `${client} may not ${operation} ${resource}`;
    refused.push(reason);
    return { allowed: false, reason };
  };
  const far = await farBroker({
    connect: ({ peer, clientId }) =>
      peer.identity === clientId
        ? allowed(clientId, 'mqtt:connect', `mqtt:clientId:${clientId}`)
        : { allowed: false, reason: 'the client id is not the name of the certificate\u2019s thing' },
    publish: (from, topic) => allowed(from, 'mqtt:publish', `mqtt:topic:${topic}`),
    subscribe: (client, filter) => allowed(client, 'mqtt:subscribe', `mqtt:topicfilter:${filter}`),
  });
  const web = await pki();
  const server = createServer(
    {
      cert: web.server.certificate,
      key: web.server.privateKey,
      ca: far.address.ca,
      requestCert: true,
    },
    (request, response) => {
      const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject;
      const found = request.url === `/greengrass/discover/thing/${CN}`;
      const { host, port, ca } = far.address;
      const connectivity = [{ Id: host, HostAddress: host, PortNumber: port, Metadata: '' }];
      const cores = [{ thingArn: 'arn:aws:iot:eu-central-1:1:thing/Core', Connectivity: connectivity }];
      response.writeHead(found ? 200 : 403, { 'content-type': 'application/json' });
      response.end(JSON.stringify(found ? { GGGroups: [{ GGGroupId: 'g', Cores: cores, CAs: [ca] }] } : {}));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const { components } = (await deploy({ port, ca: web.ca })) as Deployment;
  const configured = <T>(name: string): T =>
    JSON.parse(components[name]?.configurationUpdate?.merge ?? '{}') as T;
  groups = configured<{ deviceGroups: DeviceGroups }>('aws.greengrass.clientdevices.Auth').deviceGroups;
  const { mqttTopicMapping } = configured<{ mqttTopicMapping: Mapping }>(
    'aws.greengrass.clientdevices.mqtt.Bridge',
  );
  const bridge = far.broker.port(BRIDGE);
  const mapped = (source: string, target: string, topic: string): boolean =>
    Object.values(mqttTopicMapping).some(
      (one) => one.source === source && one.target === target && matches(one.topic, topic),
    );
  const sent: { topic: string; payload: string }[] = [];
  bridge.subscribe('#', ({ topic, payload, from }) => {
    if (from !== BRIDGE && mapped('LocalMqtt', 'IotCore', topic))
      sent.push({ topic, payload: payload.toString() });
  });
  const shadows = new ShadowService({
    port: throughPubsub(bridge, mapped),
    store: memoryShadows(),
    clock: new SystemClock(),
    log: SILENT,
  });
  await shadows.start(new AbortController().signal);
  return {
    port,
    ca: web.ca,
    shadows,
    sent,
    refused,
    thing: far.thing,
    stop: async () => {
      await shadows.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await far.stop();
    },
  };
}

const BRIDGE = 'mqtt-bridge';

/** As `PermissionEvaluationUtils` of client device auth: default deny, `*` anywhere stands for anything, no more wildcards. */
function mayDo(
  { definitions, policies }: DeviceGroups,
  thing: string,
  operation: string,
  resource: string,
): boolean {
  return Object.values(definitions).some(
    ({ selectionRule, policyName }) =>
      selectionRule.split(' OR ').some((rule) => like(rule.replace(/^thingName: ?/, ''), thing)) &&
      Object.values(policies[policyName] ?? {}).some(
        ({ operations, resources }) =>
          operations.some((one) => like(one, operation)) && resources.some((one) => like(one, resource)),
      ),
  );
}

function like(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}

/** The shadow manager hears and says only what the bridge carries, and echoes no token of a get or a delete. */
function throughPubsub(
  bridge: BrokerPort,
  mapped: (source: string, target: string, topic: string) => boolean,
): BrokerPort {
  return {
    name: BRIDGE,
    subscribe: (filter, listener) =>
      bridge.subscribe(filter, (message) => {
        if (message.from !== BRIDGE && mapped('LocalMqtt', 'Pubsub', message.topic)) listener(message);
      }),
    publish: async ({ topic, payload }) => {
      if (!mapped('Pubsub', 'LocalMqtt', topic)) return;
      const { clientToken, ...body } = JSON.parse(String(payload)) as Record<string, unknown>;
      const echoed = /\/(get|delete)\/\w+$/.test(topic)
        ? body
        : { ...body, ...(clientToken !== undefined && { clientToken }) };
      await bridge.publish({ topic, payload: JSON.stringify(echoed), qos: 1 });
    },
    close: () => bridge.close(),
  };
}
