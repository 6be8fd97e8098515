/** The composition root: what runs, and in which order. Its rooms are in app/. */
import { EventEmitter } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Clock, JsonObject, Log } from '../hal/index.js';
import type { DriverDeps } from '../hal/registry.js';
import type { Batch } from './aggregator/batch.js';
import { LocalSink } from './aggregator/local-sink.js';
import type { Totals } from './aggregator/statistics.js';
import { ClientFunctions } from './app/client-functions.js';
import { deviceCredentials, makeCloud } from './app/cloud.js';
import { dashboardDeps } from './app/dashboard.js';
import { type Deployments, deployedParts, makeDeployments } from './app/deploy.js';
import { functionLines } from './app/function-lines.js';
import { type FunctionSources, functionDefinitions } from './app/functions.js';
import { Gpio, usesGpio } from './app/gpio.js';
import { type GroupLists, groupDefinition, groupLists } from './app/group.js';
import { type LinkSources, linkOf } from './app/links.js';
import { levelNotes } from './app/log.js';
import { LogFollower } from './app/log-follower.js';
import { LightChanges, metricsDeps } from './app/metrics.js';
import { outputParts, outputsOf, writeOutputs } from './app/outputs.js';
import { outputsFile } from './app/outputs-file.js';
import { makeTelemetry } from './app/telemetry.js';
import { ThingSet } from './app/thing-set.js';
import { InstanceUpdates } from './app/update.js';
import type { Cloud } from './cloud/index.js';
import type { Config, Endpoint } from './config/model.js';
import { controlSocket } from './control/address.js';
import { ControlServer } from './control/server.js';
import { Core } from './core/core.js';
import type { FunctionLines } from './core/functions/index.js';
import { type Identity, openIdentity } from './core/identity/open.js';
import { DashboardServer, LogTail } from './dashboard/index.js';
import { type Service, ServiceStack } from './lifecycle.js';
import type { LogLevels } from './log/index.js';
import { CoreFinder, type MdnsOptions } from './mdns/index.js';
import { MetricsServer } from './metrics/index.js';
import { packageVersion } from './package.js';
import { controlRoutes } from './routes.js';
import { type StatePaths, statePaths, takeStateDir } from './state-dir.js';
import { type AppStatus, type PartStatus, worstOf } from './status.js';
import type { OpenStore } from './store/contract.js';
import type { TelemetryRecorder } from './telemetry/index.js';

export interface AppDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Of that log; absent where they cannot be set. */
  readonly levels?: LogLevels;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly env: NodeJS.ProcessEnv;
  /** The board of the mock driver, for whoever wants to press its buttons. */
  readonly mock?: DriverDeps['mock'];
  /** Where multicast DNS is spoken, when the configuration asks for it; see {@link MdnsOptions} for the default. */
  readonly mdns?: MdnsOptions;
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
  /** Address of the live page, while it is served. */
  readonly dashboard: string | undefined;
  /** Address of metrics and health, while they are served. */
  readonly metrics: string | undefined;
}

export function createApp(deps: AppDeps): App {
  return new Application(deps);
}

class Application implements App {
  readonly name = 'greenlight';
  readonly events = new EventEmitter<AppEvents>();
  readonly #deps: AppDeps;
  readonly #paths: StatePaths;
  readonly #updates: InstanceUpdates;
  readonly #gpio: Gpio;
  readonly #stack: ServiceStack = new ServiceStack();
  readonly #version = packageVersion();
  /** Monotonic, ns: a Pi gets the time of day only after its start. */
  #startedAt = 0n;
  #core: Core | undefined;
  /** Where there is a core, once it starts. */
  #cloud: Cloud | undefined;
  #telemetry: TelemetryRecorder | undefined;
  #things: ThingSet | undefined;
  /** Of a machine without a core. */
  #functions: ClientFunctions | undefined;
  #deployments: Deployments | undefined;
  #group: GroupLists;
  #dashboard: DashboardServer | undefined;
  #metrics: MetricsServer | undefined;
  readonly #tail: LogTail;
  readonly #lights = new LightChanges();

  constructor(deps: AppDeps) {
    this.#tail = new LogTail(() => deps.clock.now());
    // a page shows the last lines
    this.#deps = deps.config.dashboard ? { ...deps, log: this.#tail.over(deps.log) } : deps;
    this.#group = groupLists(deps.config);
    this.#paths = statePaths(deps.config.stateDir);
    const { config, clock, env, mock } = deps;
    this.#gpio = new Gpio({
      config,
      clock,
      log: this.#deps.log.child({ part: 'gpio' }),
      env,
      mock,
      stack: this.#stack,
      group: () => this.#group,
    });
    this.#updates = new InstanceUpdates({ stateFolder: this.#paths.folder, clock: deps.clock });
  }

  get core(): Core | undefined {
    return this.#core;
  }

  get dashboard(): string | undefined {
    return this.#dashboard?.url;
  }

  get metrics(): string | undefined {
    return this.#metrics?.url;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, log, clock } = this.#deps;
    this.#startedAt = clock.monotonicNs();
    const store = await this.#openState(signal);
    const identity =
      config.core && (await openIdentity(this.#paths, { groupName: config.group.name, clock }));
    const group = await this.#openGroup(store, signal);
    this.#group = group;
    const outputs = outputsOf(group.things);
    await writeOutputs(outputsFile(this.#paths.folder), { driver: config.hal.driver, outputs });
    const sources = this.#functionSources(store);
    // before the core, because lines are to be held at their safe value as early as can be
    const lines = functionLines({
      gpio: () => this.#gpio.open(signal),
      log: log.child({ part: 'gpio' }),
    });
    if (usesGpio(group)) await this.#gpio.open(signal);
    if (identity) {
      this.#core = this.#makeCore({ store, identity, group, sources, lines });
      await this.#stack.start(this.#core, signal);
    }
    const links = this.#linkSources(identity);
    if (!identity && group.functions.length > 0)
      await this.#startClients(group, sources, links, store, signal);
    if (config.metrics) this.events.on('thing', this.#lights.note);
    const things = this.#makeThings(group, links, signal);
    this.#things = things;
    await this.#stack.start(things, signal);
    const [cloud, telemetry] = [this.#cloud, this.#telemetry];
    if (this.#core && cloud && telemetry && config.core) {
      const functions = (next: GroupLists) => functionDefinitions(next, sources);
      const { thingName: coreName } = config.core;
      const outputs = outputParts(outputsFile(this.#paths.folder), config.hal.driver, group);
      this.#deployments?.attach([
        outputs.before,
        ...deployedParts({ core: this.#core, coreName, cloud, telemetry, things, functions }),
        outputs.after,
        { name: 'page', apply: async (next) => this.#show(next) },
      ]);
    }
    const { levels } = this.#deps;
    if (levels) await this.#stack.start(new LogFollower({ clock, levels, log, core: this.#core }), signal);
    await this.#stack.start(this.#makeControl(store, identity), signal);
    if (config.dashboard) {
      this.#dashboard = this.#makeDashboard(store, identity);
      await this.#stack.start(this.#dashboard, signal);
    }
    if (config.metrics) {
      this.#metrics = this.#makeMetrics(config.metrics, store, identity);
      await this.#stack.start(this.#metrics, signal);
    }
    log.info(
      { version: this.#version, things: things.size },
      `running group ${config.group.name} with ${things.size} things on this machine${this.#core ? `, core on port ${this.#core.mqttPort}` : ''}`,
    );
  }

  async stop(): Promise<void> {
    await this.#deployments?.close();
    await this.#stack.stop();
  }

  status(): AppStatus {
    const { config, clock } = this.#deps;
    const parts: PartStatus[] = [
      ...this.#gpio.status(),
      ...(this.#core?.status() ?? []),
      ...(this.#cloud?.parts() ?? []),
      ...(this.#telemetry ? [this.#telemetry.part()] : []),
      ...(this.#things?.status() ?? []),
      ...(this.#functions?.status() ?? []),
      ...(this.#dashboard ? [this.#dashboard.status()] : []),
      ...(this.#metrics ? [this.#metrics.status()] : []),
    ];
    const notes = levelNotes(this.#deps.levels);
    return {
      group: config.group.name,
      version: this.#version,
      pid: process.pid,
      uptimeSeconds: Number((clock.monotonicNs() - this.#startedAt) / 1_000_000_000n),
      state: worstOf(parts),
      parts,
      ...(notes && { log: notes }),
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

  /** The group to begin with: the file's, or the one that was deployed since the file was last edited. */
  async #openGroup(store: OpenStore, signal: AbortSignal): Promise<GroupLists> {
    const { config, clock, log } = this.#deps;
    signal.throwIfAborted();
    if (config.core === undefined) return groupLists(config);
    this.#deployments = makeDeployments({
      store,
      clock,
      log: log.child({ part: 'deployments' }),
      application: this.#updates,
      shadows: () => (this.#core?.shadows.status().running ? this.#core.shadows : undefined),
    });
    return this.#deployments.open(groupLists(config));
  }

  #makeCore(parts: {
    store: OpenStore;
    identity: Identity;
    group: GroupLists;
    sources: FunctionSources & { local: LocalSink };
    lines: FunctionLines;
  }): Core {
    const { config, clock, log, random } = this.#deps;
    const { store, identity, group, sources, lines } = parts;
    return new Core({
      config: config.core!,
      groupName: config.group.name,
      definition: groupDefinition(group, config.core!.thingName),
      identity,
      caFolder: this.#paths.ca,
      store,
      functions: functionDefinitions(group, sources),
      lines,
      beforeFunctions: (core) => {
        const { cars, local } = sources;
        const credentials = deviceCredentials(config, identity);
        this.#cloud = makeCloud({ config, core, credentials, store, cars, local, clock, log, random });
        this.#telemetry = makeTelemetry(core, store.section('telemetry'), { clock, log });
        return [this.#cloud, this.#telemetry];
      },
      ...(this.#deps.mdns && { mdns: this.#deps.mdns }),
      clock,
      log,
    });
  }

  #functionSources(store: OpenStore): FunctionSources & { local: LocalSink } {
    const { clock, random, log } = this.#deps;
    const cars = store.section('cars');
    const local = new LocalSink(cars, log.child({ part: 'cars' }));
    const sink = () => this.#cloud?.sink ?? local;
    return { cars, local, sink, clock, log, random, onGreen: (green) => this.events.emit('green', green) };
  }

  #linkSources(identity: Identity | undefined): LinkSources {
    const { config, clock, log } = this.#deps;
    return {
      config,
      paths: this.#paths,
      log,
      identity,
      finder: new CoreFinder({ socket: this.#deps.mdns ?? {}, clock, log: log.child({ part: 'mdns' }) }),
      mqttPort: () => this.#core!.mqttPort,
    };
  }

  /** Sinks first: what they owe is written together with what the functions count. */
  async #startClients(
    group: GroupLists,
    sources: FunctionSources & { local: LocalSink },
    links: LinkSources,
    store: OpenStore,
    signal: AbortSignal,
  ): Promise<void> {
    const { config, clock, log, random } = this.#deps;
    const { cars, local } = sources;
    const link = (name: string) => linkOf(name, links);
    const { credentials } = link(group.functions[0]!.name);
    this.#cloud = makeCloud({ config, credentials, store, cars, local, clock, log, random });
    await this.#stack.start(this.#cloud, signal);
    const definitions = functionDefinitions(group, sources);
    this.#functions = new ClientFunctions({ definitions, link, clock, log, random });
    await this.#stack.start(this.#functions, signal);
  }

  #makeThings(group: GroupLists, links: LinkSources, signal: AbortSignal): ThingSet {
    const { clock, log, random } = this.#deps;
    return new ThingSet({
      things: group.things,
      gpio: () => this.#gpio.open(signal),
      link: (thing) => linkOf(thing, links),
      clock,
      log,
      random,
      onState: (name, state) => this.events.emit('thing', { name, state }),
    });
  }

  #makeDashboard(store: OpenStore, identity: Identity | undefined): DashboardServer {
    const { config, clock, log } = this.#deps;
    const { events } = this;
    return new DashboardServer(
      dashboardDeps({
        config,
        clock,
        log: log.child({ part: 'dashboard' }),
        tail: this.#tail,
        cars: store.section('cars'),
        telemetry: store.section('telemetry'),
        core: this.#core,
        identity,
        deployments: this.#deployments,
        status: () => this.status(),
        board: () => this.#gpio.board,
        group: () => this.#group,
        onGreen: (listener) => {
          events.on('green', listener);
          return () => events.off('green', listener);
        },
      }),
    );
  }

  #makeMetrics(listen: Endpoint, store: OpenStore, identity: Identity | undefined): MetricsServer {
    return new MetricsServer(
      metricsDeps({
        listen,
        certificates: this.#deps.config.connect?.certificates,
        log: this.#deps.log.child({ part: 'metrics' }),
        cars: store.section('cars'),
        core: this.#core,
        identity,
        status: () => this.status(),
        things: () => this.#things?.connections() ?? [],
        lights: this.#lights,
      }),
    );
  }

  #show(group: GroupLists): void {
    this.#group = group;
    this.#gpio.board?.follow?.();
    this.#dashboard?.refresh();
  }

  #makeControl(store: OpenStore, identity: Identity | undefined): ControlServer {
    const { config, env } = this.#deps;
    const days = config.core?.certificates;
    const core =
      this.#core && identity && this.#deployments && days
        ? { core: this.#core, identity, ...days, deployments: this.#deployments, updates: this.#updates, env }
        : undefined;
    const routes = controlRoutes({
      status: () => this.status(),
      levels: this.#deps.levels,
      cars: store.section('cars'),
      telemetry: store.section('telemetry'),
      core,
    });
    return new ControlServer(
      controlSocket(this.#paths.folder),
      routes,
      this.#deps.log.child({ part: 'control' }),
    );
  }
}
