import type { BrokerPort, PortMessage } from '../../../src/core/broker/contract.js';
import { type FunctionDefinition, type ProcessRun, subjectsOf } from '../../../src/core/functions/index.js';
import { Group, matches, type SubscriptionRow } from '../../../src/core/group/index.js';

/** Messages between ports by a real subscription table; the broker's place in these tests. */
export class Hub {
  readonly group = new Group({ name: 'test' });
  readonly #subscriptions = new Set<{ name: string; filter: string; listener: (m: PortMessage) => void }>();
  readonly open = new Set<string>();

  port(name: string): BrokerPort {
    const own = new Set<() => void>();
    this.open.add(name);
    return {
      name,
      publish: async ({ topic, payload, qos = 0, retain = false }) => {
        const message = {
          topic,
          payload: Buffer.from(payload),
          qos,
          retain,
          properties: undefined,
          from: name,
        };
        for (const { name: to, filter, listener } of [...this.#subscriptions]) {
          if (matches(filter, topic) && this.group.table.passes(name, topic, to)) listener(message);
        }
      },
      subscribe: (filter, listener) => {
        const subscription = { name, filter, listener };
        this.#subscriptions.add(subscription);
        const end = (): void => void this.#subscriptions.delete(subscription);
        own.add(end);
        return end;
      },
      close: () => {
        for (const end of own) end();
        this.open.delete(name);
      },
    };
  }
}

/** A function that receives what the rows let it. */
export function processFunction(
  name: string,
  run: Pick<ProcessRun, 'handler' | 'runtime'> & Partial<ProcessRun>,
  rows: readonly SubscriptionRow[] = rowsOf(name),
): FunctionDefinition {
  return {
    name,
    subjects: subjectsOf(name, rows),
    runs: {
      kind: 'process',
      pinned: false,
      memoryMb: 64,
      timeoutMs: 10_000,
      encoding: 'json',
      environment: {},
      ...run,
    },
  };
}

/** The Tester asks on `probe/ask` and gets the answers and the hellos. */
export function rowsOf(name: string): readonly SubscriptionRow[] {
  return [
    { source: 'Tester', subject: 'probe/ask', target: name, origin: 'configured' },
    ...['probe/answer', 'hello/world', 'modern/#'].map(
      (subject): SubscriptionRow => ({ source: name, subject, target: 'Tester', origin: 'configured' }),
    ),
  ];
}
