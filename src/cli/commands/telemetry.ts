import { isJsonObject, type JsonObject, type JsonValue } from '../../../hal/index.js';
import { parseDuration } from '../../config/duration.js';
import type { TelemetryPage, TelemetryRecord } from '../../telemetry/index.js';
import { EXIT } from '../exit.js';
import type { Register } from '../program.js';
import { instance, type StateOptions, withState } from '../state.js';
import { formatTable } from '../table.js';

interface Options extends StateOptions {
  readonly since: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

/** `greenlight telemetry THING`: what a sensor published lately. */
export const registerTelemetry: Register = (program, { io, action }) => {
  withState(program.command('telemetry'))
    .description('what a sensor published, kept for 30 days')
    .argument('<thing>', 'the thing')
    .option('--since <duration>', 'as far back as this (1d, 6h, 30m)', '1d')
    .option('--csv', 'as CSV')
    .option('--json', 'as JSON, a record a line')
    .action(
      action(async (thing: string, options: Options) => {
        const back = parseDuration(options.since);
        if (back === undefined) {
          io.err(`greenlight: --since ${options.since} is no duration; write 1d, 6h or 30m\n`);
          return EXIT.usage;
        }
        const records = await read(thing, Date.now() - back, options, io);
        if (options.json) {
          for (const { at, values } of records)
            io.out(`${JSON.stringify({ at: new Date(at).toISOString(), ...flat(values) })}\n`);
        } else if (options.csv) io.out(csv(records));
        else io.out(render(thing, records, options.since));
        return undefined;
      }),
    );
};

async function read(
  thing: string,
  since: number,
  options: StateOptions,
  io: Parameters<typeof instance>[1],
): Promise<readonly TelemetryRecord[]> {
  const client = instance(options, io);
  const records: TelemetryRecord[] = [];
  const path = `/telemetry/${encodeURIComponent(thing)}?since=${since}`;
  for (let next: string | undefined = ''; next !== undefined; ) {
    const more: string = next === '' ? '' : `&next=${encodeURIComponent(next)}`;
    const page = (await client.call('GET', path + more)) as unknown as TelemetryPage;
    records.push(...page.records);
    next = page.next;
  }
  return records;
}

function render(thing: string, records: readonly TelemetryRecord[], since: string): string {
  if (records.length === 0) return `nothing of ${thing} in the last ${since}\n`;
  const columns = columnsOf(records);
  return formatTable(
    ['AT', ...columns],
    rowsOf(records, columns).map((row) => row.map((cell) => (cell === '' ? '-' : cell))),
  );
}

/** RFC 4180, lines ended by LF as other tools here expect them. */
function csv(records: readonly TelemetryRecord[]): string {
  const columns = columnsOf(records);
  const rows = [['at', ...columns], ...rowsOf(records, columns)];
  return rows.map((row) => `${row.map(csvCell).join(',')}\n`).join('');
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** In the order in which they first appear; the thing is known and the time has its own. */
function columnsOf(records: readonly TelemetryRecord[]): readonly string[] {
  return [...new Set(records.flatMap(({ values }) => Object.keys(flat(values))))];
}

function rowsOf(records: readonly TelemetryRecord[], columns: readonly string[]): string[][] {
  return records.map(({ at, values }) => {
    const own = flat(values);
    return [new Date(at).toISOString(), ...columns.map((column) => cellOf(own[column]))];
  });
}

function flat({ thing: _thing, at: _at, ...values }: JsonObject): JsonObject {
  return values;
}

function cellOf(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  return isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value);
}
