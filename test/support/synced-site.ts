/** A site whose shadow of thing T is kept in step with a cloud over AWS's own SDK; for tests and for the long run. */
import fc from 'fast-check';
import { type Clock, type JsonObject, SILENT, SystemClock } from '../../hal/index.js';
import { AwsIot } from '../../src/cloud/aws-iot.js';
import { keptSession } from '../../src/cloud/session.js';
import { ShadowSync } from '../../src/cloud/shadow-sync/index.js';
import { withoutEmpty } from '../../src/cloud/shadow-sync/merge3.js';
import { ALLOWED, Broker, memorySessions } from '../../src/core/broker/index.js';
import { memoryShadows, ShadowService } from '../../src/core/shadow/index.js';
import type { Store } from '../../src/store/contract.js';
import { MemoryStore } from '../../src/store/memory.js';
import { connectAwsSdk } from '../../src/things/aws-sdk.js';
import type { CloudStandIn } from './cloud-stand-in.js';
import { until } from './until.js';

const never = new AbortController().signal;
const THING = 'T';

export interface SyncedSite {
  readonly shadows: ShadowService;
  readonly clock: Clock;
  part(): ReturnType<ShadowSync['part']>;
  connected(): boolean;
  /** As after kill −9: nothing that was under way goes on; the next process begins on what is on disk. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** @param clock of the synchronization and its connection */
export async function syncedSite(cloud: CloudStandIn, clock: Clock = new SystemClock()): Promise<SyncedSite> {
  const broker = new Broker({
    policy: { connect: () => ALLOWED, publish: () => ALLOWED, subscribe: () => ALLOWED, pass: () => true },
    sessions: memorySessions(),
    clock: new SystemClock(),
    log: SILENT,
  });
  const shadows = new ShadowService({
    port: broker.port('GGShadowService'),
    store: memoryShadows(),
    clock: new SystemClock(),
    log: SILENT,
  });
  await shadows.start(never);
  const store = new MemoryStore();
  const credentials = await cloud.thing('Greenlight_Core');

  const begin = async () => {
    let dead = false;
    const unlessDead =
      <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
      (...args: A): Promise<R> =>
        dead ? new Promise<R>(() => {}) : work(...args);
    const inner = store.section('shadow-sync');
    const section: Store = {
      write: unlessDead((operations) => inner.write(operations)),
      get: (key) => inner.get(key),
      entries: (range) => inner.entries(range),
      section: (name) => inner.section(name),
    };
    const iot = new AwsIot({
      endpoint: cloud.address.host,
      port: cloud.address.port,
      ca: cloud.address.ca,
      credentials: async () => credentials,
      connect: connectAwsSdk,
      clock,
      log: SILENT,
      random: () => 0,
      backoff: { firstMs: 20, maxMs: 50 },
      session: keptSession(store.section('session'), cloud.address.host, 3_600_000),
    });
    const sync = new ShadowSync({
      shadows: [{ thing: THING, shadow: undefined, direction: 'both' }],
      local: {
        events: shadows.events,
        read: shadows.read.bind(shadows),
        update: unlessDead(shadows.update.bind(shadows)),
        delete: unlessDead(shadows.delete.bind(shadows)),
      },
      link: iot.link,
      section,
      clock,
      log: SILENT,
      random: () => 0,
      maxPerSecond: 200,
      backoff: { firstMs: 20, maxMs: 100 },
    });
    await sync.start(never);
    await iot.start(never);
    return {
      sync,
      iot,
      die: async () => {
        dead = true;
        // waits for what is dead
        void sync.stop();
        await iot.stop();
      },
    };
  };
  let current = await begin();
  return {
    shadows,
    clock,
    part: () => current.sync.part(),
    connected: () => current.iot.link.status().connected,
    crash: async () => {
      await current.die();
      current = await begin();
    },
    stop: async () => {
      await current.iot.stop();
      await current.sync.stop();
      await shadows.stop();
    },
  };
}

export async function stateOf(shadows: ShadowService) {
  const document = await shadows.read(THING);
  return document && withoutEmpty(document.state);
}

export function edit(shadows: ShadowService, state: JsonObject): Promise<unknown> {
  return shadows.update(THING, undefined, { state }, 'someone');
}

type Section = 'desired' | 'reported';

export type LifeStep =
  | {
      readonly do: 'edit';
      readonly side: 'site' | 'cloud';
      readonly section: Section;
      readonly key: number;
      readonly value: number | null;
    }
  | { readonly do: 'cut' | 'mend' | 'crash' | 'restart' }
  | { readonly do: 'wait'; readonly ms: number };

/** What may happen to the two sides, their line and the processes. */
export const lives = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        do: fc.constant('edit' as const),
        side: fc.constantFrom('site' as const, 'cloud' as const),
        section: fc.constantFrom('desired' as const, 'reported' as const),
        key: fc.integer({ min: 0, max: 2 }),
        value: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(null)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('mend' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 3, 30) }) },
  ),
  { minLength: 4, maxLength: 25, size: 'max' },
);

/**
 * Lives through the steps, then mends all and waits until both sides are in step. Throws when they do not come
 * together, or when a value that one side alone wrote, and that was acknowledged, is not there at the end.
 */
export async function liveThrough(cloud: CloudStandIn, steps: readonly LifeStep[]): Promise<void> {
  await cloud.shadows.delete(THING, undefined, 'someone').catch(() => {});
  cloud.mend();
  const site = await syncedSite(cloud);
  try {
    await edit(site.shadows, { desired: { k: 1 }, reported: { k: 1 } });
    await until(async () => (await stateOf(cloud.shadows)) !== undefined, 15_000);
    const written = new Map<string, number | null>();
    for (const step of steps) {
      if (step.do === 'edit') {
        const key = `${step.side}${step.key}`;
        await edit(step.side === 'site' ? site.shadows : cloud.shadows, {
          [step.section]: { [key]: step.value },
        });
        written.set(`${step.section} ${key}`, step.value);
      } else if (step.do === 'cut') cloud.cut();
      else if (step.do === 'mend') cloud.mend();
      else if (step.do === 'crash') await site.crash();
      else if (step.do === 'restart') await cloud.restart();
      else if (step.do === 'wait') await new Promise((resolve) => setTimeout(resolve, step.ms));
    }
    cloud.mend();
    const told = async () =>
      `site ${JSON.stringify(await stateOf(site.shadows))}, cloud ${JSON.stringify(await stateOf(cloud.shadows))}, ${JSON.stringify(site.part())}`;
    await until(async () => {
      const [here, there] = [await stateOf(site.shadows), await stateOf(cloud.shadows)];
      return site.part().state === 'ok' && site.part().figures?.queued === 0 && same(here, there);
    }, 20_000).catch(async () => {
      throw new Error(`not in step: ${await told()}`);
    });
    const here = await stateOf(site.shadows);
    for (const [path, value] of written) {
      const [section, key] = path.split(' ') as [Section, string];
      const now = here?.[section]?.[key] ?? null;
      if (now !== value) throw new Error(`${path} is ${now}, and was written as ${value}: ${await told()}`);
    }
  } finally {
    await site.stop();
  }
}

function same(a: unknown, b: unknown): boolean {
  return sorted(a) === sorted(b);
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, member) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([x], [y]) => (x < y ? -1 : 1)))
      : member,
  );
}
