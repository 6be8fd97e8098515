import { describe, expect, it } from 'vitest';
import { type Service, ServiceStack, Together } from '../src/lifecycle.js';

function part(
  name: string,
  journal: string[],
  failing: { start?: boolean; stop?: 'throws' | 'hangs' } = {},
): Service {
  return {
    name,
    async start() {
      journal.push(`start ${name}`);
      if (failing.start) throw new Error(`${name} cannot start`);
    },
    async stop() {
      journal.push(`stop ${name}`);
      if (failing.stop === 'throws') throw new Error(`${name} cannot stop`);
      if (failing.stop === 'hangs') await new Promise(() => {});
    },
  };
}

const { signal } = new AbortController();

describe('service stack', () => {
  it('stops in reverse order, also the one whose start failed', async () => {
    const journal: string[] = [];
    const stack = new ServiceStack();
    await stack.start(part('a', journal), signal);
    await expect(stack.start(part('b', journal, { start: true }), signal)).rejects.toThrow('b cannot start');
    await stack.stop();
    expect(journal).toEqual(['start a', 'start b', 'stop b', 'stop a']);
    await stack.stop();
    expect(journal).toHaveLength(4);
  });

  it('goes past stops that fail or hang, and tells of each', async () => {
    const journal: string[] = [];
    const stack = new ServiceStack(60);
    await stack.start(part('a', journal), signal);
    await stack.start(part('b', journal, { stop: 'hangs' }), signal);
    await stack.start(part('c', journal, { stop: 'throws' }), signal);
    const failure = await stack.stop().catch((error: AggregateError) => error);
    expect((failure as AggregateError).errors.map((e: Error) => e.message)).toEqual([
      'stopping c: c cannot stop',
      expect.stringMatching(/^stopping b: not done after \d+ ms$/),
    ]);
    expect(journal.at(-1)).toBe('stop a');
  });

  it('starts nothing once it was aborted', async () => {
    const journal: string[] = [];
    const stack = new ServiceStack();
    await expect(stack.start(part('a', journal), AbortSignal.abort(new Error('ended')))).rejects.toThrow(
      'ended',
    );
    expect(journal).toEqual([]);
  });
});

describe('together', () => {
  it('waits for all starts before it fails, and stops all past failures', async () => {
    const journal: string[] = [];
    const members = [
      part('a', journal, { start: true }),
      part('b', journal, { stop: 'throws' }),
      part('c', journal),
    ];
    const together = new Together('all', members);
    await expect(together.start(signal)).rejects.toThrow('a cannot start');
    expect(journal).toEqual(['start a', 'start b', 'start c']);
    await expect(together.stop()).rejects.toThrow('b cannot stop');
    expect(journal.slice(3)).toEqual(['stop a', 'stop b', 'stop c']);
  });
});
