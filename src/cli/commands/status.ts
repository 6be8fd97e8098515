import type { AppStatus, PartStatus } from '../../status.js';
import { EXIT } from '../exit.js';
import type { Register } from '../program.js';
import { instance, type StateOptions, withState } from '../state.js';
import { formatTable } from '../table.js';

/** Of the group's refused messages. */
interface Refusal {
  readonly source: string;
  readonly topic: string;
  readonly reason: string;
  readonly count: number;
  readonly last: string;
}

const SHOWN_REFUSALS = 10;

/** `greenlight status`: is it up, each part's state and cause. Exit code 1 when a part failed. */
export const registerStatus: Register = (program, { io, action }) => {
  withState(program.command('status'))
    .description('whether the instance is up, and the state and cause of each part')
    .option('--json', 'as JSON')
    .action(
      action(async (options: StateOptions & { json?: boolean }) => {
        const status = (await instance(options, io).call('GET', '/status')) as unknown as AppStatus;
        if (options.json) io.out(`${JSON.stringify(status, null, 2)}\n`);
        else io.out(render(status));
        return status.state === 'failed' ? EXIT.no : EXIT.done;
      }),
    );
};

function render(status: AppStatus): string {
  const { group, version, pid, uptimeSeconds, state } = status;
  const head = `${group}: ${state}, up ${duration(uptimeSeconds)}, version ${version}, pid ${pid}\n${logNote(status)}\n`;
  const rows = status.parts.map((part) => [part.name, part.kind, part.state, describe(part)]);
  return head + formatTable(['PART', 'KIND', 'STATE', 'DETAIL'], rows) + refused(status);
}

function logNote({ log }: AppStatus): string {
  if (log === undefined) return '';
  const notes = log.map(
    ({ part, level, until }) =>
      `${part === undefined ? '' : `${part} `}${level} ${until === undefined ? 'until the restart' : `until ${until.slice(0, 19)}Z`}`,
  );
  return `log: ${notes.join(', ')}\n`;
}

/** Messages that the table let not pass lately, by source and topic. */
function refused({ parts }: AppStatus): string {
  const { refusals } = parts.find(({ name }) => name === 'subscriptions')?.figures ?? {};
  if (!Array.isArray(refusals) || refusals.length === 0) return '';
  const shown = (refusals as unknown as readonly Refusal[]).slice(0, SHOWN_REFUSALS);
  const rows = shown.map(({ source, topic, count, last, reason }) => [
    source,
    // whoever published it chose it
    /^[\x21-\x7e]+$/.test(topic) ? topic : JSON.stringify(topic),
    count,
    last.slice(0, 19),
    reason,
  ]);
  const more = refusals.length - shown.length;
  const table = formatTable(['REFUSED FROM', 'TOPIC', 'TIMES', 'LAST', 'REASON'], rows);
  return `\n${table}${more > 0 ? `and ${more} more: --json\n` : ''}`;
}

function describe(part: PartStatus): string {
  const figures = Object.entries(part.figures ?? {})
    .filter(([, value]) => typeof value !== 'object')
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(', ');
  if (part.cause === undefined) return figures;
  return figures === '' ? part.cause : `${part.cause} (${figures})`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
