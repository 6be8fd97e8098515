/** Tables to take away (RFC 4180). */
import { Readable } from 'node:stream';
import type { JsonObject, JsonValue } from '../../hal/index.js';
import type { CarStatsRow } from '../aggregator/batch.js';
import type { TelemetryRecords } from './history.js';

const CAR_COLUMNS = [
  'Time',
  'Thing',
  'Window',
  'TotalTraffic',
  'TotalGreenlights',
  'MinCarsPassing',
  'MaxCarsPassing',
] as const;
/** Columns of a thing's telemetry at most. */
const COLUMNS = 32;
/** Rows joined into one piece. */
const PIECE = 1_000;

/** Table CarStats. */
export function carsTable(rows: readonly CarStatsRow[]): Readable {
  return Readable.from(
    (function* (): Iterable<string> {
      yield line(CAR_COLUMNS);
      for (let i = 0; i < rows.length; i += PIECE) {
        const piece = rows.slice(i, i + PIECE);
        yield piece.map((row) => line(CAR_COLUMNS.map((column) => row[column]))).join('');
      }
    })(),
  );
}

/** Every record of a thing from `since` on. Read as fast as it is taken; the columns are those of the first records. */
export function telemetryTable(
  telemetry: TelemetryRecords,
  { thing, since }: { readonly thing: string; readonly since: number },
): Readable {
  return Readable.from(
    (async function* (): AsyncIterable<string> {
      let names: string[] | undefined;
      let next: string | undefined;
      do {
        const page = await telemetry.read(thing, next === undefined ? { since } : { next });
        if (names === undefined) {
          names = columnsOf(page.records);
          yield line(['at', ...names]);
        }
        const columns = names;
        const cells = (values: JsonObject): unknown[] => columns.map((name) => values[name]);
        yield page.records
          .map(({ at, values }) => line([new Date(at).toISOString(), ...cells(values)]))
          .join('');
        next = page.next;
      } while (next !== undefined);
    })(),
  );
}

function columnsOf(records: readonly { readonly values: JsonObject }[]): string[] {
  const names = new Set<string>();
  for (const { values } of records) for (const name of Object.keys(values)) names.add(name);
  // the record's own time is the first column
  names.delete('at');
  return [...names].slice(0, COLUMNS);
}

function line(cells: readonly unknown[]): string {
  return `${cells.map((value) => cell(value as JsonValue | undefined)).join(',')}\r\n`;
}

function cell(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // a table program would take these for a formula
  const plain = typeof value !== 'number' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
