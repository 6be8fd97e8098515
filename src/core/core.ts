import { isIPv4 } from 'node:net';
import { type Clock, type JsonObject, type Log, messageOf } from '../../hal/index.js';
import type { CoreConfig } from '../config/model.js';
import { type Service, ServiceStack } from '../lifecycle.js';
import { CoreAnnouncer, type MdnsOptions } from '../mdns/index.js';
import type { PartStatus } from '../status.js';
import type { Store } from '../store/contract.js';
import { Broker, durableSessions } from './broker/index.js';
import { AdvertisedAddresses, DiscoveryServer } from './discovery/index.js';
import { type FunctionDefinition, type FunctionLines, FunctionManager } from './functions/index.js';
import { Group, type GroupDefinition, GroupPolicy, SHADOW_SERVICE } from './group/index.js';
import { authenticate, type GroupCa, ServerCertificate } from './identity/index.js';
import type { Identity } from './identity/open.js';
import { TlsListener } from './listener/index.js';
import { durableShadows, ShadowService, shadowRest } from './shadow/index.js';

/** Bytes that a packet may have beside its payload: topic and properties. AWS IoT leaves as many. */
const PACKET_OVERHEAD = 18 * 1024;

export interface CoreOptions {
  readonly config: CoreConfig;
  readonly groupName: string;
  readonly definition: GroupDefinition;
  readonly identity: Identity;
  /** Folder of the CA and the server certificate. */
  readonly caFolder: string;
  readonly store: Store;
  readonly functions: readonly FunctionDefinition[];
  /** GPIO lines that functions can be granted. */
  readonly lines?: FunctionLines;
  /** Runs between the shadow service and the functions: what these rely on. Called once, at start. */
  readonly beforeFunctions?: (core: Core) => readonly Service[];
  /** Where multicast DNS is spoken; default: the interface of discovery, port 5353. Only when `discovery.mdns` is set. */
  readonly mdns?: MdnsOptions;
  readonly clock: Clock;
  readonly log: Log;
}

/** Clients that `status` describes one by one. */
const SHOWN_CLIENTS = 200;

/** The Greengrass-compatible core: message manager, discovery, group, shadow service, functions. */
export class Core implements Service {
  readonly name = 'core';
  readonly group: Group;
  readonly broker: Broker;
  readonly shadows: ShadowService;
  readonly functions: FunctionManager;
  readonly #options: CoreOptions;
  readonly #parts: ServiceStack = new ServiceStack();
  readonly #policy: GroupPolicy;
  readonly #addresses: AdvertisedAddresses;
  readonly #certificate: ServerCertificate;
  readonly #listener: TlsListener;
  readonly #discovery: DiscoveryServer;
  readonly #announcer: CoreAnnouncer | undefined;

  constructor(options: CoreOptions) {
    const { config, identity, store, clock, log } = options;
    const { ca, registry } = identity;
    this.#options = options;
    this.group = new Group({ name: options.groupName, limits: config.limits });
    this.#policy = new GroupPolicy({
      group: this.group,
      revokedAt: (thing) => registry.revokedAt(thing),
      endedAt: (thing, certificate) => registry.endedAt(thing, certificate),
      clock,
      log: log.child({ part: 'group' }),
    });
    this.broker = new Broker({
      policy: this.#policy,
      sessions: durableSessions(store.section('mqtt')),
      clock,
      log: log.child({ part: 'broker' }),
      limits: {
        maximumPayload: this.group.limits.messageBytes,
        maximumPacketSize: this.group.limits.messageBytes + PACKET_OVERHEAD,
      },
    });
    this.shadows = new ShadowService({
      port: this.broker.port(SHADOW_SERVICE),
      store: durableShadows(store.section('shadows')),
      clock,
      log: log.child({ part: 'shadows' }),
      limits: { documentBytes: config.shadow.sizeLimit },
    });
    this.#addresses = new AdvertisedAddresses({
      configured: config.advertise,
      clock,
      log: log.child({ part: 'discovery' }),
    });
    this.#certificate = new ServerCertificate({
      ca,
      folder: options.caFolder,
      names: listenNames(config),
      days: config.certificates.serverDays,
      clock,
      log: log.child({ part: 'certificates' }),
    });
    this.#listener = new TlsListener({
      host: config.mqtt.host,
      port: config.mqtt.port,
      credentials: () => ({
        key: this.#certificate.current.privateKey,
        cert: this.#certificate.current.certificate,
        ca: ca.certificate,
      }),
      authenticate: (socket) => authenticate(socket, { registry, clock }),
      acceptor: this.broker,
      log: log.child({ part: 'listener' }),
    });
    this.#discovery = new DiscoveryServer({
      host: config.discovery.host,
      port: config.discovery.port,
      ...(config.discovery.alsoPort !== undefined && { alsoPort: config.discovery.alsoPort }),
      ca,
      certificate: this.#certificate,
      registry,
      isMember: (thing) => this.group.isThing(thing),
      core: config.thingName,
      connectivity: () => this.#addresses.current.map((host) => ({ host, port: this.mqttPort })),
      clock,
      log: log.child({ part: 'discovery' }),
    });
    if (config.discovery.mdns) this.#announcer = this.#makeAnnouncer(ca);
    const rest = shadowRest(this.shadows);
    this.#discovery.mount('/things', rest);
    this.#discovery.mount('/api/things', rest);
    this.functions = new FunctionManager({
      functions: options.functions,
      port: (name) => this.broker.port(name),
      shadows: this.shadows,
      clock,
      log: log.child({ part: 'functions' }),
      facts: { coreThingName: config.thingName, groupName: options.groupName, groupId: ca.groupId },
      ...(options.lines && { lines: options.lines }),
      limits: { messageBytes: config.limits.messageBytes },
    });
  }

  /** The port that MQTT clients connect to; known once started. */
  get mqttPort(): number {
    return this.#listener.address().port;
  }

  /** For another TLS listener of this machine: the certificate in use now, and the group's CA. */
  get serverCredentials(): { readonly key: string; readonly cert: string; readonly ca: string } {
    const { privateKey, certificate } = this.#certificate.current;
    return { key: privateKey, cert: certificate, ca: this.#options.identity.ca.certificate };
  }

  /** Calls `listener` when {@link serverCredentials} are others. @returns a function that ends it */
  onServerCredentials(listener: () => void): () => void {
    return this.#certificate.onRenewed(listener);
  }

  get discoveryPort(): number {
    return this.#discovery.ports[0] ?? 0;
  }

  /** Functions are ready before the first client can say anything. */
  async start(signal: AbortSignal): Promise<void> {
    // those that joined come first: rows of the definition may name them
    for (const record of this.#options.identity.registry.list()) {
      if (record.joins && record.revoked === null) this.group.join(record.name);
    }
    this.group.replace(this.#options.definition);
    await this.#parts.start(this.#addresses, signal);
    await this.#certificate.setNames([...this.#addresses.current, ...listenNames(this.#options.config)]);
    const { beforeFunctions } = this.#options;
    const order: readonly Service[] = [
      this.#policy,
      this.#certificate,
      this.broker,
      this.shadows,
      ...(beforeFunctions?.(this) ?? []),
      this.functions,
      this.#listener,
      this.#discovery,
      ...(this.#announcer ? [this.#announcer] : []),
    ];
    for (const part of order) await this.#parts.start(part, signal);
    this.#certificate.onRenewed(() => this.#listener.renew());
    this.#addresses.onChanged((addresses) => void this.#readdress(addresses));
    const { events } = this.#options.identity.registry;
    events.on('ended', this.#onCertificatesEnded);
    events.on('problem', this.#onCertificateProblem);
  }

  async stop(): Promise<void> {
    const { events } = this.#options.identity.registry;
    events.off('ended', this.#onCertificatesEnded);
    events.off('problem', this.#onCertificateProblem);
    await this.#parts.stop();
  }

  /** Whoever is connected by a certificate that a newer one replaced is so no longer. */
  readonly #onCertificatesEnded = (): void => this.broker.recheck();

  readonly #onCertificateProblem = (sentence: string): void => {
    this.#options.log.child({ part: 'certificates' }).error({}, sentence);
  };

  /** The new addresses stand in the certificate before any client compares the two; connected ones stay. */
  async #readdress(addresses: readonly string[]): Promise<void> {
    try {
      await this.#certificate.setNames([...addresses, ...listenNames(this.#options.config)]);
      this.#announcer?.announce();
    } catch (error) {
      this.#options.log
        .child({ part: 'certificates' })
        .error({}, `the new addresses are not in the server certificate: ${messageOf(error)}`);
    }
  }

  #makeAnnouncer({ groupId, fingerprint }: GroupCa): CoreAnnouncer {
    const { config, mdns, clock, log } = this.#options;
    const { host } = config.discovery;
    const own = isIPv4(host) && host !== '0.0.0.0' ? { interface: host } : {};
    return new CoreAnnouncer({
      announcement: () => ({
        core: config.thingName,
        groupId,
        caFingerprint: fingerprint,
        port: this.discoveryPort,
        addresses: this.#addresses.current,
      }),
      socket: mdns ?? own,
      clock,
      log: log.child({ part: 'mdns' }),
    });
  }

  /** A thing became a member while the core runs. */
  admit(thing: string): void {
    this.group.join(thing);
    this.broker.recheck();
  }

  /** A thing's certificates ended: its connection does too, at once. */
  expel(thing: string): void {
    this.group.leave(thing);
    this.broker.recheck();
  }

  status(): readonly PartStatus[] {
    const broker = this.broker.status();
    const shadows = this.shadows.status();
    const { total: refused, ...refusals } = this.#policy.refusals();
    const shadowCause =
      shadows.lastStoreFailure ??
      (shadows.setAside.length > 0
        ? `${shadows.setAside.length} records could not be read and were set aside`
        : undefined);
    return [
      {
        name: 'broker',
        kind: 'core',
        state: 'ok',
        figures: {
          ...broker,
          connected: this.broker.clients().slice(0, SHOWN_CLIENTS),
        } as unknown as JsonObject,
      },
      {
        name: 'subscriptions',
        kind: 'core',
        state: 'ok',
        figures: {
          rows: this.group.table.list().length,
          members: this.group.members().length,
          refused,
          ...refusals,
        } as unknown as JsonObject,
      },
      {
        name: 'shadows',
        kind: 'core',
        state: shadowCause === undefined ? 'ok' : 'degraded',
        ...(shadowCause !== undefined && { cause: shadowCause }),
        figures: { ...shadows } as unknown as JsonObject,
      },
      {
        name: 'mqtt',
        kind: 'listener',
        state: 'ok',
        figures: { host: this.#options.config.mqtt.host, port: this.mqttPort },
      },
      {
        name: 'discovery',
        kind: 'listener',
        state: 'ok',
        figures: { host: this.#options.config.discovery.host, port: this.discoveryPort },
      },
      ...(this.#announcer ? [this.#announcer.status()] : []),
      ...this.functions.status(),
    ];
  }
}

/** Addresses to listen on that clients may use too; "all addresses" is none of them. */
function listenNames({ mqtt, discovery }: CoreConfig): readonly string[] {
  return [mqtt.host, discovery.host].filter((host) => host !== '0.0.0.0' && host !== '::');
}
