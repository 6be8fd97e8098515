import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { VirtualClock } from '../../hal/index.js';
import {
  createLog,
  DEBUG_LINES_PER_SECOND,
  DebugBudget,
  isJournal,
  LOG_PARTS,
  LogLevels,
} from '../../src/log/index.js';

async function log(parts: Record<string, 'debug' | 'warn'> = {}) {
  const clock = new VirtualClock();
  const levels = new LogLevels({ level: 'info', parts, clock });
  const written: string[] = [];
  const destination = {
    write: (line: string) => {
      const { part = '-', level, msg } = JSON.parse(line) as Record<string, string>;
      written.push(`${part} ${level} ${msg}`);
    },
  };
  const root = await createLog({ levels, pretty: false, destination });
  const take = () => written.splice(0);
  return { clock, levels, root, take };
}

describe('levels of the log', () => {
  it('change for logs that were made before, and for their children', async () => {
    const { levels, root, take } = await log();
    const broker = root.child({ part: 'broker' });
    const client = broker.child({ client: 'a' });
    const all = (message: string) => {
      for (const each of [root, broker, client]) each.debug({}, message);
    };
    all('first');
    levels.set({ level: 'debug', part: 'broker' });
    all('second');
    levels.set({ level: 'debug' });
    levels.reset('broker');
    all('third');
    levels.set({ level: 'error' });
    root.warn({}, 'fourth');
    broker.info({}, 'fourth');
    client.error({}, 'fourth');
    expect(take()).toEqual([
      'broker debug second',
      'broker debug second',
      '- debug third',
      'broker debug third',
      'broker debug third',
      'broker error fourth',
    ]);
  });

  it('silence everything, and let everything through', async () => {
    const { levels, root, take } = await log();
    levels.set({ level: 'silent' });
    root.error({}, 'nothing');
    levels.set({ level: 'trace' });
    root.debug({}, 'something');
    expect(take()).toEqual(['- debug something']);
  });

  it('are of the part that was set, then its configured one, then the default', async () => {
    const { levels } = await log({ broker: 'warn' });
    levels.set({ level: 'debug' });
    expect([levels.level(), levels.level('broker'), levels.level('shadows')]).toEqual([
      'debug',
      'warn',
      'debug',
    ]);
    levels.set({ level: 'trace', part: 'broker' });
    levels.resetAll();
    expect([levels.level(), levels.level('broker'), levels.level('shadows')]).toEqual([
      'info',
      'warn',
      'info',
    ]);
  });

  it('go back by themselves, at the last time that was asked for, and leave no timer', async () => {
    const { clock, levels } = await log();
    levels.threshold('broker');
    levels.set({ level: 'debug', part: 'broker', forMs: 60_000 });
    await clock.advance(30_000);
    levels.set({ level: 'trace', part: 'broker', forMs: 60_000 });
    expect(levels.view().parts[0]).toMatchObject({ name: 'broker', level: 'trace', configured: 'info' });
    await clock.advance(59_999);
    expect(levels.level('broker')).toBe('trace');
    await clock.advance(1);
    expect(levels.view().parts[0]).toEqual({
      name: 'broker',
      level: 'info',
      configured: 'info',
      changed: false,
      own: false,
    });
    levels.set({ level: 'debug', forMs: 1_000 });
    levels.close();
    expect(clock.pending).toBe(0);
  });

  it('tell of each change', async () => {
    const { clock, levels } = await log();
    const told: (string | undefined)[] = [];
    levels.events.on('changed', (part) => told.push(part));
    levels.set({ level: 'debug', part: 'broker', forMs: 5 });
    levels.set({ level: 'warn' });
    levels.reset('shadows');
    await clock.advance(5);
    expect(told).toEqual(['broker', undefined, 'broker']);
  });
});

describe('debug lines of what happens often', () => {
  it('are so many a second; then those that were left out are counted', async () => {
    const { clock, levels, root, take } = await log();
    levels.set({ level: 'debug' });
    const budget = new DebugBudget(clock, root);
    for (let n = 0; n < 1_000; n++) budget.debug({}, `${n}`);
    expect(take()).toHaveLength(DEBUG_LINES_PER_SECOND);
    await clock.advance(1_000);
    budget.debug({}, 'later');
    expect(take()).toEqual(['- debug 800 more lines were left out', '- debug later']);
    budget.end();
    expect(take()).toEqual([]);
  });
});

describe('the log', () => {
  it('has no secrets', async () => {
    const { root, take } = await log();
    const lines: string[] = [];
    const levels = new LogLevels({ level: 'info', clock: new VirtualClock() });
    const other = await createLog({
      levels,
      pretty: false,
      destination: { write: (line) => void lines.push(line) },
    });
    other.child({ part: 'x' }).info({ privateKey: 'PEM', thing: { key: 'PEM', password: 'PEM' } }, 'y');
    expect(lines.join()).not.toContain('PEM');
    root.info({}, 'z');
    expect(take()).toEqual(['- info z']);
  });

  it('begins its lines with the priority for the journal, and knows whether it writes there', async () => {
    const lines: string[] = [];
    const levels = new LogLevels({ level: 'trace', clock: new VirtualClock() });
    const destination = { write: (line: string) => void lines.push(line.slice(0, 12)) };
    const root = await createLog({ levels, pretty: false, journal: true, destination });
    const child = root.child({ part: 'x' });
    child.error({}, '');
    root.debug({}, '');
    child.warn({}, '');
    root.info({}, '');
    expect(lines).toEqual(['<3>{"level":', '<7>{"level":', '<4>{"level":', '<6>{"level":']);
    const { dev, ino } = await stat('/dev/null', { bigint: true });
    const file = await open('/dev/null');
    onTestFinished(() => file.close());
    expect(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, file.fd)).toBe(true);
    expect(isJournal({ JOURNAL_STREAM: `${dev}:${ino + 1n}` }, file.fd)).toBe(false);
    expect(isJournal({}, file.fd)).toBe(false);
  });

  it('knows the name of every part that the source gives one', async () => {
    const files = await readdir('src', { recursive: true });
    const named = new Set<string>();
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const text = await readFile(join('src', file), 'utf8');
      for (const [, part] of text.matchAll(/(?:part: |\.\.\.common\()'([\w-]+)'/g)) named.add(part!);
    }
    expect([...named].sort()).toEqual([...LOG_PARTS].sort());
  });
});
