import { readFile } from 'node:fs/promises';

/** One line of a benchmark's table. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  /** The same measure on the peer, in the same run; empty where there is none. */
  readonly peer?: string;
  readonly ratio?: string;
  readonly target?: string;
  /** Undefined where no target was set. */
  readonly met?: boolean;
}

/** The value below which `share` (0..1) of the samples lie. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Microseconds, or milliseconds from ten of them on. @param ms milliseconds */
export function time(ms: number): string {
  return ms < 10 ? `${Math.round(ms * 1000)} µs` : `${ms.toFixed(1)} ms`;
}

export function perSecond(count: number, ms: number): string {
  return `${Math.round((count * 1000) / ms)}/s`;
}

/** Resident memory of a process in MB, from /proc. */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

export function printRows(title: string, rows: readonly Row[]): void {
  const cells = [
    ['', 'greenlight', 'peer', 'ratio', 'target', ''],
    ...rows.map((r) => [
      r.what,
      r.ours,
      r.peer ?? '',
      r.ratio ?? '',
      r.target ?? '',
      r.met === undefined ? '' : r.met ? 'met' : 'MISSED',
    ]),
  ];
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  console.log(`\n${title}`);
  for (const row of cells)
    console.log(
      `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`,
    );
}
