/** Why a message passes, or which row comes nearest to letting it pass. */
import { matches, namesOwner, overlap, sharedLevels, withOwner } from './filter.js';
import { type GroupLimits, topicLimitProblem } from './limits.js';
import { partyText, rowText, type SubscriptionRow } from './rows.js';
import { ownerSide, type SubscriptionTable, subjectFor } from './table.js';

export interface WhyQuestion {
  /** The member that publishes or subscribes. */
  readonly client: string;
  readonly action: 'publish' | 'subscribe';
  /** A topic, or, for `subscribe`, a filter. */
  readonly topic: string;
  /** `publish` only: the member that would get it; any when not given. */
  readonly to?: string;
}

export type RowField = 'source' | 'subject' | 'target';

export interface WhyAnswer {
  readonly passes: boolean;
  /** The rows that let it pass, at most {@link SHOWN_ROWS}. */
  readonly rows: readonly SubscriptionRow[];
  /** When nothing lets it pass: the row with the fewest fields that differ. */
  readonly nearest?: { readonly row: SubscriptionRow; readonly differs: readonly RowField[] };
  readonly sentence: string;
}

export const SHOWN_ROWS = 20;

/** @param known whether a name can stand in the table at all */
export function why(
  table: SubscriptionTable,
  question: WhyQuestion,
  known: (name: string) => boolean,
  limits: Pick<GroupLimits, 'topicBytes' | 'topicSlashes'>,
): WhyAnswer {
  const { client, to } = question;
  const fault = topicFault(question, limits);
  if (fault !== undefined) {
    return { passes: false, rows: [], sentence: `No row can help: ${quoted(question.topic)} ${fault}.` };
  }
  const stranger = !known(client) ? client : to !== undefined && !known(to) ? to : undefined;
  if (stranger !== undefined) {
    return { passes: false, rows: [], sentence: `${quoted(stranger)} is not a member of the group.` };
  }
  const rows = table.list().filter((row) => differing(table, row, question).length === 0);
  const first = rows[0];
  if (first !== undefined) {
    return {
      passes: true,
      rows: rows.slice(0, SHOWN_ROWS),
      sentence: passSentence(question, first, rows.length),
    };
  }
  const nearest = nearestRow(table, question);
  const sentence = `No row lets ${wish(question)}. ${
    nearest ? differSentence(question, nearest) : 'The table has no rows.'
  }`;
  return { passes: false, rows: [], ...(nearest && { nearest }), sentence };
}

/** What no table can mend, as a clause. */
function topicFault(
  { action, topic }: WhyQuestion,
  limits: Pick<GroupLimits, 'topicBytes' | 'topicSlashes'>,
): string | undefined {
  if (topic === '') return 'is no topic';
  if (action === 'subscribe') {
    return Buffer.byteLength(topic) > limits.topicBytes
      ? `is longer than ${limits.topicBytes} bytes`
      : undefined;
  }
  if (/[+#]/.test(topic)) return 'has a wildcard, and a message is published on one topic';
  return topicLimitProblem(topic, limits);
}

function differing(
  table: SubscriptionTable,
  row: SubscriptionRow,
  question: WhyQuestion,
): readonly RowField[] {
  const { client, action, to } = question;
  const differs: RowField[] = [];
  if (action === 'publish' && !table.stands(row.source, client)) differs.push('source');
  if (!subjectMeets(table, row, question)) differs.push('subject');
  const target = action === 'publish' ? to : client;
  if (target !== undefined && !table.stands(row.target, target)) differs.push('target');
  return differs;
}

function subjectMeets(table: SubscriptionTable, row: SubscriptionRow, question: WhyQuestion): boolean {
  const { client, action, topic, to } = question;
  if (action === 'subscribe') return overlap(subjectFor(row, client), topic);
  if (!namesOwner(row.subject)) return matches(row.subject, topic);
  const side = ownerSide(row);
  const owner = side === 'source' ? client : to;
  if (owner !== undefined) return matches(withOwner(row.subject, owner), topic);
  // Any target will do: the name in the topic must be one that the row's target stands for.
  const subject = row.subject.split('/');
  const name = topic.split('/').find((_, at) => namesOwner(subject[at] ?? ''));
  return name !== undefined && table.stands(row.target, name) && matches(withOwner(row.subject, name), topic);
}

function nearestRow(table: SubscriptionTable, question: WhyQuestion): WhyAnswer['nearest'] {
  let best: WhyAnswer['nearest'];
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const row of table.list()) {
    const differs = differing(table, row, question);
    // Fewer differing fields first; then the more alike subject; a row of the same source before one of another.
    const score =
      -1000 * differs.length +
      10 * sharedLevels(row.subject, question.topic) -
      (differs.includes('source') ? 5 : 0);
    if (score > bestScore) {
      best = { row, differs };
      bestScore = score;
    }
  }
  return best;
}

function passSentence(question: WhyQuestion, row: SubscriptionRow, count: number): string {
  const more = count > 1 ? ` and ${count - 1} more` : '';
  return `${sentenceCase(wish(question))}: row ${describe(row)}${more}.`;
}

function differSentence(question: WhyQuestion, nearest: NonNullable<WhyAnswer['nearest']>): string {
  const { row, differs } = nearest;
  const asked: Record<RowField, string> = {
    source: question.client,
    subject: question.topic,
    target: (question.action === 'publish' ? question.to : question.client) ?? '',
  };
  const has: Record<RowField, string> = {
    source: partyText(row.source),
    subject: row.subject,
    target: partyText(row.target),
  };
  const fields = differs.map((field) => `its ${field} is ${has[field]}, not ${quoted(asked[field])}`);
  return `Nearest is ${describe(row)}: ${fields.join('; ')}.`;
}

function wish({ client, action, topic, to }: WhyQuestion): string {
  if (action === 'subscribe') return `${client} receive ${quoted(topic)}`;
  return `${client} publish ${quoted(topic)}${to === undefined ? '' : ` to ${to}`}`;
}

function sentenceCase(clause: string): string {
  return clause.replace(/^(\S+) (receive|publish)/, '$1 may $2');
}

function describe(row: SubscriptionRow): string {
  return `${rowText(row)} (${row.because ?? row.origin})`;
}

/** What was asked may be anything: it goes into a sentence on one line. */
export function quoted(text: string): string {
  return /^[\x21-\x7e]{1,300}$/.test(text) ? text : JSON.stringify(text.slice(0, 300));
}
