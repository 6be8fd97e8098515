import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { type Clock, type Log, SystemClock, VirtualClock } from '../../../hal/index.js';
import type { PortMessage } from '../../../src/core/broker/contract.js';
import {
  type FunctionDefinition,
  FunctionManager,
  type FunctionManagerOptions,
} from '../../../src/core/functions/index.js';
import { SHADOW_SERVICE, type SubscriptionRow } from '../../../src/core/group/index.js';
import { memoryShadows, ShadowService } from '../../../src/core/shadow/index.js';
import { Hub, rowsOf } from './hub.js';

export { processFunction, rowsOf } from './hub.js';

export const FIXTURES = fileURLToPath(new URL('../../fixtures/functions', import.meta.url));
export const PYTHON = join(FIXTURES, 'python');
export const NODE = join(FIXTURES, 'nodejs');

/** The interpreter itself: what stands in the path may be a script that takes its time to find it. */
const INTERPRETER: string | undefined = (() => {
  try {
    return execFileSync('python3', ['-c', 'import sys; print(sys.executable)']).toString().trim();
  } catch {
    return undefined;
  }
})();

/** Why tests with Python cannot run here; where the build machine promises it they run and fail. */
export const NO_PYTHON: string | undefined =
  INTERPRETER === undefined && !process.env.CI ? 'there is no python3 here' : undefined;

export interface Line {
  readonly level: string;
  readonly text: string;
  readonly function: string | undefined;
}

export function capture(lines: Line[], fields: { function?: string } = {}): Log {
  const at = (level: string) => (_: object, text: string) =>
    void lines.push({ level, text, function: fields.function });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => capture(lines, { ...fields, ...more }),
  };
}

export interface Rig {
  readonly hub: Hub;
  readonly manager: FunctionManager;
  readonly lines: Line[];
  readonly shadows: ShadowService;
  ask(event: unknown): Promise<void>;
  /** The next message on the topic that the Tester has not been given yet. */
  next(topic: string): Promise<PortMessage>;
  answer(): Promise<Record<string, unknown>>;
  status(name: string): { state: string; cause?: string; figures: Record<string, number> };
}

export async function rig(
  functions: readonly FunctionDefinition[],
  options: Partial<FunctionManagerOptions> & {
    readonly rows?: readonly SubscriptionRow[];
    readonly clock?: Clock;
    /** Members beside the functions that run at first. */
    readonly members?: readonly string[];
  } = {},
): Promise<Rig> {
  const {
    rows = functions.flatMap(({ name }) => rowsOf(name)),
    clock = new SystemClock(),
    members = [],
    ...more
  } = options;
  const hub = new Hub();
  hub.group.replace({
    core: 'Core',
    things: [{ name: 'Tester' }],
    functions: [...functions.map(({ name }) => name), ...members].map((name) => ({ name })),
    rows,
  });
  const lines: Line[] = [];
  const log = capture(lines);
  const shadows = new ShadowService({
    port: hub.port(SHADOW_SERVICE),
    store: memoryShadows(),
    clock: new VirtualClock(),
    log,
  });
  const signal = new AbortController().signal;
  await shadows.start(signal);
  const manager = new FunctionManager({
    functions,
    port: (name) => hub.port(name),
    shadows,
    clock,
    log,
    ...(INTERPRETER !== undefined && { interpreters: { python3: INTERPRETER } }),
    facts: { coreThingName: 'Core', groupName: 'test', groupId: 'group-1' },
    ...more,
  });
  const tester = hub.port('Tester');
  const arrived: PortMessage[] = [];
  tester.subscribe('#', (message) => void arrived.push(message));
  onTestFinished(async () => {
    // whatever the test did: no invocation was lost without being counted
    for (const { name, figures = {} } of manager.status()) {
      const { invocations, running, succeeded, errors, dropped, queued } = figures as Record<string, number>;
      expect(running! + succeeded! + errors! + dropped! + queued!, `invocations of ${name}`).toBe(
        invocations,
      );
    }
    await manager.stop();
    await shadows.stop();
  });
  await manager.start(signal);
  const next = (topic: string): Promise<PortMessage> =>
    until(
      () => {
        const at = arrived.findIndex((message) => message.topic === topic);
        return at < 0 ? undefined : arrived.splice(at, 1)[0];
      },
      () =>
        `no message on ${topic}; log: ${JSON.stringify(lines)}; status: ${JSON.stringify(manager.status())}`,
    );
  return {
    hub,
    manager,
    lines,
    shadows,
    ask: (event) => tester.publish({ topic: 'probe/ask', payload: JSON.stringify(event) }),
    next,
    answer: async () =>
      JSON.parse((await next('probe/answer')).payload.toString()) as Record<string, unknown>,
    status: (name) => manager.status().find((part) => part.name === name) as never,
  };
}

/** The value as soon as there is one. @throws when there is none within 15 s */
export async function until<T>(look: () => T | undefined | false, why: () => string): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const value = look();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not within 15 s: ${why()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** There is a process of that id, and it is no zombie that waits to be buried. */
export function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(
      execFileSync('cat', [`/proc/${pid}/status`], { stdio: ['ignore', 'pipe', 'ignore'] }).toString(),
    );
  } catch {
    return false;
  }
}
