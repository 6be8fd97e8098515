/**
 * 200 functions of a group and 2,500 things: start, status, a deployment; what one invocation takes, through the local
 * HTTP API and back; the memory of an idle process. Alone: `npx tsx bench/functions/main.ts`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT, SystemClock } from '../../hal/index.js';
import { Broker, memorySessions } from '../../src/core/broker/index.js';
import { DeploymentService, type GroupDocument } from '../../src/core/deployments/index.js';
import { type FunctionDefinition, FunctionManager, type ProcessRun } from '../../src/core/functions/index.js';
import { ownMemory } from '../../src/core/functions/process/memory/watch.js';
import { Group, type GroupDefinition, GroupPolicy, SHADOW_SERVICE } from '../../src/core/group/index.js';
import { memoryShadows, ShadowService } from '../../src/core/shadow/index.js';
import { MemoryStore } from '../../src/store/memory.js';
import type { Row } from '../support/figures.js';

const FUNCTIONS = 200;
const THINGS = 2_500;
const INVOCATIONS = 1_000;

const CODE = {
  'echo.js': 'exports.handler = async (event) => event;\n',
  'package.json': '{"type":"commonjs"}\n',
  'echo.py': 'def handler(event, context):\n    return event\n',
};

export async function functions(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-bench-'));
  try {
    for (const [name, text] of Object.entries(CODE)) await writeFile(join(folder, name), text);
    return await measure(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string): Promise<readonly Row[]> {
  const clock = new SystemClock();
  const deps = { clock, log: SILENT };
  const group = new Group({ name: 'bench' });
  const policy = new GroupPolicy({ group, revokedAt: () => undefined, ...deps });
  const broker = new Broker({ policy, sessions: memorySessions(), ...deps });
  const shadows = new ShadowService({ port: broker.port(SHADOW_SERVICE), store: memoryShadows(), ...deps });
  const names = Array.from({ length: FUNCTIONS }, (_, i) => `F${i}`);
  const first = names.map((name, i) => definition(name, folder, i === 0 ? 'python3' : 'nodejs'));
  const manager = new FunctionManager({
    functions: first,
    port: (name) => broker.port(name),
    shadows,
    facts: { coreThingName: 'Core', groupName: 'bench', groupId: 'bench' },
    ...deps,
  });
  const services = [policy, broker, shadows, manager];
  const rows: Row[] = [];
  const row = (what: string, ours: string): void => void rows.push({ what, ours });
  const defined = await time(() => group.replace(groupOf(names, 'a/b')));
  const started = await time(async () => {
    for (const service of services) await service.start(new AbortController().signal);
  });
  row(`start with ${FUNCTIONS} functions and ${THINGS} things`, ms(defined + started));
  row('status of all functions', ms(await time(() => manager.status())));
  row(
    `deploy: ${FUNCTIONS} functions, all other rows, one function other`,
    ms(await deploying(manager, group, first)),
  );
  for (const name of ['F0', 'F1'])
    row(`one invocation in ${name === 'F0' ? 'Python' : 'Node'}`, await invoking(manager, name));
  for (const { FuncArn, ProcessId } of await workers(manager)) {
    const bytes = (await ownMemory(Number(ProcessId))) ?? 0;
    row(
      `memory of an idle process in ${FuncArn.includes(':F0:') ? 'Python' : 'Node'}`,
      `${(bytes / 1_048_576).toFixed(1)} MB`,
    );
  }
  row('stop', ms(await time(() => manager.stop())));
  for (const service of services.slice(0, 3).reverse()) await service.stop();
  return rows;
}

/** Through the deployment service, as `greenlight deploy` does. */
async function deploying(
  manager: FunctionManager,
  group: Group,
  before: readonly FunctionDefinition[],
): Promise<number> {
  const next = before.map((one, i) => ({
    ...one,
    subjects: ['c/d'],
    runs: i === 2 ? { ...(one.runs as ProcessRun), environment: { CHANGED: 'yes' } } : one.runs,
  }));
  const document = (subject: string): GroupDocument => ({
    things: Array.from({ length: THINGS }, (_, i) => ({ name: `T${i}` })),
    functions: before.map(({ name }) => ({ name })),
    subscriptions: before.map(({ name }) => ({ source: 'T0', subject, target: name })),
  });
  const service = new DeploymentService<GroupDocument>({
    store: new MemoryStore(),
    clock: new SystemClock(),
    log: SILENT,
    clear: async () => {},
  });
  await service.open(document('a/b'));
  service.attach([
    {
      name: 'table',
      apply: async () =>
        void group.replace(
          groupOf(
            before.map(({ name }) => name),
            'c/d',
          ),
        ),
    },
    {
      name: 'functions',
      check: () => manager.check(next),
      apply: async () => void (await manager.replace(next)),
    },
  ]);
  return time(async () => {
    const { status, errorMessage } = await (await service.deploy(document('c/d'), { by: 'bench' })).done;
    if (status !== 'Success') throw new Error(`the deployment failed: ${errorMessage}`);
  });
}

async function invoking(manager: FunctionManager, name: string): Promise<string> {
  const payload = Buffer.from('{"a":1}');
  const invoke = async (): Promise<void> => {
    const result = await manager.invoke(name, payload);
    if (!result.ok) throw new Error(result.message);
  };
  const cold = await time(invoke);
  const warm = await time(async () => {
    for (let i = 0; i < INVOCATIONS; i++) await invoke();
  });
  return `${(warm / INVOCATIONS).toFixed(2)} ms (first: ${cold.toFixed(0)} ms)`;
}

function definition(name: string, folder: string, runtime: ProcessRun['runtime']): FunctionDefinition {
  return {
    name,
    subjects: ['a/b'],
    runs: {
      kind: 'process',
      handler: join(folder, 'echo.handler'),
      runtime,
      pinned: false,
      memoryMb: 64,
      timeoutMs: 3_000,
      encoding: 'json',
      environment: {},
    },
  };
}

function groupOf(names: readonly string[], subject: string): GroupDefinition {
  return {
    core: 'Core',
    things: Array.from({ length: THINGS }, (_, i) => ({ name: `T${i}` })),
    functions: names.map((name) => ({ name })),
    rows: names.map((target) => ({ source: 'T0', subject, target, origin: 'configured' as const })),
  };
}

async function workers(manager: FunctionManager): Promise<readonly { FuncArn: string; ProcessId: string }[]> {
  const reply = await fetch(`http://127.0.0.1:${manager.httpPort}/2016-11-01/health/workers`);
  return (await reply.json()) as { FuncArn: string; ProcessId: string }[];
}

async function time(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
