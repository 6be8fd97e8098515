/**
 * The subscription table at 10, 1,000 and 10,000 rows: one question asked anew, the same asked again, a new definition,
 * and messages through the whole core.
 * Alone, after `npm run build`: `npx tsx bench/table/main.ts`.
 */
import { SILENT, SystemClock } from '../../hal/index.js';
import {
  Group,
  type GroupDefinition,
  GroupPolicy,
  OWN_NAME,
  type SubscriptionRow,
} from '../../src/core/group/index.js';
import type { Row } from '../support/figures.js';
import { delivery } from './delivery.js';

const SIZES = [10, 1_000, 10_000];
const THINGS = 2_500;
const QUESTIONS = 200_000;

export async function table(): Promise<readonly Row[]> {
  const rows = SIZES.flatMap(measureRows);
  return [...rows, measureMany(), ...(await delivery())];
}

/** Half the rows exact, a quarter with `+`, a quarter with `#`. */
function measureRows(size: number): readonly Row[] {
  const definition = definitionOf(size);
  const group = new Group({ name: 'bench' });
  const defining = time(() => group.replace(definition));
  const questions = questionsOf(size);
  const asked = (ask: (source: string, topic: string, target: string) => boolean): number => {
    let passed = 0;
    const ns = time(() => {
      for (let n = 0; n < QUESTIONS; n++) {
        const [source, topic, target] = questions[n % questions.length] as readonly [string, string, string];
        if (ask(source, topic, target)) passed++;
      }
    });
    if (passed === 0 || passed === QUESTIONS)
      throw new Error(`${passed} of ${QUESTIONS} passed: the bench is wrong`);
    return (ns * 1e6) / QUESTIONS;
  };
  const policy = new GroupPolicy({
    group,
    revokedAt: () => undefined,
    clock: new SystemClock(),
    log: SILENT,
  });
  const lookUp = (source: string, topic: string, target: string): boolean =>
    group.table.passes(source, topic, target);
  const pass = (source: string, topic: string, target: string): boolean => policy.pass(source, topic, target);
  asked(lookUp);
  asked(pass);
  const label = `${size} rows`;
  return [
    { what: `${label}: may this reach that, looked up`, ours: `${asked(lookUp).toFixed(0)} ns` },
    { what: `${label}: the same, as the broker asks`, ours: `${asked(pass).toFixed(0)} ns` },
    { what: `${label}: a new definition`, ours: `${defining.toFixed(1)} ms` },
    {
      what: `${label}: why`,
      ours: `${time(() => group.why({ client: 'T0', action: 'publish', topic: 'no/such', to: 'T1' })).toFixed(1)} ms`,
    },
  ];
}

function measureMany(): Row {
  const group = new Group({ name: 'bench' });
  const definition: GroupDefinition = {
    things: Array.from({ length: THINGS }, (_, n) => ({ name: `T${n}`, role: n % 2 ? 'led' : 'button' })),
    functions: Array.from({ length: 200 }, (_, n) => ({ name: `F${n}` })),
    rows: definitionOf(10_000).rows,
  };
  const ms = time(() => group.replace(definition));
  return {
    what: `${THINGS} things, 200 functions, 10000 rows: a new definition`,
    ours: `${ms.toFixed(1)} ms`,
  };
}

function definitionOf(size: number): GroupDefinition {
  const row = (n: number): SubscriptionRow => ({
    source: n % 10 === 9 ? { role: 'led' } : `T${n % 100}`,
    subject: subjectOf(n),
    target: `T${(n + 1) % 100}`,
    origin: 'configured',
  });
  return {
    things: Array.from({ length: 100 }, (_, n) => ({ name: `T${n}`, role: n % 2 ? 'led' : 'button' })),
    functions: [],
    rows: Array.from({ length: size }, (_, n) => row(n)),
  };
}

function subjectOf(n: number): string {
  if (n % 10 === 9) return `site/${OWN_NAME}/state/${n}`;
  return [`site/${n}/state`, `site/${n}/+/state`, `site/${n}/state/now`, `site/${n}/#`][n % 4] as string;
}

/** As many as a busy group asks in a minute; one in eight is refused. */
function questionsOf(size: number): readonly (readonly [string, string, string])[] {
  return Array.from({ length: 4_000 }, (_, at) => {
    const n = (at * 7) % size;
    const source = n % 10 === 9 ? 'T1' : `T${n % 100}`;
    const topic = subjectOf(n).replace(OWN_NAME, 'T1').replace('+', 'x').replace('#', 'a/b');
    return [source, topic, at % 8 === 0 ? 'T99' : `T${(n + 1) % 100}`] as const;
  });
}

function time(work: () => unknown): number {
  const before = performance.now();
  work();
  return performance.now() - before;
}
