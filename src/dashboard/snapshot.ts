import type { JsonObject } from '../../hal/index.js';
import type { ShadowDocument } from '../core/shadow/index.js';
import type { AppStatus } from '../status.js';
import type { BoardLineView, DashboardDeps } from './contract.js';
import type { Departures } from './departures.js';

/** Rows of the statistics that a page gets; the download has all. */
const CAR_ROWS = 100;
const DEPLOYMENTS = 10;
const CONNECTED = 1_000;
/** Entries of a list among the figures of a part. */
const LISTED = 20;
const TIMES_LIMIT = 200;

/** What the application tells, and what is remembered here. */
export interface Sources extends DashboardDeps {
  readonly departures: Departures;
}

/** Whether pages may change things. */
export function isWritable({ settings, board }: Pick<DashboardDeps, 'settings' | 'board'>): boolean {
  return settings.unlock || board()?.bench !== undefined;
}

/** Everything there is, for a page that has just come. */
export async function snapshot(deps: Sources): Promise<object> {
  const { core, settings } = deps;
  const board = deps.board();
  const nowMs = monotonicMs(deps);
  const things = deps.things();
  const shadows = await Promise.all(
    things.map(async ({ name }) => [name, shadowView(await core?.shadows.read(name))] as const),
  );
  const status = trimmed(deps.status());
  return {
    at: deps.clock.now(),
    group: deps.group,
    version: status.version,
    writable: isWritable({ settings, board: () => board }),
    board: board && {
      driver: board.driver,
      bench: board.bench !== undefined,
      lines: (await board.lines()).map((line) => lineView(line, nowMs)),
    },
    things,
    shadows: Object.fromEntries(shadows),
    functions: deps.functions(),
    rows: core?.rows() ?? [],
    cars: await deps.cars(CAR_ROWS),
    status,
    ...slow(deps),
    log: deps.tail.lines(),
  };
}

/** What seldom changes. */
export function slow({ core, departures }: Sources): object {
  return {
    departures: departures.list(),
    connected: (core?.broker.clients() ?? [])
      .filter(({ connected }) => connected)
      .slice(0, CONNECTED)
      .map(({ clientId }) => clientId),
    certificates: core?.certificates() ?? [],
    deployments: (core?.deployments() ?? []).slice(0, DEPLOYMENTS),
  };
}

/** The status without the long lists that some parts have among their figures. */
export function trimmed(status: AppStatus): AppStatus {
  const parts = status.parts.map((part) => ({
    ...part,
    figures: Object.fromEntries(
      Object.entries(part.figures ?? {}).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.slice(0, LISTED) : value,
      ]),
    ),
  }));
  return { ...status, parts };
}

export function monotonicMs({ clock }: Pick<DashboardDeps, 'clock'>): number {
  return Number(clock.monotonicNs()) / 1e6;
}

/** With the age of the edge instead of its time: the page has another clock. */
export function lineView(line: BoardLineView, nowMs: number): object {
  const { name, direction, consumer, value, bias, activeLow, duty, pulseWidthUs, conflict, gone, lastEdge } =
    line;
  return {
    name,
    direction,
    consumer,
    value,
    bias,
    activeLow,
    duty,
    pulseWidthUs,
    ...(conflict && { conflict }),
    ...(gone && { gone }),
    ...(lastEdge && {
      edge: { edge: lastEdge.edge, sequence: lastEdge.sequence, ageMs: Math.round(nowMs - lastEdge.atMs) },
    }),
  };
}

/** A shadow with when each property was last set, in epoch seconds. */
export function shadowView(document: ShadowDocument | undefined): object | undefined {
  if (document === undefined) return undefined;
  const { desired, reported } = document.state;
  return {
    version: document.version,
    desired,
    reported,
    delta: document.difference?.state,
    times: { desired: times(document.metadata.desired), reported: times(document.metadata.reported) },
  };
}

/** The newest timestamp under each top-level property. */
function times(metadata: JsonObject | undefined): Record<string, number> {
  const entries = Object.entries(metadata ?? {}).slice(0, TIMES_LIMIT);
  return Object.fromEntries(entries.map(([name, value]) => [name, newest(value)]));
}

function newest(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const { timestamp } = value as { timestamp?: unknown };
  if (typeof timestamp === 'number') return timestamp;
  return Math.max(0, ...Object.values(value).map(newest));
}
