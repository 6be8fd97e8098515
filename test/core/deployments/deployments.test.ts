import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SILENT, VirtualClock } from '../../../hal/index.js';
import {
  type DeployedPart,
  type DeploymentRecord,
  DeploymentService,
  type GroupDocument,
} from '../../../src/core/deployments/index.js';
import type { OpenStore, Store, StoreOperation } from '../../../src/store/contract.js';
import { LevelStore } from '../../../src/store/level.js';
import { MemoryStore } from '../../../src/store/memory.js';
import { temporaryFolder } from '../../support/folder.js';

function group(...functions: string[]): GroupDocument {
  return {
    things: [{ name: 'T' }],
    functions: functions.map((name) => ({ name })),
    subscriptions: functions.map((name) => ({ source: 'T', subject: 'a', target: name })),
  };
}

const FILE = group('F');

/** A part that has what was applied last, and may be told to refuse. */
class Part implements DeployedPart<GroupDocument> {
  has: GroupDocument;
  applied = 0;
  refuses: ((next: GroupDocument) => boolean) | undefined;
  problems: string[] = [];
  onApply: (() => Promise<void>) | undefined;

  constructor(
    readonly name: string,
    initial: GroupDocument,
  ) {
    this.has = initial;
  }

  async check(): Promise<readonly string[]> {
    return this.problems;
  }

  async apply(next: GroupDocument): Promise<void> {
    this.applied += 1;
    // half of it is done before it fails
    this.has = { ...next, subscriptions: [] };
    await this.onApply?.();
    if (this.refuses?.(next)) throw new Error(`${this.name} is out of order`);
    this.has = next;
  }
}

async function start(
  store: Store,
  options: { file?: GroupDocument; clear?: () => Promise<void>; keep?: number } = {},
) {
  const clock = new VirtualClock();
  const { file = FILE, clear = async () => {}, ...more } = options;
  const service = new DeploymentService<GroupDocument>({ store, clock, log: SILENT, clear, ...more });
  const initial = await service.open(file);
  const parts = ['table', 'functions', 'things'].map((name) => new Part(name, initial));
  service.attach(parts);
  const told: string[] = [];
  service.events.on('changed', ({ status }) => void told.push(status));
  return { service, parts, told, clock, initial };
}

async function deployed(deployment: Promise<{ done: Promise<DeploymentRecord> }>): Promise<DeploymentRecord> {
  return (await deployment).done;
}

describe('deployments', () => {
  it('bring a group to every part, and say who changed what, in order', async () => {
    const { service, parts, told } = await start(new MemoryStore());
    const record = await deployed(service.deploy(group('F', 'G'), { by: 'ann' }));
    expect(told).toEqual(['Building', 'InProgress', 'Success']);
    for (const part of parts) expect(part.has).toEqual(group('F', 'G'));
    expect(record).toMatchObject({
      type: 'NewDeployment',
      status: 'Success',
      by: 'ann',
      changes: {
        things: { added: 0, removed: 0, changed: 0, first: [] },
        functions: { added: 1, removed: 0, changed: 0, first: ['+G'] },
        subscriptions: { added: 1, removed: 0, changed: 0, first: ['+T → a → G'] },
      },
    });
    expect(service.list().map(({ type, by }) => [type, by])).toEqual([
      ['NewDeployment', 'ann'],
      ['Configuration', 'configuration file'],
    ]);
    expect(service.current).toEqual(group('F', 'G'));
  });

  it('are refused with every problem before anything is touched', async () => {
    const { service, parts, told } = await start(new MemoryStore());
    parts[1]!.problems = ['no python3', 'no handler'];
    parts[2]!.problems = ['no line'];
    const record = await deployed(service.deploy(group('X'), { by: 'ann' }));
    expect(told).toEqual(['Building', 'Failure']);
    expect(record).toMatchObject({
      errorMessage: 'the group cannot run here',
      errorDetails: ['no python3', 'no handler', 'no line'],
    });
    expect(parts.map(({ applied }) => applied)).toEqual([0, 0, 0]);
    expect(service.current).toEqual(FILE);
  });

  it('that fail on the way give every part its former group back', async () => {
    const { service, parts, told } = await start(new MemoryStore());
    parts[1]!.refuses = (next) => next !== FILE;
    const record = await deployed(service.deploy(group('X'), { by: 'ann' }));
    expect(told).toEqual(['Building', 'InProgress', 'Failure']);
    expect(record.errorMessage).toBe('functions: functions is out of order');
    expect(record.errorDetails).toBeUndefined();
    for (const part of parts) expect(part.has).toEqual(FILE);
    expect(parts[2]!.applied).toBe(0);
    parts[1]!.refuses = () => true;
    expect((await deployed(service.deploy(group('X'), { by: 'ann' }))).errorDetails).toEqual([
      'functions did not come back to the former group: functions is out of order; restart the core',
    ]);
  });

  it('come one at a time, and not to a core that stops', async () => {
    const { service, parts } = await start(new MemoryStore());
    let release = (): void => {};
    parts[0]!.onApply = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const first = await service.deploy(group('X'), { by: 'ann' });
    await expect(service.deploy(group('Y'), { by: 'bob' })).rejects.toMatchObject({
      code: 'DEPLOYMENT_BUSY',
    });
    await expect(service.reset({ by: 'bob' })).rejects.toMatchObject({ code: 'DEPLOYMENT_BUSY' });
    await new Promise((resolve) => setImmediate(resolve));
    const closed = service.close();
    release();
    await closed;
    expect((await first.done).status).toBe('Success');
    await expect(service.deploy(group('Y'), { by: 'bob' })).rejects.toMatchObject({
      code: 'DEPLOYMENT_STOPPED',
    });
  });

  it('can be had again from the history', async () => {
    const { service, parts } = await start(new MemoryStore());
    const first = await deployed(service.deploy(group('X'), { by: 'ann' }));
    await deployed(service.deploy(group('Y'), { by: 'ann' }));
    const again = await deployed(service.redeploy(first.id, { by: 'bob' }));
    expect(again).toMatchObject({ type: 'Redeployment', again: first.id, status: 'Success', by: 'bob' });
    for (const part of parts) expect(part.has).toEqual(group('X'));
    await expect(service.redeploy('none', { by: 'bob' })).rejects.toMatchObject({
      code: 'DEPLOYMENT_UNKNOWN',
    });
  });

  it('outlive a restart; a configuration file that was edited since wins', async () => {
    const store = new MemoryStore();
    const { service } = await start(store);
    await deployed(service.deploy(group('X'), { by: 'ann' }));
    const second = await start(store, { file: { ...FILE } });
    expect(second.initial).toEqual(group('X'));
    expect(second.service.list()).toEqual(service.list());
    const third = await start(store, { file: group('Z') });
    expect(third.initial).toEqual(group('Z'));
    expect(third.service.list()[0]).toMatchObject({
      type: 'Configuration',
      changes: { functions: { added: 1, removed: 1, first: ['+Z', '-X'] } },
    });
    expect((await start(store, { file: group('Z') })).initial).toEqual(group('Z'));
  });

  it('are kept up to a number, with the groups that they name', async () => {
    const store = new MemoryStore();
    const { service } = await start(store, { keep: 3 });
    for (let i = 0; i < 6; i++) await deployed(service.deploy(group(`X${i % 2}`), { by: 'ann' }));
    expect(service.list()).toHaveLength(3);
    const keys: string[] = [];
    for await (const [key] of store.entries()) keys.push(key);
    expect(keys.filter((key) => key.startsWith('group!'))).toHaveLength(2);
    expect(keys.filter((key) => key.startsWith('deployment!'))).toHaveLength(3);
    expect((await start(store, { keep: 3 })).initial).toEqual(group('X1'));
  });

  it('reset to no functions, rows and shadows, and finish a reset that was cut short', async () => {
    const store = new MemoryStore();
    let cleared = 0;
    const clear = async (): Promise<void> => {
      cleared += 1;
      if (cleared === 1) throw new Error('disk full');
    };
    const { service, parts } = await start(store, { clear });
    expect(await deployed(service.reset({ by: 'ann' }))).toMatchObject({
      type: 'ResetDeployment',
      status: 'Success',
    });
    for (const part of parts) expect(part.has).toEqual({ ...FILE, functions: [], subscriptions: [] });
    const second = await start(store, { clear });
    expect(second.initial.functions).toEqual([]);
    expect(cleared).toBe(2);
    await start(store, { clear });
    expect(cleared).toBe(2);
  });

  it('reset by force past parts that fail', async () => {
    const { service, parts } = await start(new MemoryStore());
    parts[0]!.refuses = () => true;
    expect((await deployed(service.reset({ by: 'ann' }))).status).toBe('Failure');
    expect(await deployed(service.reset({ by: 'ann', force: true }))).toMatchObject({
      type: 'ForceResetDeployment',
      status: 'Success',
      errorDetails: ['table: table is out of order'],
    });
    expect(parts[2]!.has.functions).toEqual([]);
  });

  it('keep the former group when the disk refuses the switch', async () => {
    const store = new MemoryStore();
    let writes = 0;
    const full: Store = {
      ...plain(store),
      write: async (operations) => {
        writes += 1;
        if (writes === 4) throw new Error('disk full');
        return store.write(operations);
      },
    };
    const { service, parts } = await start(full);
    const record = await deployed(service.deploy(group('X'), { by: 'ann' }));
    expect(record).toMatchObject({ status: 'Failure', errorMessage: 'disk full' });
    for (const part of parts) expect(part.has).toEqual(FILE);
    expect((await start(store)).initial).toEqual(FILE);
  });
});

describe('a core that dies during a deployment', () => {
  it.each([
    ['in memory', async (): Promise<OpenStore> => new MemoryStore()],
    ['on disk', async (): Promise<OpenStore> => LevelStore.open(await temporaryFolder())],
  ])('begins with the old group or the new one, whole, wherever it died (%s)', async (_, open) => {
    const outcomes = new Set<string>();
    for (let step = 0; ; step++) {
      const store = await open();
      const survived = await dieAt(store, step);
      const { service, initial } = await start(store);
      const [last] = service.list();
      expect([FILE, group('F', 'G')]).toContainEqual(initial);
      expect(service.list().every(({ status }) => status === 'Success' || status === 'Failure')).toBe(true);
      const isNew = initial.functions.length === 2;
      if (isNew) expect(last).toMatchObject({ type: 'NewDeployment', status: 'Success' });
      else if (last?.type === 'NewDeployment') {
        expect(last).toMatchObject({
          status: 'Failure',
          errorMessage: expect.stringContaining('the core ended'),
        });
      }
      outcomes.add(isNew ? 'new' : 'old');
      // what is left must not be in the way of the next
      expect((await deployed(service.deploy(group('H'), { by: 'bob' }))).status).toBe('Success');
      await store.close();
      if (survived) break;
    }
    expect([...outcomes].sort()).toEqual(['new', 'old']);
  });

  it('several times over never makes a group that nobody deployed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 12 }), { maxLength: 5 }), async (steps) => {
        const store = new MemoryStore();
        for (const step of steps) await dieAt(store, step);
        const { initial } = await start(store);
        expect([FILE, group('F', 'G')]).toContainEqual(initial);
      }),
      { numRuns: 100 },
    );
  });
});

function plain(store: Store): Store {
  return {
    write: (operations) => store.write(operations),
    get: (key) => store.get(key),
    entries: (range) => store.entries(range),
    section: (name) => store.section(name),
  };
}

/**
 * Deploys, and dies at the nth step: before a write, after it, or while a part follows. Whatever would come after never
 * does, as after a kill.
 * @returns whether it lived to the end
 */
async function dieAt(store: Store, step: number): Promise<boolean> {
  let left = step;
  let die = (): void => {};
  const dead = new Promise<false>((resolve) => {
    die = () => resolve(false);
  });
  const pass = async (): Promise<void> => {
    left -= 1;
    if (left >= 0) return;
    die();
    await new Promise(() => {});
  };
  const mortal: Store = {
    ...plain(store),
    write: async (operations: readonly StoreOperation[]) => {
      await pass();
      await store.write(operations);
      await pass();
    },
  };
  const life = (async (): Promise<true> => {
    const { service, parts } = await start(mortal);
    for (const part of parts) part.onApply = pass;
    await deployed(service.deploy(group('F', 'G'), { by: 'ann' }));
    return true;
  })();
  return Promise.race([life, dead]);
}
