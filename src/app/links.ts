import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../hal/index.js';
import type { Config, ConnectConfig, Endpoint, Transport } from '../config/model.js';
import type { Identity } from '../core/identity/open.js';
import type { CoreFinder } from '../mdns/index.js';
import type { StatePaths } from '../state-dir.js';
import { awsIotCore, greengrassDiscovery } from '../things/aws-locate.js';
import type { Connector, Credentials } from '../things/connection.js';
import { discovered } from '../things/discovery.js';
import { ThingError } from '../things/errors.js';
import type { Locate } from '../things/link.js';
import { connectMqtt } from '../things/mqtt.js';
import type { ThingOptions } from '../things/thing.js';

export type ThingLink = ThingOptions['link'];

export interface LinkSources {
  readonly config: Config;
  readonly paths: StatePaths;
  readonly log: Log;
  /** Of the core on this machine, where there is one. */
  readonly identity: Identity | undefined;
  /** For things that look for their core on the local network. */
  readonly finder: CoreFinder;
  /** Port of the core on this machine. */
  readonly mqttPort: () => number;
}

/** @throws {ThingError} THING_DISCOVERY when nothing says where a core is */
export function linkOf(thing: string, sources: LinkSources): ThingLink {
  const { config, identity } = sources;
  if (config.connect) return remoteLink(thing, config.connect, sources);
  if (config.core === undefined || identity === undefined) {
    throw new ThingError(
      'THING_DISCOVERY',
      `${thing}: this machine has no core and no connect section says where one is`,
    );
  }
  const { registry, ca } = identity;
  const host = loopbackOf(config.core.mqtt.host);
  const days = config.core.certificates.deviceDays;
  return {
    connect: connectMqtt,
    locate: async () => [{ host, port: sources.mqttPort(), ca: ca.certificate }],
    credentials: async () => ({ thing, ...(await registry.ensure(thing, { days })) }),
  };
}

/** A core elsewhere, with the certificates that were put beside the configuration. */
function remoteLink(thing: string, connect: ConnectConfig, { paths, finder, log }: LinkSources): ThingLink {
  const { certificates, transport } = connect;
  const files = { certificate: `${thing}.cert.pem`, privateKey: `${thing}.private.key` };
  const credentials = async (): Promise<Credentials> => ({
    thing,
    certificate: await readPem(join(certificates, files.certificate), thing),
    privateKey: await readPem(join(certificates, files.privateKey), thing),
  });
  const cacheFile = join(paths.folder, `discovery-${thing}.json`);
  return {
    connect: connectorOf(transport),
    credentials,
    locate: async (signal) =>
      (await locateBy(connect, { thing, credentials, cacheFile, finder, log }))(signal),
  };
}

interface LocateSources {
  readonly thing: string;
  readonly credentials: () => Promise<Credentials>;
  readonly cacheFile: string;
  readonly finder: CoreFinder;
  readonly log: Log;
}

/** Instead of a host: a core that announces itself. */
const MDNS = 'mdns';

/** The CA is read anew each time: it may be put there while the thing tries. */
async function locateBy(
  connect: ConnectConfig,
  { thing, finder, ...sources }: LocateSources,
): Promise<Locate> {
  const { discovery, greengrass, awsIot } = connect;
  const withCa = async <T extends { readonly ca?: string }>(place: T): Promise<T> =>
    place.ca === undefined ? place : { ...place, ca: await readPem(place.ca, thing) };
  if (awsIot) return awsIotCore(await withCa(awsIot));
  if (greengrass) return greengrassDiscovery({ ...(await withCa(greengrass)), ...sources });
  const place = await withCa(discovery!);
  return discovered({
    ...place,
    ...(place.host === MDNS && { find: () => findBy(place.ca, finder) }),
    ...sources,
  });
}

async function findBy(ca: string, finder: CoreFinder): Promise<readonly Endpoint[]> {
  const fingerprint = new X509Certificate(ca).fingerprint256.replaceAll(':', '').toLowerCase();
  const cores = await finder.find(fingerprint);
  return cores.flatMap(({ hosts, port }) => hosts.map((host) => ({ host, port })));
}

/** The SDK is loaded with the first connection. */
export function connectorOf(transport: Transport): Connector {
  if (transport === 'mqtt') return connectMqtt;
  return async (request) => (await import('../things/aws-sdk.js')).connectAwsSdk(request);
}

async function readPem(file: string, thing: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ThingError(
      'THING_CREDENTIALS',
      `${thing}: ${file} cannot be read; issue it on the core with greenlight thing add ${thing} --out DIR and put it there`,
      { cause: error },
    );
  }
}

/** Where things of this machine reach a listener. */
function loopbackOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
