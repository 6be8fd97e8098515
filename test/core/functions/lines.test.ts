import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MockBoard, MockDriver } from '../../../hal/drivers/mock/index.js';
import { SILENT, SystemClock } from '../../../hal/index.js';
import { functionLines } from '../../../src/app/function-lines.js';
import type { FunctionDefinition } from '../../../src/core/functions/index.js';
import { NO_PYTHON, NODE, PYTHON, processFunction, rig, until } from './support.js';

const granted = (lines: readonly string[], run = {}): FunctionDefinition =>
  processFunction('Probe', {
    handler: join(NODE, 'lines.handler'),
    runtime: 'nodejs',
    resources: { lines },
    ...run,
  });
const PYTHON_RUN = { runtime: 'python3' as const, handler: join(PYTHON, 'lines.function_handler') };

async function wired(definition: FunctionDefinition) {
  const clock = new SystemClock();
  const board = new MockBoard({ clock });
  const driver = new MockDriver(board);
  await driver.start(new AbortController().signal);
  onTestFinished(() => driver.stop());
  const lines = functionLines({ gpio: async () => driver, log: SILENT });
  const running = await rig([definition], { lines, limits: { restart: { firstMs: 1, maxMs: 1 } } });
  const ask = async (event: object): Promise<unknown> => {
    const result = await running.manager.invoke('Probe', Buffer.from(JSON.stringify(event)));
    if (!result.ok) throw new Error(result.message);
    return JSON.parse(result.payload.toString());
  };
  return { ...running, board, driver, ask };
}

const RUNTIMES = [
  { runtime: 'nodejs', run: {}, missing: undefined },
  { runtime: 'python3', run: PYTHON_RUN, missing: NO_PYTHON },
];

describe.each(RUNTIMES)('GPIO lines of a function in $runtime', ({ run, missing }) => {
  it.skipIf(missing !== undefined)('are those granted: read, written, refused', async () => {
    const { ask, board, driver } = await wired(granted(['GPIO5', 'GPIO6'], run));
    board.drive('GPIO5', 'high');
    expect(await ask({ read: 'GPIO5' })).toBe('active');
    expect(await ask({ write: 'GPIO6', value: 'active' })).toBe('active');
    expect(board.line('GPIO6')).toMatchObject({ level: 'high', consumer: 'Probe' });
    expect(await ask({ write: 'GPIO6', value: 'inactive' })).toBe('inactive');
    await expect(ask({ read: 'GPIO17' })).rejects.toThrow(
      'function Probe was not granted the line GPIO17: add it to its resources.lines',
    );
    await expect(ask({ write: 'GPIO6', value: 'bright' })).rejects.toThrow(
      'a line is active or inactive, not "bright"',
    );
    await ask({ write: 'GPIO5', value: 'active' });
    expect((await driver.lines()).find(({ name }) => name === 'GPIO5')).toMatchObject({
      direction: 'output',
      consumer: 'Probe',
    });
  });
});

describe('GPIO lines of a function', () => {
  it('that someone else holds are refused, and say who', async () => {
    const { ask, driver } = await wired(granted(['GPIO5']));
    const line = await driver.output('GPIO5', 'GG_TrafficLight', { initial: 'inactive' });
    await expect(ask({ write: 'GPIO5', value: 'active' })).rejects.toThrow(/GG_TrafficLight/);
    await line.close();
    expect(await ask({ write: 'GPIO5', value: 'active' })).toBe('active');
  });

  it('are safe and free when its process ends, however, and when it is removed', async () => {
    const { ask, board, manager } = await wired(granted(['GPIO5'], { pinned: true }));
    await ask({ write: 'GPIO5', value: 'active' });
    await expect(ask({ exit: 3 })).rejects.toThrow();
    await until(
      () => board.line('GPIO5').level === 'low',
      () => JSON.stringify(board.line('GPIO5')),
    );
    await ask({ write: 'GPIO5', value: 'active' });
    await manager.replace([]);
    expect(board.line('GPIO5')).toMatchObject({ level: 'low' });
    expect(board.line('GPIO5').consumer).toBeUndefined();
  });

  it('stay as they are when an idle process ends', async () => {
    const definition = granted(['GPIO5']);
    const clock = new SystemClock();
    const board = new MockBoard({ clock });
    const driver = new MockDriver(board);
    await driver.start(new AbortController().signal);
    onTestFinished(() => driver.stop());
    const lines = functionLines({ gpio: async () => driver, log: SILENT });
    const { manager, status } = await rig([definition], { lines, limits: { idleMs: 20 } });
    await manager.invoke('Probe', Buffer.from('{"write":"GPIO5","value":"active"}'));
    await until(
      () => status('Probe').figures.workers === 0,
      () => JSON.stringify(status('Probe')),
    );
    expect(board.line('GPIO5')).toMatchObject({ level: 'high' });
  });

  it('that this machine has not keep it from running', async () => {
    const { status } = await wired(granted(['GPIO99']));
    expect(status('Probe')).toMatchObject({ state: 'failed' });
    expect(status('Probe').cause).toMatch(/its line "GPIO99" is on no chip/);
    const { status: none } = await rig([granted(['GPIO5'])]);
    expect(none('Probe').cause).toContain('GPIO lines are granted, but this core was given none');
  });
});
