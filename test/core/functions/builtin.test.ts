import { describe, expect, it } from 'vitest';
import type {
  BuiltinFunction,
  FunctionContext,
  FunctionDefinition,
} from '../../../src/core/functions/index.js';
import { rig, until } from './support.js';

class Doubler implements BuiltinFunction {
  readonly subjects = [{ source: 'Tester', subject: 'probe/ask' }];
  context: FunctionContext | undefined;
  stopped = false;
  running = 0;

  async start(context: FunctionContext): Promise<void> {
    this.context = context;
  }

  async invoke({ event, topic, from }: { event: unknown; topic: string; from: string }): Promise<void> {
    this.running += 1;
    expect(this.running).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    this.running -= 1;
    if (typeof event !== 'number') throw new TypeError('a number, please');
    if (event === 7) await this.context?.updateShadow('Lamp', { state: { desired: { level: 7 } } });
    const shadow = await this.context?.getShadow('Lamp');
    await this.context?.publish('probe/answer', {
      twice: event * 2,
      topic,
      from,
      version: shadow?.version ?? null,
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
  }

  status() {
    return { kind: 'doubler' };
  }
}

function builtin(fn: BuiltinFunction): FunctionDefinition {
  return {
    name: 'Doubler',
    subjects: [],
    runs: { kind: 'builtin', builtin: 'doubler', options: {}, make: () => fn },
  };
}

describe('builtin functions', () => {
  it('go through the same door: one message at a time, in order, errors counted, shadows and publishing', async () => {
    const fn = new Doubler();
    const { ask, answer, status, manager } = await rig([builtin(fn)]);
    for (const event of [1, 'x', 7]) await ask(event);
    expect(await answer()).toEqual({ twice: 2, topic: 'probe/ask', from: 'Tester', version: null });
    expect(await answer()).toEqual({ twice: 14, topic: 'probe/ask', from: 'Tester', version: 1 });
    await until(
      () => status('Doubler').figures.succeeded === 2,
      () => JSON.stringify(status('Doubler')),
    );
    expect(status('Doubler')).toMatchObject({
      state: 'ok',
      figures: { builtin: 'doubler', kind: 'doubler', invocations: 3, errors: 1, queued: 0 },
    });
    await manager.stop();
    expect(fn.stopped).toBe(true);
    expect(fn.context?.signal.aborted).toBe(true);
  });

  it('keep the core from starting when they cannot start', async () => {
    const fn = new Doubler();
    fn.start = async () => {
      throw new Error('no totals');
    };
    await expect(rig([builtin(fn)])).rejects.toThrow('no totals');
  });

  it('can be invoked like any other', async () => {
    const { manager } = await rig([builtin(new Doubler())]);
    expect(await manager.invoke('Doubler', Buffer.from('"no number"'))).toEqual({
      ok: false,
      failure: 'Handled',
      message: 'a number, please',
    });
    expect(await manager.invoke('Doubler', Buffer.from('4'), { custom: { subject: 't' } })).toMatchObject({
      ok: true,
    });
  });
});
