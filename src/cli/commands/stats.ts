import type { CarStatsRow } from '../../aggregator/batch.js';
import type { Totals } from '../../aggregator/statistics.js';
import type { Register } from '../program.js';
import { instance, type StateOptions, withState } from '../state.js';
import { formatTable } from '../table.js';

interface Stats {
  readonly totals: readonly { readonly thing: string; readonly totals: Totals }[];
  readonly rows: readonly CarStatsRow[];
}

/** `greenlight stats`: the totals so far and the newest rows of CarStats. */
export const registerStats: Register = (program, { io, action }) => {
  withState(program.command('stats'))
    .description('the car statistics so far')
    .option('--json', 'as JSON')
    .option('--limit <n>', 'newest rows to show', '10')
    .action(
      action(async (options: StateOptions & { json?: boolean; limit: string }) => {
        const stats = (await instance(options, io).call(
          'GET',
          `/stats?limit=${Number(options.limit) || 10}`,
        )) as unknown as Stats;
        io.out(options.json ? `${JSON.stringify(stats, null, 2)}\n` : render(stats));
        return undefined;
      }),
    );
};

function render({ totals, rows }: Stats): string {
  const lines = totals.map(
    ({ thing, totals: t }) =>
      `${thing}: ${t.totalGreenlights} greens, ${t.totalTraffic} cars, ${t.minCars ?? '-'} to ${t.maxCars ?? '-'} a green\n`,
  );
  if (rows.length === 0)
    return `${lines.join('')}no row in CarStats yet: one is written on every third green\n`;
  const table = formatTable(
    ['Time', 'Thing', 'TotalGreenlights', 'TotalTraffic', 'MinCarsPassing', 'MaxCarsPassing'],
    rows.map((r) => [
      r.Time,
      r.Thing,
      r.TotalGreenlights,
      r.TotalTraffic,
      r.MinCarsPassing,
      r.MaxCarsPassing,
    ]),
  );
  return `${lines.join('')}\n${table}`;
}
