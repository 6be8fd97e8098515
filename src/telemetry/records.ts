import { isJsonObject, type JsonObject, type JsonValue } from '../../hal/index.js';
import type { Store, StoreOperation } from '../store/contract.js';

/** What a thing measured at one moment. */
export interface TelemetryRecord {
  /** ms since the epoch, when it arrived. */
  readonly at: number;
  /** What was published; a payload that is no JSON object is under `value`. */
  readonly values: JsonObject;
}

export interface TelemetryPage {
  readonly records: readonly TelemetryRecord[];
  /** Ask with it for what follows; absent: there is no more. */
  readonly next?: string;
}

/** Records of a page at most. */
export const PAGE_LIMIT = 5_000;
/** Digits of a time in a key: enough until the year 5138. */
const TIME_DIGITS = 14;
/** Several records of one millisecond. */
const COUNTER_DIGITS = 6;
/** Between the parts of a key; sorts before everything a thing's name may hold. */
const SEPARATOR = '!';
const AFTER_SEPARATOR = '"';

/** Keys sort by thing, then by time. */
export function keyOf(thing: string, at: number, counter: number): string {
  return `${timeKey(thing, at)}${SEPARATOR}${String(counter).padStart(COUNTER_DIGITS, '0')}`;
}

/** Before every key of that thing and time, after every earlier one. */
export function timeKey(thing: string, at: number): string {
  return `${thing}${SEPARATOR}${String(Math.max(0, Math.floor(at))).padStart(TIME_DIGITS, '0')}`;
}

/** Oldest first, from `since` on or, with the `next` of an earlier page, after that. */
export async function readTelemetry(
  section: Store,
  thing: string,
  { since = 0, next, limit = PAGE_LIMIT }: { since?: number; next?: string; limit?: number },
): Promise<TelemetryPage> {
  const records: TelemetryRecord[] = [];
  const wanted = Math.min(Math.max(1, limit), PAGE_LIMIT);
  const from = next === undefined ? { gte: timeKey(thing, since) } : { gt: `${thing}${SEPARATOR}${next}` };
  let last = '';
  for await (const [key, value] of section.entries({ ...from, lt: endOf(thing), limit: wanted })) {
    last = key.slice(thing.length + 1);
    records.push({ at: Number(last.slice(0, TIME_DIGITS)), values: valuesOf(Buffer.from(value)) });
  }
  return { records, ...(records.length === wanted && { next: last }) };
}

/** Every thing of which there are records. */
export async function* telemetryThings(section: Store): AsyncIterable<string> {
  for (let from = ''; ; ) {
    let thing: string | undefined;
    for await (const [key] of section.entries({ gte: from, limit: 1 })) thing = key.split(SEPARATOR)[0];
    if (thing === undefined) return;
    yield thing;
    from = endOf(thing);
  }
}

export async function countRecords(section: Store, thing: string): Promise<number> {
  let count = 0;
  for await (const _ of section.entries({ gte: timeKey(thing, 0), lt: endOf(thing) })) count += 1;
  return count;
}

/** Removes the oldest: those from before `before`, or as many as `limit`. @returns how many */
export async function removeOldest(
  section: Store,
  thing: string,
  { before, limit }: { readonly before?: number; readonly limit: number },
): Promise<number> {
  const old: StoreOperation[] = [];
  const lt = before === undefined ? endOf(thing) : timeKey(thing, before);
  for await (const [key] of section.entries({ gte: timeKey(thing, 0), lt, limit })) {
    old.push({ type: 'del', key });
  }
  if (old.length > 0) await section.write(old);
  return old.length;
}

function endOf(thing: string): string {
  return `${thing}${AFTER_SEPARATOR}`;
}

function valuesOf(payload: Buffer): JsonObject {
  const text = payload.toString('utf8');
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    // not JSON: kept as text
    value = text;
  }
  return isJsonObject(value) ? value : { value };
}
