import { parseDuration } from '../../config/duration.js';
import type { LevelsView, LevelView } from '../../log/index.js';
import { EXIT } from '../exit.js';
import type { CliIo } from '../io.js';
import type { Register } from '../program.js';
import { instance, type StateOptions, withState } from '../state.js';
import { formatTable } from '../table.js';

interface Options extends StateOptions {
  readonly part?: string;
  readonly for?: string;
  readonly json?: boolean;
}

/** `greenlight log`: the levels of the running instance's log; `greenlight log debug` sets one, `reset` takes it back. */
export const registerLog: Register = (program, { io, action }) => {
  withState(program.command('log'))
    .description('how much the running instance logs, and change it until it restarts')
    .argument('[level]', 'trace, debug, info, warn, error, fatal or silent; reset for what is configured')
    .option('--part <name>', 'of this part alone: broker, GG_TrafficLight, …')
    .option('--for <duration>', 'only so long, then as configured (10m, 1h; at most 7d)')
    .option('--json', 'as JSON')
    .action(action((level: string | undefined, options: Options) => log(level, options, io)));
};

async function log(level: string | undefined, options: Options, io: CliIo): Promise<number> {
  const { part, json } = options;
  const forMs = options.for === undefined ? undefined : parseDuration(options.for);
  if (options.for !== undefined && forMs === undefined)
    return usage(io, `--for ${options.for} is no duration; write 10m, 90s or 1h`);
  if (part !== undefined && level === undefined)
    return usage(io, '--part goes with a level or reset: greenlight log debug --part broker');
  if (forMs !== undefined && (level === undefined || level === 'reset'))
    return usage(io, '--for goes with a level: greenlight log debug --for 10m');
  const client = instance(options, io);
  const view = (await (level === undefined
    ? client.call('GET', '/log')
    : level === 'reset'
      ? client.call('POST', '/log/reset', { part })
      : client.call('POST', '/log', { level, part, forMs }))) as unknown as LevelsView;
  io.out(json ? `${JSON.stringify(view, null, 2)}\n` : render(view, Date.now()));
  return EXIT.done;
}

function usage(io: CliIo, message: string): number {
  io.err(`greenlight: ${message}\n`);
  return EXIT.usage;
}

/** Parts that follow the default are named in one line. */
function render(view: LevelsView, now: number): string {
  const own = view.parts.filter((part) => part.own);
  const others = view.parts.filter((part) => !part.own).map(({ name }) => name);
  const rows = [
    ['default', view.level, because(view, now)],
    ...own.map((part) => [part.name, part.level, because(part, now)]),
  ];
  return `${formatTable(['PART', 'LEVEL', 'BECAUSE'], rows)}\nwith the default: ${others.join(', ')}\n`;
}

function because({ changed, configured, until }: LevelView, now: number): string {
  if (!changed) return 'as configured';
  if (until === undefined) return `set until the restart; configured is ${configured}`;
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1_000));
  const left = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  return `set until ${until.slice(0, 19)}Z (${left}); configured is ${configured}`;
}
