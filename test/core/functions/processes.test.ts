import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FunctionDefinition, ProcessRun } from '../../../src/core/functions/index.js';
import { temporaryFolder } from '../../support/folder.js';
import { alive, NO_PYTHON, NODE, PYTHON, processFunction, rig, until } from './support.js';

interface Flavour {
  readonly runtime: ProcessRun['runtime'];
  readonly folder: string;
  readonly fn: string;
  readonly skip: string | undefined;
  /** What a thrown KeyError or TypeError is called. */
  readonly thrown: string;
}

const FLAVOURS: readonly Flavour[] = [
  {
    runtime: 'python3',
    folder: PYTHON,
    fn: 'function_handler',
    skip: NO_PYTHON,
    thrown: "KeyError: 'colour'",
  },
  { runtime: 'nodejs', folder: NODE, fn: 'handler', skip: undefined, thrown: 'TypeError: colour' },
];

for (const { runtime, folder, fn, skip, thrown } of FLAVOURS) {
  const handler = (module: string, name = fn): string => `${join(folder, module)}.${name}`;
  const probe = (run: Partial<ProcessRun> = {}): FunctionDefinition =>
    processFunction('Probe', { handler: handler('probe'), runtime, ...run });

  describe.skipIf(skip !== undefined)(`functions in ${runtime}${skip ? ` (skipped: ${skip})` : ''}`, () => {
    it('publishes from module level, under its own name, for as long as it is pinned', async () => {
      const hello = processFunction('Hello', {
        handler: handler('hello'),
        runtime,
        pinned: true,
        environment: { EVERY_SECONDS: '0.02' },
      });
      const { next, status, manager } = await rig([hello]);
      for (let i = 0; i < 3; i++) {
        const message = await next('hello/world');
        expect(message.from).toBe('Hello');
        expect(message.payload.toString()).toContain('Hello world!');
      }
      expect(status('Hello')).toMatchObject({
        state: 'ok',
        figures: { workers: 1, invocations: 0, exits: 0 },
      });
      const pid = Number((await health(manager.httpPort))[0]?.ProcessId);
      expect(alive(pid)).toBe(true);
      await manager.stop();
      expect(alive(pid)).toBe(false);
    });

    it('hands a pinned function its messages one at a time, in order, to the same process', async () => {
      const { ask, answer, status } = await rig([probe({ pinned: true, environment: { COLOUR: 'green' } })]);
      process.env.CORE_SECRET = 'not to be passed on';
      for (let i = 1; i <= 5; i++) await ask({ i });
      let pid: unknown;
      for (let i = 1; i <= 5; i++) {
        const got = await answer();
        expect(got).toMatchObject({
          count: i,
          event: { i },
          topic: 'probe/ask',
          source: 'Tester',
          name: 'Probe',
          variable: 'green',
        });
        expect(got.secret ?? null).toBeNull();
        pid ??= got.pid;
        expect(got.pid).toBe(pid);
      }
      delete process.env.CORE_SECRET;
      await until(
        () => status('Probe').figures.succeeded === 5,
        () => 'five successes',
      );
      expect(status('Probe')).toMatchObject({
        state: 'ok',
        figures: { invocations: 5, errors: 0, dropped: 0 },
      });
    });

    it('takes what a handler throws as an error of that invocation and goes on', async () => {
      const { ask, answer, status, lines } = await rig([probe({ pinned: true })]);
      await ask({ do: 'throw', what: 'colour' });
      await ask({});
      expect(await answer()).toMatchObject({ count: 2 });
      expect(lines).toContainEqual({
        level: 'error',
        text: `the last invocation, on probe/ask, failed: ${thrown}`,
        function: 'Probe',
      });
      await until(
        () => status('Probe').state === 'ok',
        () => JSON.stringify(status('Probe')),
      );
      expect(status('Probe').figures).toMatchObject({ invocations: 2, succeeded: 1, errors: 1, exits: 0 });
    });

    it('ends an invocation that takes too long, and starts a pinned function again', async () => {
      const { ask, answer, status } = await rig([probe({ pinned: true, timeoutMs: 400 })], {
        limits: { restart: { firstMs: 1, maxMs: 10 } },
      });
      await ask(runtime === 'nodejs' ? { do: 'spin' } : { do: 'sleep', seconds: 20 });
      await until(
        () => status('Probe').figures.timeouts === 1,
        () => JSON.stringify(status('Probe')),
      );
      expect(status('Probe')).toMatchObject({ figures: { errors: 1, exits: 0 } });
      expect(status('Probe').cause).toContain('timed out after 0.40 seconds');
      await ask({});
      expect(await answer()).toMatchObject({ count: 1 });
      expect(status('Probe').figures).toMatchObject({ restarts: 1 });
    });

    it('ends a process that takes too much memory and says how much', async () => {
      const { ask, answer, status, lines } = await rig([probe({ pinned: true, memoryMb: 48 })], {
        limits: { memoryEveryMs: 20, restart: { firstMs: 1, maxMs: 10 } },
      });
      await ask({ do: 'memory', mb: 96 });
      await ask({});
      expect(await answer()).toMatchObject({ count: 1 });
      expect(status('Probe').figures).toMatchObject({ memoryKills: 1, errors: 1, restarts: 1, exits: 0 });
      expect(lines.map(({ text }) => text).join('\n')).toMatch(
        /the process used more than its 48 MB of memory/,
      );
    });

    it('counts the invocation during which a process exits, and starts another', async () => {
      const { ask, answer, status, lines } = await rig([probe({ pinned: true })], {
        limits: { restart: { firstMs: 1, maxMs: 10 } },
      });
      await ask({ do: 'exit', code: 3 });
      await ask({});
      expect(await answer()).toMatchObject({ count: 1 });
      expect(status('Probe').figures).toMatchObject({ invocations: 2, errors: 1, exits: 1, restarts: 1 });
      expect(lines).toContainEqual({
        level: 'error',
        text: 'the process exited with code 3',
        function: 'Probe',
      });
    });

    it('starts an on-demand function when it is invoked, several at once, and ends it when idle', async () => {
      const { ask, answer, status } = await rig([probe()], { limits: { idleMs: 300 } });
      expect(status('Probe')).toMatchObject({ state: 'ok', figures: { workers: 0 } });
      const slow = { do: 'await', file: join(await temporaryFolder(), 'go') };
      await Promise.all([ask(slow), ask(slow), ask(slow)]);
      await until(
        () => status('Probe').figures.running === 3,
        () => JSON.stringify(status('Probe')),
      );
      expect(status('Probe').figures).toMatchObject({ workers: 3, invocations: 3 });
      await writeFile(slow.file, '');
      const pids = new Set();
      for (let i = 0; i < 3; i++) pids.add((await answer()).pid);
      expect(pids.size).toBe(3);
      await until(
        () => status('Probe').figures.succeeded === 3,
        () => JSON.stringify(status('Probe')),
      );
      await ask({});
      expect(await answer()).toMatchObject({ count: 2 });
      await until(
        () => status('Probe').figures.workers === 0,
        () => JSON.stringify(status('Probe')),
      );
      expect(status('Probe')).toMatchObject({ state: 'ok', figures: { succeeded: 4, errors: 0, exits: 0 } });
    });

    it('reaches shadows without rows, errors as the SDK knows them', async () => {
      const { ask, answer } = await rig([probe()]);
      await ask({ do: 'shadow' });
      const { state, version, error } = await answer();
      expect(state).toEqual({ reported: { on: true } });
      expect(version).toBe(1);
      expect(error).toContain('No shadow exists with name: ');
    });

    it('invokes another function, in whatever language, and is told how it failed', async () => {
      const other = processFunction(
        'Other',
        { handler: `${join(NODE, 'probe')}.withCallback`, runtime: 'nodejs' },
        [],
      );
      const { ask, answer } = await rig([probe(), other]);
      const arn = 'arn:aws:lambda:eu-central-1:123456789012:function:Other:7';
      await ask({ do: 'invoke', arn, payload: { a: 1 } });
      expect(await answer()).toEqual({ error: '', payload: '{"got":{"a":1}}' });
      await ask({ do: 'invoke', arn, payload: { fail: 'no' } });
      expect(await answer()).toEqual({ error: 'Handled', payload: '{"errorMessage":"Error: no"}' });
    });

    it('logs what it prints under its name, line by line, at its level', async () => {
      const { ask, answer, lines } = await rig([probe()]);
      await ask({ do: 'log' });
      await answer();
      const own = lines.filter((line) => line.function === 'Probe');
      expect(own).toContainEqual({ level: 'info', text: 'printed', function: 'Probe' });
      const texts = own.map(({ level, text }) => `${level} ${text}`).join('\n');
      if (runtime === 'python3') {
        expect(texts).toMatch(/info \[INFO\]-probe\.py:\d+,an info line/);
        expect(texts).toMatch(/error \[ERROR\]-probe\.py:\d+,two\nerror lines/);
        expect(texts).toContain('warn on stderr');
      } else expect(texts).toContain('error an error\nerror in two lines');
    });
  });
}

async function health(
  port: number,
): Promise<readonly { ProcessId: string; FuncArn: string; WorkerState: string }[]> {
  return (await fetch(`http://127.0.0.1:${port}/2016-11-01/health/workers`)).json() as never;
}
