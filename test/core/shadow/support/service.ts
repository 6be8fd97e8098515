import { SILENT, VirtualClock } from '../../../../hal/index.js';
import type { BrokerPort } from '../../../../src/core/broker/contract.js';
import {
  memoryShadows,
  type ShadowLimits,
  ShadowService,
  type ShadowStore,
} from '../../../../src/core/shadow/index.js';
import { Hub } from './hub.js';

export interface Heard {
  readonly topic: string;
  readonly body: Record<string, unknown>;
}

export interface Running {
  readonly hub: Hub;
  readonly clock: VirtualClock;
  readonly service: ShadowService;
  readonly client: BrokerPort;
  /** What the service published, in order. */
  readonly heard: Heard[];
  /** Publishes as a client, without waiting for the answer. */
  request(topic: string, body?: unknown, from?: BrokerPort): void;
  /** Until every request is answered. */
  idle(): Promise<void>;
}

export async function startService(
  options: { readonly store?: ShadowStore; readonly limits?: Partial<ShadowLimits> } = {},
): Promise<Running> {
  const hub = new Hub();
  const clock = new VirtualClock();
  const service = new ShadowService({
    port: hub.port('GGShadowService'),
    store: options.store ?? memoryShadows(),
    clock,
    log: SILENT,
    ...(options.limits && { limits: options.limits }),
  });
  await service.start(new AbortController().signal);
  const heard: Heard[] = [];
  const client = hub.port('client');
  client.subscribe('$aws/things/#', ({ topic, payload, from }) => {
    if (from === 'GGShadowService')
      heard.push({ topic, body: JSON.parse(payload.toString()) as Heard['body'] });
  });
  return {
    hub,
    clock,
    service,
    client,
    heard,
    request: (topic, body, from = client) => {
      void from.publish({
        topic: `$aws/things/${topic}`,
        payload: body === undefined ? '' : JSON.stringify(body),
      });
    },
    idle: async () => {
      while (service.status().pendingRequests > 0) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** A memory store whose loads and saves wait for the test, or fail when it says so. */
export class HeldStore implements ShadowStore {
  readonly #inner = memoryShadows();
  readonly #held: (() => void)[] = [];
  isHolding = false;
  fails: 'load' | 'save' | undefined;
  saves = 0;

  async load(...given: Parameters<ShadowStore['load']>): ReturnType<ShadowStore['load']> {
    if (this.fails === 'load') throw new Error('the disk does not read');
    return this.#inner.load(...given);
  }

  async save(...given: Parameters<ShadowStore['save']>): Promise<void> {
    this.saves += 1;
    if (this.isHolding) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.fails === 'save') throw new Error('the disk is full');
    return this.#inner.save(...given);
  }

  get held(): number {
    return this.#held.length;
  }

  /** Lets go of the saves that wait, and holds no more. */
  release(): void {
    this.isHolding = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }

  names: ShadowStore['names'] = (...given) => this.#inner.names(...given);
  shadows: ShadowStore['shadows'] = (...given) => this.#inner.shadows(...given);
  tombstones: ShadowStore['tombstones'] = () => this.#inner.tombstones();
  setAside: ShadowStore['setAside'] = (...given) => this.#inner.setAside(...given);
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
