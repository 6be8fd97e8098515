/**
 * The effective configuration: checked, defaults filled in, durations in milliseconds, paths absolute. What the file
 * may hold is said once, in the schema (src/config/schema/); this is the type that comes out.
 */
import type { DriverName, LineAddress } from '../../hal/index.js';

export interface Config {
  /** Path of the file it was read from. */
  readonly file: string;
  readonly version: 1;
  readonly group: { readonly name: string };
  /** Absolute. */
  readonly stateDir: string;
  readonly log: {
    readonly level: LogLevel;
    /** Levels of single parts, by the part's name. */
    readonly parts?: Readonly<Record<string, LogLevel>>;
  };
  readonly hal: HalConfig;
  /** Absent: this machine only carries things. */
  readonly core?: CoreConfig;
  /** How this machine's things reach a core. Absent: they use the core on this machine. */
  readonly connect?: ConnectConfig;
  readonly things: readonly ThingConfig[];
  readonly functions: readonly FunctionConfig[];
  readonly subscriptions: readonly SubscriptionConfig[];
  readonly cloud: CloudConfig;
  readonly update: UpdateConfig;
  /** Goes with the group when it is deployed: an archive for `greenlight update`. */
  readonly application?: { /** Absolute. */ readonly file: string };
  readonly dashboard?: {
    readonly host: string;
    readonly port: number;
    readonly token?: string;
    /** Things whose certificate opens the page. */
    readonly clients?: readonly string[];
    readonly unlock: boolean;
  };
  /** On loopback. */
  readonly metrics?: Endpoint;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface HalConfig {
  readonly driver: DriverName | 'auto';
  /** Mock only: wires between lines, which board to show. */
  readonly mock?: { readonly wires?: readonly { readonly from: LineAddress; readonly to: LineAddress }[] };
}

export interface Endpoint {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface CoreConfig {
  readonly thingName: string;
  /** Host names and addresses in discovery and in the server certificate. */
  readonly advertise: readonly string[];
  readonly mqtt: Endpoint;
  readonly discovery: Endpoint & {
    /** A second port for clients that are fixed on another. */
    readonly alsoPort?: number;
    /** Announced on the local network by multicast DNS. */
    readonly mdns: boolean;
  };
  readonly shadow: { /** Bytes of state, 1..30720. */ readonly sizeLimit: number };
  /** Of a message: bytes of payload and topic, slashes in the topic. */
  readonly limits: {
    readonly messageBytes: number;
    readonly topicBytes: number;
    readonly topicSlashes: number;
  };
  /** Days that device and server certificates are valid, and that a renewed one is good beside the new one. */
  readonly certificates: {
    readonly deviceDays: number;
    readonly serverDays: number;
    readonly overlapDays: number;
  };
}

/** `aws-sdk`: aws-iot-device-sdk-v2. */
export type Transport = 'mqtt' | 'aws-sdk';

/** Exactly one of `discovery`, `greengrass` and `awsIot` is there. Paths are absolute. */
export interface ConnectConfig {
  /** Host `mdns`: a core of the CA's group that announces itself; the port then counts for nothing. */
  readonly discovery?: Endpoint & { /** CA of the discovery server. */ readonly ca: string };
  /** `region`, `endpoint` or both are there. */
  readonly greengrass?: {
    readonly region?: string;
    readonly endpoint?: string;
    readonly port: number;
    readonly ca?: string;
  };
  readonly awsIot?: { readonly endpoint: string; readonly port: number; readonly ca?: string };
  readonly transport: Transport;
  /** Folder with NAME.cert.pem and NAME.private.key. */
  readonly certificates: string;
}

/** A member of the group. Without a role it runs elsewhere. */
export interface ThingConfig {
  readonly name: string;
  readonly role?: string;
  /** The role's options, checked against its schema, durations in ms; empty without a role. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface FunctionConfig {
  readonly name: string;
  /** One of the functions that come with the product, with its options. */
  readonly builtin?: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** `path/module.function` of someone's own. */
  readonly handler?: string;
  readonly runtime?: 'python3' | 'nodejs';
  readonly pinned: boolean;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly encoding: 'json' | 'binary';
  readonly environment: Readonly<Record<string, string>>;
  /** What of this machine it is meant to use; paths absolute. */
  readonly resources?: {
    readonly lines?: readonly string[];
    readonly devices?: readonly string[];
    readonly folders?: readonly { readonly path: string; readonly access: 'ro' | 'rw' }[];
  };
  readonly runAs?: { readonly uid: number; readonly gid: number };
}

/** A row of the subscription table: a message from source on subject may reach target. */
export interface SubscriptionConfig {
  readonly source: SubscriptionParty;
  /** MQTT filter. A level `${thing}` stands for the name of the thing that a `{ role }` stands for. */
  readonly subject: string;
  readonly target: SubscriptionParty;
}

/** Name of a thing or function, `GGShadowService`, `cloud`, or every thing with a role. */
export type SubscriptionParty = string | { readonly role: string };

export interface CloudConfig {
  readonly sink: 'local' | DynamoDbSink;
  readonly iot?: IotConfig;
  /** Of each destination. */
  readonly spool: { readonly maxBytes: number; readonly maxAgeMs: number };
}

/** Paths are absolute. */
export interface IotConfig {
  readonly endpoint: string;
  readonly port: number;
  /** Absent: the core's. */
  readonly thingName?: string;
  /** Both or neither; neither: issued by the core. */
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly ca?: string;
  readonly transport: Transport;
  readonly batchTopic?: string;
  readonly shadows: readonly SyncedShadowConfig[];
  /** Absent: as changes happen. */
  readonly everyMs?: number;
  /** For how long AWS IoT keeps the session after a connection. */
  readonly sessionExpiryMs: number;
}

export interface SyncedShadowConfig {
  readonly thing: string;
  /** Absent: the classic one. */
  readonly shadow?: string;
  readonly direction: 'both' | 'up' | 'down';
}

/** Updates of this application. */
export interface UpdateConfig {
  /** File with the public key; absolute. */
  readonly publicKey: string;
  /** Time that a new version is watched before it counts as healthy. */
  readonly watchMs: number;
}

export interface DynamoDbSink {
  readonly dynamodb: {
    readonly table: string;
    readonly region: string;
    readonly endpoint?: string;
    /** Create the table when it is missing. */
    readonly create: boolean;
    /** Absent: the AWS SDK's chain. */
    readonly credentials?: {
      readonly roleAlias: string;
      readonly endpoint: string;
      readonly port: number;
      /** Absolute path. */
      readonly ca?: string;
    };
  };
}
