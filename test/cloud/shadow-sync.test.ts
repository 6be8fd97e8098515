import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type JsonObject, SILENT, SystemClock, VirtualClock } from '../../hal/index.js';
import { AwsIot } from '../../src/cloud/aws-iot.js';
import { type Direction, ShadowSync, type ShadowSyncOptions } from '../../src/cloud/shadow-sync/index.js';
import { withoutEmpty } from '../../src/cloud/shadow-sync/merge3.js';
import { ALLOWED, Broker, memorySessions } from '../../src/core/broker/index.js';
import { memoryShadows, ShadowService } from '../../src/core/shadow/index.js';
import type { Store } from '../../src/store/contract.js';
import { MemoryStore } from '../../src/store/memory.js';
import { connectAwsSdk } from '../../src/things/aws-sdk.js';
import { matches } from '../../src/topic-filter.js';
import { farBroker } from '../support/far-broker.js';
import { until } from '../support/until.js';

/** More of them when asked: `GREENLIGHT_RUNS=20000 npx vitest run test/cloud/shadow-sync`. */
const RUNS = Number(process.env.GREENLIGHT_RUNS ?? 100);
const never = new AbortController().signal;
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function brokerAndShadows(clock: VirtualClock | SystemClock, broker?: Broker) {
  const own =
    broker ??
    new Broker({
      policy: { connect: () => ALLOWED, publish: () => ALLOWED, subscribe: () => ALLOWED, pass: () => true },
      sessions: memorySessions(),
      clock,
      log: SILENT,
    });
  const shadows = new ShadowService({
    port: own.port('GGShadowService'),
    store: memoryShadows(),
    clock,
    log: SILENT,
  });
  await shadows.start(never);
  ends.push(() => shadows.stop());
  return { broker: own, shadows };
}

const stateOf = async (shadows: ShadowService, thing = 'T') => {
  const document = await shadows.read(thing);
  return document && withoutEmpty(document.state);
};

/** A site and a cloud in this process, each a real broker with a real shadow service, and the line between them. */
async function pair(direction: Direction = 'both', over: Partial<ShadowSyncOptions> = {}) {
  const clock = new VirtualClock();
  const site = await brokerAndShadows(clock);
  const cloud = await brokerAndShadows(clock);
  const store = new MemoryStore();
  let current: { die(): void; stop(): Promise<void>; sync: ShadowSync } | undefined;
  const line = { open: true, loseAfter: -1, asked: 0 };

  const begin = async () => {
    let dead = false;
    const up: (() => Promise<void>)[] = [];
    const down: ((cause: string) => void)[] = [];
    const listeners: { filter: string; listener: (topic: string, payload: Buffer) => void }[] = [];
    const port = cloud.broker.port('site');
    const end = port.subscribe('$aws/#', ({ topic, payload }) => {
      if (dead || !line.open) return;
      for (const { filter, listener } of listeners) if (matches(filter, topic)) listener(topic, payload);
    });
    const section: Store = {
      ...store,
      write: (operations) => (dead ? new Promise(() => {}) : store.write(operations)),
      get: (key) => store.get(key),
      entries: (range) => store.entries(range),
      section: (name) => store.section(name),
    };
    const local = {
      events: site.shadows.events,
      read: site.shadows.read.bind(site.shadows),
      update: ((...args: Parameters<ShadowService['update']>) =>
        dead ? new Promise(() => {}) : site.shadows.update(...args)) as ShadowService['update'],
      delete: ((...args: Parameters<ShadowService['delete']>) =>
        dead ? new Promise(() => {}) : site.shadows.delete(...args)) as ShadowService['delete'],
    };
    const sync = new ShadowSync({
      shadows: [{ thing: 'T', shadow: undefined, direction }],
      local,
      link: {
        listen: (filter, listener) => {
          const entry = { filter, listener };
          listeners.push(entry);
          return () => void listeners.splice(listeners.indexOf(entry), 1);
        },
        publish: async (topic, payload) => {
          if (dead) await new Promise(() => {});
          if (!line.open) throw new Error('not connected');
          line.asked += 1;
          const lose = line.loseAfter-- === 0;
          if (lose) cut();
          await port.publish({ topic, payload, qos: 1 });
          if (lose) throw new Error('lost during publish');
        },
        onOnline: (work) => void up.push(work as () => Promise<void>),
        onOffline: (work) => void down.push(work),
      },
      section,
      clock,
      log: SILENT,
      random: () => 0.5,
      ...over,
    });
    await sync.start(never);
    current = {
      sync,
      die: () => {
        dead = true;
        end();
        void sync.stop();
      },
      stop: async () => {
        end();
        await sync.stop();
      },
    };
    goUp = () => {
      for (const work of up) void work();
    };
    goDown = () => {
      for (const work of down) work('cut');
    };
    if (line.open) goUp();
  };
  let goUp = (): void => {};
  let goDown = (): void => {};
  const cut = (): void => {
    if (!line.open) return;
    line.open = false;
    goDown();
  };
  const mend = (): void => {
    if (line.open) return;
    line.open = true;
    line.loseAfter = -1;
    goUp();
  };
  const crash = async () => {
    current?.die();
    await begin();
  };
  const edit = (side: ShadowService, state: object) => side.update('T', undefined, { state }, 'someone');
  /** What happens within one moment takes turns of the event loop. */
  const pass = async (ms: number, turns = 25) => {
    await clock.advance(ms);
    for (let turn = 0; turn < turns; turn++) await clock.advance(0);
  };
  const settle = async () => {
    for (let i = 0; i < 30; i++) await pass(7_000);
  };
  await begin();
  ends.push(async () => current?.stop());
  return {
    clock,
    site: site.shadows,
    cloud: cloud.shadows,
    line,
    cut,
    mend,
    crash,
    edit,
    pass,
    settle,
    part: () => current!.sync.part(),
    states: async () => [await stateOf(site.shadows), await stateOf(cloud.shadows)],
  };
}

describe('shadow synchronization', () => {
  it('carries changes both ways as they happen, and asks for the document once', async () => {
    const r = await pair();
    await r.edit(r.site, { reported: { property: 'R' } });
    await r.pass(1_000);
    await r.edit(r.cloud, { desired: { property: 'G' } });
    await r.pass(1_000);
    await r.edit(r.site, { reported: { property: 'G' } });
    await r.pass(1_000);
    const both = { desired: { property: 'G' }, reported: { property: 'G' } };
    expect(await r.states()).toEqual([both, both]);
    expect(r.part()).toMatchObject({ state: 'ok', figures: { queued: 0 } });
    const { asked } = r.line;
    await r.pass(60_000);
    await r.edit(r.site, { reported: { property: 'Y' } });
    await r.pass(1_000);
    const wrote = new Date(r.clock.now()).toISOString();
    expect(r.line.asked - asked).toBe(1);
    expect(r.part().figures).toMatchObject({ lastWrite: wrote });
    await r.pass(60_000);
    await r.crash();
    expect(r.part().figures).toMatchObject({ lastWrite: wrote });
  });

  it('merges what both sides did while the line was cut: desired is the cloud’s, reported the device’s', async () => {
    const r = await pair();
    await r.edit(r.site, { desired: { a: 1, b: 1, c: 1 }, reported: { a: 1, b: 1, gone: 1 } });
    await r.settle();
    r.cut();
    await r.edit(r.site, { desired: { a: 2, b: 2 }, reported: { a: 2, gone: null } });
    await r.edit(r.cloud, { desired: { a: 3, c: 3 }, reported: { a: 3, b: 3 } });
    await r.pass(3 * 86_400_000);
    r.mend();
    await r.settle();
    const both = { desired: { a: 3, b: 2, c: 3 }, reported: { a: 2, b: 3 } };
    expect(await r.states()).toEqual([both, both]);
  });

  it('first meeting: the device’s whole reported and the cloud’s whole desired stay', async () => {
    const r = await pair();
    r.cut();
    await r.edit(r.site, { desired: { OtherKey: 1 }, reported: { mine: 1 } });
    await r.edit(r.cloud, { desired: { SomeKey: 1 }, reported: { theirs: 1 } });
    r.mend();
    await r.settle();
    const both = { desired: { SomeKey: 1 }, reported: { mine: 1 } };
    expect(await r.states()).toEqual([both, both]);
  });

  it.each(['site', 'cloud'] as const)(
    'a shadow deleted at the %s goes on the other side, unless that changed it',
    async (where) => {
      const r = await pair();
      const [here, there] = where === 'site' ? [r.site, r.cloud] : [r.cloud, r.site];
      await r.edit(r.site, { reported: { a: 1 } });
      await r.settle();
      await here.delete('T', undefined, 'someone');
      await r.settle();
      expect(await r.states()).toEqual([undefined, undefined]);
      // made anew at the other side, it comes back, and stays
      await r.edit(there, { reported: { b: 1 } });
      await r.settle();
      expect(await r.states()).toEqual([{ reported: { b: 1 } }, { reported: { b: 1 } }]);
      r.cut();
      await here.delete('T', undefined, 'someone');
      await r.edit(there, { reported: { c: 1 } });
      r.mend();
      await r.settle();
      expect(await r.states()).toEqual([{ reported: { b: 1, c: 1 } }, { reported: { b: 1, c: 1 } }]);
    },
  );

  it('up: the cloud gets what the site has, and keeps what only it has', async () => {
    const r = await pair('up');
    await r.edit(r.site, { reported: { a: 1, b: 1 } });
    await r.edit(r.cloud, { desired: { x: 1 }, reported: { a: 9 } });
    await r.settle();
    await r.edit(r.site, { reported: { a: 2, b: null } });
    await r.settle();
    expect(await r.states()).toEqual([{ reported: { a: 2 } }, { desired: { x: 1 }, reported: { a: 2 } }]);
  });

  it('down: the site gets what the cloud has', async () => {
    const r = await pair('down');
    await r.edit(r.cloud, { desired: { a: 1 } });
    await r.settle();
    await r.edit(r.site, { reported: { a: 1 } });
    await r.edit(r.cloud, { desired: { a: 2 } });
    await r.settle();
    expect(await r.states()).toEqual([{ desired: { a: 2 }, reported: { a: 1 } }, { desired: { a: 2 } }]);
  });

  it('every so often, when told so; never faster than allowed', async () => {
    const r = await pair('both', { everyMs: 60_000 });
    await r.edit(r.site, { reported: { i: -1 } });
    await r.settle();
    const { asked } = r.line;
    for (let i = 0; i < 50; i++) await r.edit(r.site, { reported: { i } });
    await r.pass(20_000);
    expect(r.line.asked).toBe(asked);
    await r.pass(60_000);
    expect(r.line.asked - asked).toBe(1);
    const fast = await pair('both', { maxPerSecond: 2 });
    await fast.edit(fast.site, { reported: { i: -1 } });
    await fast.settle();
    const before = fast.line.asked;
    for (let i = 0; i < 100; i++) {
      await fast.edit(fast.site, { reported: { i } });
      await fast.pass(100);
    }
    expect(fast.line.asked - before).toBeLessThanOrEqual(21);
    await fast.settle();
    expect((await fast.states())[1]).toEqual({ reported: { i: 99 } });
  });

  it('says why it is not in step, and does not hammer a cloud that refuses', async () => {
    const told: object[] = [];
    const r = await pair('both', { log: { ...SILENT, warn: (fields: object) => void told.push(fields) } });
    await r.edit(r.site, { reported: { big: 'x'.repeat(7_900) } });
    await r.settle();
    r.cut();
    await r.edit(r.cloud, { desired: { more: 'y'.repeat(200) } });
    await r.edit(r.site, { desired: { other: 'z'.repeat(200) } });
    r.mend();
    await r.settle();
    expect(r.part()).toMatchObject({ state: 'degraded', cause: expect.stringContaining('413') });
    expect(told).toMatchObject([{ thing: 'T', code: 'CLOUD_SHADOW' }]);
    const { asked } = r.line;
    await r.settle();
    expect(r.line.asked - asked).toBeLessThan(20);
    await r.edit(r.site, { reported: { big: null } });
    await r.settle();
    expect(r.part()).toMatchObject({ state: 'ok' });
    const [site, cloud] = await r.states();
    expect(site).toEqual(cloud);
  });

  it('converges and loses nothing, whatever is edited, cut, crashed or deleted on both sides', async () => {
    const section = fc.constantFrom('desired', 'reported');
    const value = fc.oneof(
      fc.integer({ min: 0, max: 5 }),
      fc.constant(null),
      fc.record({ n: fc.integer({ min: 0, max: 3 }) }),
    );
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('site' as const),
          section,
          key: fc.constantFrom('s1', 's2', 'x'),
          value,
        }),
      },
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('cloud' as const),
          section,
          key: fc.constantFrom('c1', 'c2', 'x'),
          value,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('cut' as const), at: fc.integer({ min: 0, max: 3 }) }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('mend' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constantFrom('delete site' as const, 'delete cloud' as const) }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 0, 150, 5_000) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, deletes) => {
        const r = await pair();
        await r.edit(r.site, { desired: { k: 1 }, reported: { k: 1 } });
        await r.settle();
        const last = new Map<string, unknown>();
        for (const s of steps) {
          if (s.do === 'site' || s.do === 'cloud') {
            // an object lies over what is there, so make the key new
            if (s.value !== null)
              await r.edit(s.do === 'site' ? r.site : r.cloud, { [s.section]: { [s.key]: null } });
            await r.edit(s.do === 'site' ? r.site : r.cloud, { [s.section]: { [s.key]: s.value } });
            if (s.key !== 'x') last.set(`${s.section}.${s.key}`, s.value ?? undefined);
          } else if (s.do === 'cut') {
            if (s.at === 0) r.cut();
            else r.line.loseAfter = s.at - 1;
          } else if (s.do === 'mend') r.mend();
          else if (s.do === 'crash') await r.crash();
          else if (s.do === 'wait') await r.pass(s.ms, s.ms === 0 ? 2 : 25);
          else if (deletes) {
            await (s.do === 'delete site' ? r.site : r.cloud)
              .delete('T', undefined, 'someone')
              .catch(() => {});
          }
        }
        r.line.loseAfter = -1;
        r.mend();
        await r.settle();
        const [site, cloud] = await r.states();
        expect(site ?? {}).toEqual(cloud ?? {});
        expect(r.part()).toMatchObject({ state: 'ok' });
        if (!deletes) {
          // keys that only one side writes have what was written last, wherever the line and the process broke
          for (const [path, wanted] of last) {
            const [part, key] = path.split('.') as ['desired' | 'reported', string];
            expect([path, (site?.[part] as JsonObject | undefined)?.[key]]).toEqual([path, wanted]);
          }
        }
        for (const end of ends.splice(0).reverse()) await end();
      }),
      { numRuns: RUNS },
    );
  });

  it('works over AWS’s own SDK and a real line that is cut', async () => {
    const clock = new SystemClock();
    const far = await farBroker();
    ends.push(() => far.stop());
    const cloud = (await brokerAndShadows(clock, far.broker)).shadows;
    const site = (await brokerAndShadows(clock)).shadows;
    const credentials = await far.thing('Greenlight_Core');
    const iot = new AwsIot({
      endpoint: far.address.host,
      port: far.address.port,
      ca: far.address.ca,
      credentials: async () => credentials,
      connect: connectAwsSdk,
      clock,
      log: SILENT,
      random: () => 0,
      backoff: { firstMs: 20, maxMs: 50 },
    });
    const sync = new ShadowSync({
      shadows: [
        { thing: 'T', shadow: undefined, direction: 'both' },
        { thing: 'T', shadow: 'named', direction: 'both' },
      ],
      local: site,
      link: iot.link,
      section: new MemoryStore(),
      clock,
      log: SILENT,
      random: () => 0,
      maxPerSecond: 100,
    });
    await sync.start(never);
    await iot.start(never);
    ends.push(async () => {
      await iot.stop();
      await sync.stop();
    });
    await site.update('T', undefined, { state: { reported: { property: 'R' } } }, 'T');
    await site.update('T', 'named', { state: { reported: { n: 1 } } }, 'T');
    await until(async () => (await stateOf(cloud))?.reported?.property === 'R');
    await until(async () => (await cloud.read('T', 'named')) !== undefined);
    await cloud.update('T', undefined, { state: { desired: { property: 'G' } } }, 'console');
    await until(async () => (await stateOf(site))?.desired?.property === 'G');
    far.cut();
    await until(() => sync.part().state === 'degraded');
    await site.update('T', undefined, { state: { reported: { property: 'G' } } }, 'T');
    await cloud.update('T', undefined, { state: { desired: { property: 'Y' } } }, 'console');
    far.mend();
    await until(() => sync.part().state === 'ok');
    const both = { desired: { property: 'Y' }, reported: { property: 'G' } };
    await until(async () => JSON.stringify(await stateOf(site)) === JSON.stringify(both));
    expect(await stateOf(cloud)).toEqual(both);
  });
});
