import { readFile } from 'node:fs/promises';
import { type Clock, type Log, messageOf } from '../../hal/index.js';
import type { BatchSink } from '../aggregator/batch.js';
import { Cloud, CloudError, type CloudOptions, roleAliasCredentials } from '../cloud/index.js';
import type { Config, DynamoDbSink, IotConfig } from '../config/model.js';
import type { Core } from '../core/core.js';
import { CLOUD, type Group, OWN_NAME, type SubscriptionRow } from '../core/group/index.js';
import type { Identity } from '../core/identity/open.js';
import type { Store } from '../store/contract.js';
import type { Credentials } from '../things/connection.js';
import { connectorOf } from './links.js';

export interface CloudSources {
  readonly config: Config;
  /** Absent: functions of this machine are clients of a core elsewhere, and only sinks are ways out. */
  readonly core?: Core;
  /** The certificate for the account. */
  readonly credentials: () => Promise<Credentials>;
  /** The application's; what waits has a section of its own in it. */
  readonly store: Store;
  /** The aggregator's section. */
  readonly cars: Store;
  /** Keeps the rows on this machine in any case. */
  readonly local: BatchSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** The ways out of the site that the configuration names. */
export function makeCloud(sources: CloudSources): Cloud {
  const { config, core, store, cars, local, clock, log, random } = sources;
  const { sink, iot, spool } = config.cloud;
  return new Cloud({
    cars,
    store: store.section('cloud'),
    local,
    limits: spool,
    ...(sink !== 'local' && { dynamodb: dynamodb(sink.dynamodb, sources) }),
    ...(iot && core && { iot: awsIot(iot, core, sources) }),
    clock,
    log,
    random,
  });
}

/** What rows of the subscription table carry to AWS IoT and from there. */
export function cloudSubjects(group: Group): {
  readonly up: readonly string[];
  readonly down: readonly string[];
} {
  const rows = group.table.list();
  return {
    up: rows.filter(({ target }) => target === CLOUD).map(subject),
    down: rows.filter(({ source }) => source === CLOUD).map(subject),
  };
}

/** Of a row for every thing of a role: the name of any. The table decides message by message. */
function subject(row: SubscriptionRow): string {
  return row.subject.replace(OWN_NAME, '+');
}

type Dynamodb = NonNullable<CloudOptions['dynamodb']>;
type Iot = NonNullable<CloudOptions['iot']>;

function dynamodb({ credentials, ...table }: DynamoDbSink['dynamodb'], sources: CloudSources): Dynamodb {
  if (credentials === undefined) return table;
  const { clock, log, credentials: device } = sources;
  const { ca: caFile, ...alias } = credentials;
  const give = async (ca: string | undefined) =>
    roleAliasCredentials({
      ...alias,
      ...(ca !== undefined && { ca }),
      credentials: device,
      clock,
      log: log.child({ part: 'dynamodb' }),
    });
  return { ...table, credentials: once(async () => give(caFile && (await readPem(caFile)))) };
}

/** Made with the first call, and again when making it failed. */
function once<T>(make: () => Promise<() => Promise<T>>): () => Promise<T> {
  let made: Promise<() => Promise<T>> | undefined;
  return async () => {
    made ??= make();
    const call = await made.catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return call();
  };
}

function awsIot(iot: IotConfig, core: Core, sources: CloudSources): Iot {
  const { endpoint, port, transport, batchTopic, shadows, everyMs, sessionExpiryMs } = iot;
  return {
    endpoint,
    port,
    sessionExpiryMs,
    ...(iot.ca !== undefined && { ca: () => readPem(iot.ca!) }),
    credentials: sources.credentials,
    connect: connectorOf(transport),
    broker: core.broker.port(CLOUD),
    ...cloudSubjects(core.group),
    ...(batchTopic !== undefined && { batchTopic }),
    ...(shadows.length > 0 && {
      shadows: {
        local: core.shadows,
        shadows: shadows.map(({ thing, shadow, direction }) => ({ thing, shadow, direction })),
        ...(everyMs !== undefined && { everyMs }),
      },
    }),
  };
}

/** The certificate of the configuration, or one that the core issues. */
export function deviceCredentials(config: Config, identity: Identity): () => Promise<Credentials> {
  const { iot } = config.cloud;
  const { thingName, certificates } = config.core!;
  const thing = iot?.thingName ?? thingName;
  return async () => {
    if (iot?.certificate === undefined || iot.privateKey === undefined) {
      return { thing, ...(await identity.registry.ensure(thing, { days: certificates.deviceDays })) };
    }
    return {
      thing,
      certificate: await readPem(iot.certificate),
      privateKey: await readPem(iot.privateKey),
    };
  };
}

/** Read when it is needed, so that a missing file is the cause in `status` and not the end of the site. */
async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CloudError(
      'CLOUD_CREDENTIALS',
      `${file} cannot be read: ${messageOf(error)}; docs/aws.md tells where it comes from`,
      { cause: error },
    );
  }
}
