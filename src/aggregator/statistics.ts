import { isJsonObject, type JsonValue } from '../../hal/index.js';

/** What is counted, over all time. */
export interface Totals {
  readonly totalTraffic: number;
  readonly totalGreenlights: number;
  /** Fewest cars in one green; undefined before the first. */
  readonly minCars: number | undefined;
  readonly maxCars: number | undefined;
}

export const NO_TOTALS: Totals = {
  totalTraffic: 0,
  totalGreenlights: 0,
  minCars: undefined,
  maxCars: undefined,
};

/** Totals after one more green with `cars` cars. */
export function withGreen(totals: Totals, cars: number): Totals {
  return {
    totalTraffic: totals.totalTraffic + cars,
    totalGreenlights: totals.totalGreenlights + 1,
    minCars: Math.min(totals.minCars ?? cars, cars),
    maxCars: Math.max(totals.maxCars ?? cars, cars),
  };
}

/** What a documents message says of the watched light. */
export interface Sighting {
  readonly version: number;
  /** The colour reported now; undefined when nothing, or nothing readable, is reported. */
  readonly colour: string | undefined;
}

/** Reads a `update/documents` payload; undefined when it is not one. */
export function sightingOf(event: JsonValue): Sighting | undefined {
  if (!isJsonObject(event) || !isJsonObject(event.current)) return undefined;
  return sightingOfDocument(event.current);
}

/** Reads a shadow document. */
export function sightingOfDocument(document: JsonValue): Sighting | undefined {
  if (!isJsonObject(document) || typeof document.version !== 'number') return undefined;
  const state = isJsonObject(document.state) ? document.state : {};
  const reported = isJsonObject(state.reported) ? state.reported : {};
  const colour = reported.property;
  return { version: document.version, colour: typeof colour === 'string' ? colour : undefined };
}
