import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../hal/index.js';
import type { Config, ConnectConfig } from '../config/model.js';
import type { Identity } from '../core/identity/open.js';
import type { StatePaths } from '../state-dir.js';
import type { Credentials } from '../things/connection.js';
import { discovered } from '../things/discovery.js';
import { ThingError } from '../things/errors.js';
import { connectMqtt } from '../things/mqtt.js';
import type { ThingOptions } from '../things/thing.js';

export type ThingLink = ThingOptions['link'];

export interface LinkSources {
  readonly config: Config;
  readonly paths: StatePaths;
  readonly log: Log;
  /** Of the core on this machine, where there is one. */
  readonly identity: Identity | undefined;
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

/** By discovery, with the certificates that were put beside the configuration. */
function remoteLink(thing: string, connect: ConnectConfig, { paths, log }: LinkSources): ThingLink {
  const { discovery, certificates } = connect;
  const credentials = async (): Promise<Credentials> => ({
    thing,
    certificate: await readPem(join(certificates, `${thing}.cert.pem`), thing),
    privateKey: await readPem(join(certificates, `${thing}.private.key`), thing),
  });
  return {
    connect: connectMqtt,
    credentials,
    locate: async (signal) =>
      discovered({
        host: discovery.host,
        port: discovery.port,
        ca: await readPem(discovery.ca, thing),
        credentials,
        cacheFile: join(paths.folder, `discovery-${thing}.json`),
        log,
      })(signal),
  };
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
