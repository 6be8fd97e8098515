import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SystemClock } from '../../../hal/index.js';
import { Broker, memorySessions, type PortMessage } from '../../../src/core/broker/index.js';
import { FunctionManager } from '../../../src/core/functions/index.js';
import { Group, GroupPolicy, SHADOW_SERVICE, type SubscriptionRow } from '../../../src/core/group/index.js';
import { memoryShadows, ShadowService } from '../../../src/core/shadow/index.js';
import { capture, type Line, NODE, processFunction, until } from './support.js';

const row = (source: string, subject: string, target: string): SubscriptionRow => ({
  source,
  subject,
  target,
  origin: 'configured',
});
const DOCUMENTS = '$aws/things/Lamp/shadow/update/documents';

/** Functions behind the real broker, policy and shadow service. */
async function setUp(rows: readonly SubscriptionRow[]) {
  const clock = new SystemClock();
  const lines: Line[] = [];
  const log = capture(lines);
  const group = new Group({ name: 'test' });
  group.replace({ core: 'Core', things: [{ name: 'Lamp' }], functions: [{ name: 'Probe' }], rows });
  const policy = new GroupPolicy({ group, revokedAt: () => undefined, clock, log });
  const broker = new Broker({ policy, sessions: memorySessions(), clock, log });
  const shadows = new ShadowService({
    port: broker.port(SHADOW_SERVICE),
    store: memoryShadows(),
    clock,
    log,
  });
  const manager = new FunctionManager({
    functions: [
      processFunction(
        'Probe',
        { handler: join(NODE, 'probe.handler'), runtime: 'nodejs', pinned: true },
        rows,
      ),
    ],
    port: (name) => broker.port(name),
    shadows,
    clock,
    log,
    facts: { coreThingName: 'Core', groupName: 'test', groupId: 'g' },
  });
  const services = [policy, broker, shadows, manager];
  for (const service of services) await service.start(new AbortController().signal);
  onTestFinished(async () => {
    for (const service of services.reverse()) await service.stop();
  });
  const lamp = broker.port('Lamp');
  const arrived: PortMessage[] = [];
  lamp.subscribe('probe/answer', (message) => void arrived.push(message));
  const answer = async (): Promise<Record<string, unknown>> => {
    const message = await until(
      () => arrived.shift(),
      () => JSON.stringify([lines, manager.status()]),
    );
    return JSON.parse(message.payload.toString()) as Record<string, unknown>;
  };
  const succeeded = (): unknown => manager.status()[0]?.figures?.succeeded;
  return { lamp, shadows, answer, arrived, manager, succeeded };
}

describe('functions behind the real broker', () => {
  it('get shadow documents and give answers, as the table says', async () => {
    const { shadows, answer } = await setUp([
      row(SHADOW_SERVICE, DOCUMENTS, 'Probe'),
      row('Probe', 'probe/answer', 'Lamp'),
    ]);
    await shadows.update('Lamp', undefined, { state: { reported: { property: 'G' } } }, 'test');
    expect(await answer()).toMatchObject({
      topic: DOCUMENTS,
      source: SHADOW_SERVICE,
      event: { current: { state: { reported: { property: 'G' } }, version: 1 } },
    });
  });

  it('say nothing to whom no row leads, and go on', async () => {
    const { lamp, arrived, manager, succeeded } = await setUp([row('Lamp', 'probe/ask', 'Probe')]);
    await lamp.publish({ topic: 'probe/ask', payload: '{}' });
    await until(
      () => succeeded() === 1,
      () => JSON.stringify(manager.status()),
    );
    expect(arrived).toEqual([]);
    await lamp.publish({ topic: 'not/for/it', payload: '{}' });
    expect(manager.status()[0]?.figures?.invocations).toBe(1);
  });

  it('get a message once, also when several of their rows let it pass', async () => {
    const { lamp, answer, manager } = await setUp([
      row('Lamp', 'probe/+/c', 'Probe'),
      row('Lamp', 'probe/b/+', 'Probe'),
      row('Probe', 'probe/answer', 'Lamp'),
    ]);
    for (const i of [1, 2]) await lamp.publish({ topic: 'probe/b/c', payload: JSON.stringify({ i }) });
    expect(await answer()).toMatchObject({ count: 1, event: { i: 1 } });
    expect(await answer()).toMatchObject({ count: 2, event: { i: 2 } });
    expect(manager.status()[0]?.figures?.invocations).toBe(2);
  });
});
