/** The composition root: the only file that sees devices, drivers, things and the core at once. */
import { EventEmitter } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ROLES } from '../devices/index.js';
import type { Clock, GpioDriver, JsonObject, Log } from '../hal/index.js';
import { type DriverDeps, type OpenedDriver, openDriver } from '../hal/registry.js';
import type { Batch } from './aggregator/batch.js';
import { CarAggregator, type CarAggregatorOptions } from './aggregator/car-aggregator.js';
import { LocalSink } from './aggregator/local-sink.js';
import type { Totals } from './aggregator/statistics.js';
import type { Config, ConnectConfig, ThingConfig } from './config/model.js';
import { controlSocket } from './control/address.js';
import { ControlServer } from './control/server.js';
import { Core } from './core/core.js';
import type { BuiltinFunction } from './core/functions/contract.js';
import { builtinRows, type GroupDefinition, impliedRows, type SubscriptionRow } from './core/group/index.js';
import { type Identity, openIdentity } from './core/identity/open.js';
import { type Service, ServiceStack, Together } from './lifecycle.js';
import { packageVersion } from './package.js';
import { controlRoutes } from './routes.js';
import { type StatePaths, statePaths, takeStateDir } from './state-dir.js';
import { type AppStatus, type PartStatus, worstOf } from './status.js';
import type { OpenStore } from './store/contract.js';
import type { Credentials } from './things/connection.js';
import { discovered } from './things/discovery.js';
import { ThingError } from './things/errors.js';
import { connectMqtt } from './things/mqtt.js';
import { Thing, type ThingOptions } from './things/thing.js';

export interface AppDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly env: NodeJS.ProcessEnv;
  /** The board of the mock driver, for whoever wants to press its buttons. */
  readonly mock?: DriverDeps['mock'];
}

export interface AppEvents {
  /** A role's state, whenever it may have changed. */
  thing: [change: { readonly name: string; readonly state: JsonObject }];
  /** A green was counted, and is on disk. */
  green: [green: { readonly thing: string; readonly totals: Totals; readonly batch: Batch | undefined }];
}

/** The running application. Whoever starts it stops it, also when the start failed. */
export interface App extends Service {
  readonly events: EventEmitter<AppEvents>;
  status(): AppStatus;
  /** Undefined before start, and where the configuration has none. */
  readonly core: Core | undefined;
}

export function createApp(deps: AppDeps): App {
  return new Application(deps);
}

class Application implements App {
  readonly name = 'greenlight';
  readonly events = new EventEmitter<AppEvents>();
  readonly #deps: AppDeps;
  readonly #paths: StatePaths;
  readonly #stack: ServiceStack = new ServiceStack();
  readonly #version = packageVersion();
  #startedAt = 0;
  #core: Core | undefined;
  #gpio: OpenedDriver | undefined;
  #things: readonly Thing[] = [];

  constructor(deps: AppDeps) {
    this.#deps = deps;
    this.#paths = statePaths(deps.config.stateDir);
  }

  get core(): Core | undefined {
    return this.#core;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, log, clock } = this.#deps;
    this.#startedAt = clock.now();
    const store = await this.#openState(signal);
    const identity =
      config.core && (await openIdentity(this.#paths, { groupName: config.group.name, clock }));
    const gpio = await this.#openGpio(signal);
    if (config.core && identity) {
      this.#core = this.#makeCore(store, identity);
      await this.#stack.start(this.#core, signal);
    }
    this.#things = gpio === undefined ? [] : this.#makeThings(gpio, identity);
    // at once, not one by one: lines are held at their safe value as early as can be
    await this.#stack.start(new Together('things', this.#things), signal);
    await this.#stack.start(this.#makeControl(store, identity), signal);
    log.info(
      { version: this.#version, things: this.#things.length },
      `running group ${config.group.name} with ${this.#things.length} things on this machine${this.#core ? `, core on port ${this.#core.mqttPort}` : ''}`,
    );
  }

  async stop(): Promise<void> {
    await this.#stack.stop();
  }

  status(): AppStatus {
    const { config, clock } = this.#deps;
    const parts: PartStatus[] = [
      ...(this.#gpio ? [gpioStatus(this.#gpio)] : []),
      ...(this.#core?.status() ?? []),
      ...this.#things.map(thingStatus),
    ];
    return {
      group: config.group.name,
      version: this.#version,
      pid: process.pid,
      uptimeSeconds: Math.floor((clock.now() - this.#startedAt) / 1000),
      state: worstOf(parts),
      parts,
    };
  }

  async #openState(signal: AbortSignal): Promise<OpenStore> {
    const store = await takeStateDir(this.#paths);
    const { instance } = this.#paths;
    await this.#stack.start(
      {
        name: 'store',
        start: async () => {},
        stop: async () => {
          await rm(instance, { force: true });
          await store.close();
        },
      },
      signal,
    );
    return store;
  }

  /** Undefined when no thing on this machine has a role: then nothing touches the hardware. */
  async #openGpio(signal: AbortSignal): Promise<GpioDriver | undefined> {
    const { config, clock, log, env, mock } = this.#deps;
    if (!config.things.some((thing) => thing.role !== undefined)) return undefined;
    const gpio = await openDriver(
      config.hal.driver,
      {
        clock,
        log: log.child({ part: 'gpio' }),
        env,
        ...(mock && { mock }),
        ...(config.hal.mock?.wires && { wires: config.hal.mock.wires }),
      },
      { signal },
    );
    this.#gpio = gpio;
    const { driver } = gpio;
    await this.#stack.start({ name: 'gpio', start: async () => {}, stop: () => driver.stop() }, signal);
    log.info({ part: 'gpio', considered: gpio.considered }, `driver ${driver.name}`);
    return driver;
  }

  #makeCore(store: OpenStore, identity: Identity): Core {
    const { config, clock, log } = this.#deps;
    return new Core({
      config: config.core!,
      groupName: config.group.name,
      definition: groupDefinition(config, this.#builtins(store)),
      identity,
      caFolder: this.#paths.ca,
      store,
      builtins: this.#builtins(store),
      clock,
      log,
    });
  }

  #builtins(store: OpenStore): readonly { name: string; fn: BuiltinFunction }[] {
    const { config, clock, random, log } = this.#deps;
    const section = store.section('cars');
    return config.functions
      .filter(({ builtin }) => builtin === 'car-aggregator')
      .map(({ name, options }) => {
        const settings = options as unknown as CarAggregatorOptions;
        const sink = new LocalSink(section, log.child({ part: name }));
        const onGreen = (totals: Totals, batch: Batch | undefined): void => {
          this.events.emit('green', { thing: settings.watch, totals, batch });
        };
        return { name, fn: new CarAggregator(settings, { section, sink, clock, random, onGreen }) };
      });
  }

  #makeThings(gpio: GpioDriver, identity: Identity | undefined): readonly Thing[] {
    const { config, clock, log, random } = this.#deps;
    return config.things.flatMap((thing) => {
      const definition = thing.role === undefined ? undefined : ROLES.get(thing.role);
      if (definition === undefined) return [];
      return new Thing({
        name: thing.name,
        definition,
        options: thing.options,
        gpio,
        clock,
        log: log.child({ part: thing.name }),
        random,
        link: this.#linkOf(thing, identity),
        onState: (state) => this.events.emit('thing', { name: thing.name, state }),
      });
    });
  }

  #linkOf({ name }: ThingConfig, identity: Identity | undefined): ThingOptions['link'] {
    const { config, log } = this.#deps;
    if (config.connect) return remoteLink(name, config.connect, this.#paths, log);
    if (config.core === undefined || identity === undefined) {
      throw new ThingError(
        'THING_DISCOVERY',
        `${name}: this machine has no core and no connect section says where one is`,
      );
    }
    const { registry, ca } = identity;
    const host = loopbackOf(config.core.mqtt.host);
    const days = config.core.certificates.deviceDays;
    return {
      connect: connectMqtt,
      locate: async () => [{ host, port: this.#core!.mqttPort, ca: ca.certificate }],
      credentials: async () => ({ thing: name, ...(await registry.ensure(name, { days })) }),
    };
  }

  #makeControl(store: OpenStore, identity: Identity | undefined): ControlServer {
    const { config, log } = this.#deps;
    const core = this.#core &&
      identity &&
      config.core && { core: this.#core, identity, deviceDays: config.core.certificates.deviceDays };
    const routes = controlRoutes({ status: () => this.status(), cars: store.section('cars'), core });
    return new ControlServer(controlSocket(this.#paths.folder), routes, log.child({ part: 'control' }));
  }
}

/** Members and rows that the configuration comes to: those written, and those that roles and functions imply. */
export function groupDefinition(
  config: Config,
  builtins: readonly { readonly name: string; readonly fn: BuiltinFunction }[],
): GroupDefinition {
  const rows: SubscriptionRow[] = config.subscriptions.map((row) => ({
    ...row,
    origin: 'configured' as const,
  }));
  for (const { name, role, options } of config.things) {
    const definition = role === undefined ? undefined : ROLES.get(role);
    if (definition) rows.push(...impliedRows(name, definition.traffic(name, options)));
  }
  for (const { name, fn } of builtins) rows.push(...builtinRows(name, fn.subjects));
  return {
    ...(config.core && { core: config.core.thingName }),
    things: config.things.map(({ name, role }) => ({ name, ...(role !== undefined && { role }) })),
    functions: config.functions.map(({ name }) => ({ name })),
    rows,
  };
}

/** By discovery, with the certificates that were put beside the configuration. */
function remoteLink(name: string, connect: ConnectConfig, paths: StatePaths, log: Log): ThingOptions['link'] {
  const { discovery, certificates } = connect;
  const credentials = async (): Promise<Credentials> => ({
    thing: name,
    certificate: await readPem(join(certificates, `${name}.cert.pem`), name),
    privateKey: await readPem(join(certificates, `${name}.private.key`), name),
  });
  return {
    connect: connectMqtt,
    credentials,
    locate: async (signal) =>
      discovered({
        host: discovery.host,
        port: discovery.port,
        ca: await readPem(discovery.ca, name),
        credentials,
        cacheFile: join(paths.folder, `discovery-${name}.json`),
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

function gpioStatus({ driver, considered }: OpenedDriver): PartStatus {
  const passedOver = considered.filter(({ outcome }) => outcome !== 'chosen');
  const figures = Object.fromEntries(passedOver.map(({ name, reason }) => [`not ${name}`, reason]));
  return { name: driver.name, kind: 'gpio', state: 'ok', figures };
}

function thingStatus(thing: Thing): PartStatus {
  const { name, role, state, cause, reported, link } = thing.status();
  return {
    name,
    kind: role,
    state: state === 'ok' ? 'ok' : state === 'degraded' ? 'degraded' : 'failed',
    ...(cause !== undefined && { cause }),
    figures: {
      ...reported,
      core: link.core ?? 'none',
      connects: link.connects,
      queued: link.queued,
      dropped: link.dropped,
    },
  };
}
