import type { Clock, Log } from '../../hal/index.js';
import type { BackoffLimits } from '../backoff.js';
import type { Service } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import { awsIotCore } from '../things/aws-locate.js';
import type { Connector, Credentials } from '../things/connection.js';
import { Link } from '../things/link.js';
import type { LinkSession } from '../things/session.js';

export interface AwsIotOptions {
  /** Host of the account's data endpoint: `<id>-ats.iot.<region>.amazonaws.com`. */
  readonly endpoint: string;
  /** Default 8883. 443 where a firewall lets nothing else out. */
  readonly port?: number;
  /** PEM of the CA of the endpoint, or what reads it. Absent: the roots that Node knows, Amazon's among them. */
  readonly ca?: string | (() => Promise<string>);
  /** Certificate and key that AWS IoT knows; the thing's name is the client id. */
  readonly credentials: () => Promise<Credentials>;
  /** `connectAwsSdk`, or `connectMqtt` where there is no build of AWS's SDK. */
  readonly connect: Connector;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly backoff?: BackoffLimits;
  /** Absent: what AWS IoT would send while there is no connection is lost. */
  readonly session?: LinkSession;
}

const BACKOFF: BackoffLimits = { firstMs: 1_000, maxMs: 120_000 };

/** The site's one connection to AWS IoT Core, kept up. What goes over it registers with {@link link} before the start. */
export class AwsIot implements Service {
  readonly name = 'aws-iot';
  readonly link: Link;

  constructor(private readonly options: AwsIotOptions) {
    const { endpoint, port, ca, credentials, connect, clock, log, random } = options;
    const place = { endpoint, ...(port !== undefined && { port }) };
    this.link = new Link({
      credentials,
      locate: async (signal) => {
        const pem = typeof ca === 'function' ? await ca() : ca;
        return awsIotCore({ ...place, ...(pem !== undefined && { ca: pem }) })(signal);
      },
      connect,
      clock,
      log,
      random,
      backoff: options.backoff ?? BACKOFF,
      ...(options.session && { session: options.session }),
    });
  }

  /** Does not wait for the connection: a site works without the cloud. */
  start(signal: AbortSignal): Promise<void> {
    return this.link.start(signal);
  }

  stop(): Promise<void> {
    return this.link.stop();
  }

  part(): PartStatus {
    const { connected, cause, connects, resumed, since } = this.link.status();
    return {
      name: this.name,
      kind: 'cloud',
      state: connected ? 'ok' : 'degraded',
      ...(!connected && { cause: cause ?? `not connected to ${this.options.endpoint}` }),
      figures: { connected, connects, resumed, since: new Date(since).toISOString() },
    };
  }
}
