/** Where cores of AWS are: a Greengrass core found through the region's discovery, or AWS IoT Core itself. */
import { rootCertificates } from 'node:tls';
import type { Log } from '../../hal/index.js';
import type { CoreAddress, Credentials } from './connection.js';
import { discovered } from './discovery.js';
import type { Locate } from './link.js';

export interface GreengrassDiscoveryOptions {
  /** Such as `eu-central-1`; or `endpoint`, which counts first. */
  readonly region?: string;
  readonly endpoint?: string;
  /** Default 8443. */
  readonly port?: number;
  /** PEM of the CA of the discovery server. Absent: the roots that Node knows, Amazon's among them. */
  readonly ca?: string;
  readonly credentials: () => Promise<Credentials>;
  /** File of the last good answer. */
  readonly cacheFile: string;
  readonly log: Log;
}

const DISCOVERY_PORT = 8443;
const MQTT_PORT = 8883;

/**
 * Finds the Greengrass cores of a thing: every address of every core, in the order of the answer. The SDK's own discovery
 * client is not used: an answer that is not JSON, as a captive portal gives, ends the process inside it, and its port is
 * fixed. AWS IoT Greengrass discovery API, `GET /greengrass/discover/thing/NAME`.
 * @throws {RangeError} without region and endpoint
 */
export function greengrassDiscovery(options: GreengrassDiscoveryOptions): Locate {
  const { region, endpoint, port = DISCOVERY_PORT, ca = amazonRoots(), ...rest } = options;
  const host = endpoint ?? (region === undefined ? undefined : discoveryHost(region));
  if (host === undefined) throw new RangeError('Greengrass discovery needs a region or an endpoint');
  return discovered({ host, port, ca, ...rest });
}

export function discoveryHost(region: string): string {
  return `greengrass-ats.iot.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** AWS IoT Core itself. Port default 8883. */
export function awsIotCore({
  endpoint,
  port = MQTT_PORT,
  ca = amazonRoots(),
}: {
  readonly endpoint: string;
  readonly port?: number;
  readonly ca?: string;
}): Locate {
  const addresses: readonly CoreAddress[] = [{ host: endpoint, port, ca, awsIot: true }];
  return async () => addresses;
}

function amazonRoots(): string {
  return rootCertificates.join('\n');
}
