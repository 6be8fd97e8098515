import { type Exposure, isJsonObject, type JsonObject, type JsonValue } from '../../hal/index.js';
import type { DashboardDeps } from './contract.js';
import { DashboardError } from './errors.js';
import { isWritable } from './snapshot.js';

/** Least and most that a sensor can be exposed to. */
const EXPOSED: Readonly<Record<keyof Exposure, readonly [low: number, high: number]>> = {
  temperatureC: [-40, 80],
  humidityPercent: [0, 100],
  distanceCm: [2, 400],
};

/** What a page may do: by path, with the JSON that it sent. */
export type Action = (deps: DashboardDeps, body: JsonObject) => Promise<JsonObject>;

const NAME = /^[a-zA-Z0-9:_-]{1,128}$/;

export const ACTIONS: Readonly<Record<string, Action>> = {
  /** `{ thing, desired }`: through the shadow service, as any client would. */
  '/api/desired': async (deps, { thing, desired }) => {
    writable(deps);
    const name = nameOf(thing);
    if (!isJsonObject(desired)) throw wrong('desired must be an object');
    if (deps.core === undefined) throw wrong('the core is on another machine; set it there');
    const { accepted } = await deps.core.shadows.update(name, undefined, { state: { desired } }, 'dashboard');
    return accepted as unknown as JsonObject;
  },
  /** `{ line, level: "low" | "high" | null }`: a hand at the bench. */
  '/api/line': async (deps, { line, level }) => {
    writable(deps);
    if (typeof line !== 'string') throw wrong('line must be a name');
    if (level !== 'low' && level !== 'high' && level !== null) throw wrong('level must be low, high or null');
    bench(deps).drive(line, level ?? undefined);
    return {};
  },
  /** `{ thing, temperatureC?, humidityPercent?, distanceCm? }`: what a sensor on the bench is exposed to. */
  '/api/exposure': async (deps, { thing, ...given }) => {
    writable(deps);
    const values = Object.entries(given).map(([name, value]) => {
      if (!Object.hasOwn(EXPOSED, name))
        throw wrong('only temperatureC, humidityPercent and distanceCm can be set');
      const [low, high] = EXPOSED[name as keyof Exposure];
      return [name, within(value, low, high)] as const;
    });
    if (bench(deps).expose?.(nameOf(thing), Object.fromEntries(values)) !== true)
      throw wrong('that thing has no such sensor here');
    return {};
  },
  /** `{ client, topic, action?, to? }`, as `greenlight why`. Looks only. */
  '/api/why': async (deps, { client, topic, action, to }) => {
    if (deps.core === undefined) throw wrong('the core is on another machine; ask there');
    if (typeof topic !== 'string' || topic.length > 256) throw wrong('topic must be a text');
    const answer = deps.core.why({
      client: nameOf(client),
      topic,
      action: action === 'subscribe' ? 'subscribe' : 'publish',
      ...(to !== undefined && to !== null && { to: nameOf(to) }),
    });
    return { passes: answer.passes, sentence: answer.sentence };
  },
};

function writable(deps: DashboardDeps): void {
  if (isWritable(deps)) return;
  throw new DashboardError(
    'DASHBOARD_LOCKED',
    'this page only shows: the hardware is real; set dashboard.unlock: true to change things from it',
  );
}

function bench(deps: DashboardDeps): NonNullable<NonNullable<ReturnType<DashboardDeps['board']>>['bench']> {
  const found = deps.board()?.bench;
  if (found === undefined) throw wrong('the board is real; only its own parts can move its lines');
  return found;
}

function nameOf(value: JsonValue | undefined): string {
  if (typeof value !== 'string' || !NAME.test(value)) throw wrong('a name is needed');
  return value;
}

function within(value: JsonValue | undefined, low: number, high: number): number {
  if (typeof value !== 'number' || !(value >= low && value <= high))
    throw wrong(`a number within ${low}..${high} is needed`);
  return value;
}

export function wrong(message: string): DashboardError {
  return new DashboardError('DASHBOARD_REQUEST', message);
}
