import { X509Certificate } from 'node:crypto';
import { ROLES } from '../../devices/index.js';
import type { MockBoard } from '../../hal/drivers/mock/board.js';
import type { MockDriver } from '../../hal/drivers/mock/driver.js';
import {
  type Clock,
  type Exposure,
  type GpioDriver,
  type LineAddress,
  type Log,
  parseAddress,
} from '../../hal/index.js';
import { type ClimateValues, encodeFrame } from '../../hal/sensors/dht/frame.js';
import { encodeTrain } from '../../hal/sensors/dht/train.js';
import { readTotals } from '../aggregator/car-aggregator.js';
import { readRows } from '../aggregator/local-sink.js';
import type { Config, ThingConfig } from '../config/model.js';
import type { Core } from '../core/core.js';
import { partyText } from '../core/group/index.js';
import { authenticate } from '../core/identity/index.js';
import type { Identity } from '../core/identity/open.js';
import {
  type BoardView,
  type CertificateView,
  type ClaimView,
  type CoreView,
  type DashboardDeps,
  type GreenView,
  type LogTail,
  type PageTls,
  type TelemetryRecords,
  type ThingView,
  WatchedLines,
} from '../dashboard/index.js';
import type { AppStatus } from '../status.js';
import type { Store } from '../store/contract.js';
import { readTelemetry, telemetryThings } from '../telemetry/index.js';
import type { Deployments } from './deploy.js';
import type { GroupLists } from './group.js';

export interface DashboardSources {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly tail: LogTail;
  readonly cars: Store;
  /** Where measurements are kept. */
  readonly telemetry: Store;
  readonly core: Core | undefined;
  readonly identity: Identity | undefined;
  readonly deployments: Deployments | undefined;
  readonly status: () => AppStatus;
  readonly board: () => BoardView | undefined;
  /** As deployed now. */
  readonly group: () => GroupLists;
  readonly onGreen: (listener: (green: GreenView) => void) => () => void;
}

/** What the live page is told and may ask. */
export function dashboardDeps(sources: DashboardSources): DashboardDeps {
  const { config, cars, core, group, identity, clock } = sources;
  return {
    ...sources,
    settings: config.dashboard!,
    group: config.group.name,
    names: (config.core?.advertise ?? []).filter((name) => name !== 'auto'),
    tls: core && identity && pageTls(core, identity, clock),
    telemetry: telemetryRecords(sources.telemetry),
    things: () => [...group().things.map(thingView), ...joined(core, group())],
    functions: () =>
      group().functions.map(({ name, builtin, handler, options }) => ({
        name,
        kind: builtin ?? handler ?? '',
        ...(typeof options.batchEvery === 'number' && { batchEvery: options.batchEvery }),
        ...(typeof options.watch === 'string' && { watch: options.watch }),
      })),
    cars: async (limit, since) => ({
      totals: await readTotals(cars),
      rows: await readRows(cars, limit, since),
    }),
    core: core && coreView(core, sources),
  };
}

function pageTls(core: Core, { registry }: Identity, clock: Clock): PageTls {
  return {
    credentials: () => core.serverCredentials,
    onRenewed: (listener) => core.onServerCredentials(listener),
    peer: (socket) => authenticate(socket, { registry, clock }),
  };
}

function telemetryRecords(section: Store): TelemetryRecords {
  return {
    things: async () => {
      const things: string[] = [];
      for await (const thing of telemetryThings(section)) things.push(thing);
      return things;
    },
    read: (thing, from) => readTelemetry(section, thing, from),
  };
}

function coreView(core: Core, { identity, deployments }: DashboardSources): CoreView {
  return {
    broker: core.broker,
    shadows: core.shadows,
    why: (question) => core.group.why(question),
    rows: () =>
      core.group.table
        .list()
        .map((row) => ({ ...row, source: partyText(row.source), target: partyText(row.target) })),
    certificates: () => certificates(core, identity),
    deployments: () => deployments?.list() ?? [],
  };
}

/** Those of the things, and the two that the core itself has. */
function certificates(core: Core, identity: Identity | undefined): readonly CertificateView[] {
  const things = (identity?.registry.list() ?? []).map(({ name, expiresAt, revoked }) => ({
    kind: 'thing' as const,
    name,
    expiresAt,
    revoked,
  }));
  const { cert, ca } = core.serverCredentials;
  const own = (kind: 'server' | 'ca', pem: string): CertificateView => ({
    kind,
    name: '',
    expiresAt: new Date(new X509Certificate(pem).validTo).toISOString(),
    revoked: null,
  });
  return [own('server', cert), own('ca', ca), ...things];
}

/** Members by their certificate alone, which no list names. */
function joined(core: Core | undefined, { things }: GroupLists): readonly ThingView[] {
  const known = new Set(things.map(({ name }) => name));
  return (core?.group.members() ?? [])
    .filter(({ name, kind }) => kind === 'thing' && !known.has(name))
    .map(({ name }) => ({ name, claims: [], properties: [], sliders: [] }));
}

function thingView({ name, role, options }: ThingConfig): ThingView {
  const definition = role === undefined ? undefined : ROLES.get(role);
  if (definition === undefined) return { name, claims: [], properties: [], sliders: [] };
  const claims = definition.lines(options).map(
    ({ path, address, direction, activeLow = false }): ClaimView => ({
      path: path.replace(/^lines\./, ''),
      line: lineName(address),
      direction,
      activeLow,
      ...(typeof options.bias === 'string' && { bias: options.bias }),
    }),
  );
  return {
    name,
    role: definition.name,
    claims,
    properties: definition.properties
      .filter(({ side }) => side === 'desired')
      .map(({ name: property, values, description }) => ({ name: property, values, description })),
    sliders: slidersOf(definition.name, options),
  };
}

function lineName(address: LineAddress): string {
  const parsed = parseAddress(address);
  return parsed.kind === 'name' ? parsed.name : `${parsed.chip}:${parsed.offset}`;
}

/** Where the page's sliders stand at first. */
const FAIR_WEATHER: ClimateValues = { temperatureC: 21, humidityPercent: 50 };

function slidersOf(role: string, options: ThingConfig['options']): ThingView['sliders'] {
  if (role === 'distance') return options.method === 'edges' ? [] : ['distanceCm'];
  if (role !== 'climate' || methodAtBench(options) === undefined) return [];
  return ['temperatureC', 'humidityPercent'];
}

/** How a climate sensor on a board of software is read; undefined: past the board. */
function methodAtBench({ method, line }: ThingConfig['options']): 'edges' | 'mock' | undefined {
  if (method === 'edges') return line === undefined ? undefined : 'edges';
  return method === 'auto' || method === 'mock' ? 'mock' : undefined;
}

/** The board behind a driver, and the driver that things are to use so that the page sees what they do. */
export function boardOf(
  driver: GpioDriver,
  things: () => readonly ThingConfig[],
): { view: BoardView; driver: GpioDriver } {
  if (driver.name !== 'mock') {
    const watched = new WatchedLines(driver);
    return { view: watched, driver: watched.over() };
  }
  return { view: mockView((driver as MockDriver).board, things), driver };
}

function mockView(board: MockBoard, things: () => readonly ThingConfig[]): BoardView {
  const expose = (thing: ThingConfig, values: Exposure): boolean => {
    const { name, role, options } = thing;
    const sliders = slidersOf(role ?? '', options);
    if (sliders.length === 0 || sliders.some((slider) => values[slider] === undefined)) return false;
    if (role === 'climate' && methodAtBench(options) === 'edges') {
      const model = options.model === 'dht11' ? 'dht11' : 'dht22';
      const weather = { ...FAIR_WEATHER, ...values };
      board.attachPulses(options.line as LineAddress, () => encodeTrain(encodeFrame(weather, model)));
    } else board.expose(name, values);
    return true;
  };
  const answering = new Set<string>();
  // a sensor on the bench that is read by its edges answers before a hand has set anything
  const follow = (): void => {
    for (const thing of things()) {
      const { name, role, options } = thing;
      if (role !== 'climate' || methodAtBench(options) !== 'edges' || answering.has(name)) continue;
      answering.add(name);
      expose(thing, FAIR_WEATHER);
    }
  };
  follow();
  return {
    driver: 'mock',
    lines: async () => board.lines(),
    subscribe: (listener) => board.subscribe(listener),
    follow,
    bench: {
      drive: (line, level) => board.drive(line, level),
      expose: (thing, values) => {
        const found = things().find(({ name }) => name === thing);
        return found !== undefined && expose(found, values);
      },
    },
  };
}
