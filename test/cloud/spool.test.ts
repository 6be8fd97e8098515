import fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, VirtualClock } from '../../hal/index.js';
import { CloudError } from '../../src/cloud/errors.js';
import { Spool, type SpoolEntry, type SpoolOptions } from '../../src/cloud/spool/index.js';
import type { OpenStore, Store } from '../../src/store/contract.js';
import { LevelStore } from '../../src/store/level.js';
import { MemoryStore } from '../../src/store/memory.js';
import { temporaryFolder } from '../support/folder.js';

const text = (entry: { payload: Uint8Array }) => Buffer.from(entry.payload).toString();
const running = new Set<Spool>();
const never = new AbortController().signal;

afterEach(async () => {
  for (const spool of running) await spool.stop();
  running.clear();
});

function rig(store: Store = new MemoryStore(), over: Partial<SpoolOptions> = {}) {
  const clock = new VirtualClock();
  const arrived: string[] = [];
  const way = { open: true };
  const spool = new Spool({
    name: 'test',
    store,
    clock,
    log: SILENT,
    random: () => 1,
    deliver: async (entry) => {
      if (!way.open) throw new Error('no way');
      arrived.push(text(entry));
    },
    ...over,
  });
  const start = async () => {
    await spool.start(never);
    running.add(spool);
  };
  const send = (payload: string | Buffer) => spool.enqueue({ subject: 's', payload: Buffer.from(payload) });
  return { spool, clock, arrived, way, start, send, store };
}

/** What a disk does when it is full: refuses what is written, keeps what it has. */
function fillable(store: OpenStore): Store & { full: boolean } {
  return {
    full: false,
    async write(operations) {
      if (this.full) throw Object.assign(new Error('No space left on device'), { code: 'STORE_WRITE' });
      await store.write(operations);
    },
    get: (key) => store.get(key),
    entries: (range) => store.entries(range),
    section: (name) => store.section(name),
  };
}

async function keys(store: Store): Promise<string[]> {
  const all: string[] = [];
  for await (const [key] of store.entries()) all.push(key);
  return all;
}

describe('spool', () => {
  it('delivers in order and leaves nothing but its head behind', async () => {
    const r = rig();
    await r.start();
    for (let i = 0; i < 50; i++) await r.send(String(i));
    await r.clock.advance(0);
    expect(r.arrived).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
    expect(r.spool.status()).toMatchObject({ state: 'idle', queued: 0, bytes: 0, delivered: 50 });
    await r.spool.stop();
    expect(await keys(r.store)).toEqual(['spool!test!head']);
  });

  it('tells how many wait, and when the destination took one last, also after a restart', async () => {
    const r = rig();
    await r.start();
    expect(r.spool.part().figures).not.toHaveProperty('lastWrite');
    await r.clock.advance(5_000);
    const took = new Date(r.clock.now()).toISOString();
    await r.send('a');
    await r.clock.advance(1_000);
    r.way.open = false;
    for (const payload of ['b', 'c', 'd']) await r.send(payload);
    await r.clock.advance(10_000);
    expect(r.spool.part()).toMatchObject({ state: 'degraded', figures: { queued: 3, lastWrite: took } });
    await r.spool.stop();
    await r.start();
    await r.send('e');
    expect(r.spool.part().figures).toMatchObject({ queued: 4, lastWrite: took });
    r.way.open = true;
    await r.clock.advance(60_000);
    expect(r.spool.part()).toMatchObject({ state: 'ok', figures: { queued: 0, delivered: 5 } });
    expect(r.spool.part().figures!.lastWrite! > took).toBe(true);
  });

  it('waits longer and longer, up to a minute, and goes on when the way is open', async () => {
    const attempts: number[] = [];
    const r = rig(undefined, {
      deliver: async () => {
        attempts.push(r.clock.now());
        throw new Error('no way');
      },
    });
    await r.start();
    const began = r.clock.now();
    await r.send('a');
    await r.clock.advance(200_000);
    expect(attempts.map((at) => (at - began) / 1000)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(r.spool.status()).toMatchObject({ state: 'waiting', cause: 'no way', oldestAt: began });
    expect(r.spool.part()).toMatchObject({ state: 'degraded', cause: 'no way' });
  });

  it('tries at once when it is told that the way is open', async () => {
    const r = rig();
    r.way.open = false;
    await r.start();
    await r.send('a');
    await r.clock.advance(100_000);
    r.way.open = true;
    r.spool.kick();
    await r.clock.advance(0);
    expect(r.arrived).toEqual(['a']);
    expect(r.spool.part()).toMatchObject({ state: 'ok', figures: { delivered: 1, bytes: 0 } });
  });

  it('gives up the oldest for room, counts them, and stays within its bytes', async () => {
    const r = rig(undefined, { limits: { maxBytes: 262_144 } });
    r.way.open = false;
    await r.start();
    for (let i = 0; i < 40; i++) await r.send(Buffer.alloc(20_000, String.fromCharCode(65 + i)));
    await r.clock.advance(0);
    const { bytes, droppedForSize } = r.spool.status();
    expect(bytes).toBeLessThanOrEqual(262_144);
    expect(bytes).toBeGreaterThan(240_000 - 20_200);
    expect(droppedForSize).toBe(27);
    r.way.open = true;
    r.spool.kick();
    await r.clock.advance(1);
    expect(r.arrived.map((payload) => payload.charCodeAt(0) - 65)).toEqual(
      Array.from({ length: 13 }, (_, i) => 27 + i),
    );
  });

  it('gives up what is too old, but nothing from before the clock was set', async () => {
    const store = new MemoryStore();
    const early = rig(store, { clock: new VirtualClock(1_000) });
    early.way.open = false;
    await early.start();
    await early.send('from 1970');
    await early.spool.stop();
    running.clear();
    const r = rig(store, { limits: { maxAgeMs: 3_600_000 } });
    r.way.open = false;
    await r.start();
    await r.send('a');
    await r.clock.advance(3_000_000);
    await r.send('b');
    await r.clock.advance(1_000_000);
    r.way.open = true;
    await r.clock.advance(60_000);
    expect(r.arrived).toEqual(['from 1970', 'b']);
    expect(r.spool.status()).toMatchObject({ droppedForAge: 1, delivered: 2, bytes: 0 });
  });

  it('sets aside what is refused for ever, and goes on', async () => {
    const arrived: string[] = [];
    const r = rig(undefined, {
      deliver: async (entry) => {
        if (text(entry) === 'bad') throw new CloudError('CLOUD_REFUSED', 'not this one');
        arrived.push(text(entry));
      },
    });
    await r.start();
    for (const payload of ['a', 'bad', 'b']) await r.send(payload);
    await r.clock.advance(0);
    expect(arrived).toEqual(['a', 'b']);
    expect(r.spool.status()).toMatchObject({ refused: 1, delivered: 2, bytes: 0 });
    const aside = await r.store.get('spool!test!aside!00');
    expect(JSON.parse(Buffer.from(aside!).toString())).toMatchObject({ subject: 's', why: 'not this one' });
  });

  it('says that the disk refuses, keeps what is acknowledged, sends nothing twice, and goes on when there is room', async () => {
    const store = fillable(new MemoryStore());
    const r = rig(store);
    r.way.open = false;
    await r.start();
    await r.send('kept');
    store.full = true;
    await expect(r.send('refused')).rejects.toMatchObject({ code: 'STORE_WRITE' });
    expect(r.spool.part()).toMatchObject({
      state: 'degraded',
      cause: expect.stringContaining('No space left'),
    });
    expect(r.spool.status()).toMatchObject({ notKept: 1 });
    r.way.open = true;
    await r.clock.advance(120_000);
    expect(r.arrived).toEqual(['kept']);
    store.full = false;
    await r.send('later');
    await r.clock.advance(0);
    expect(r.arrived).toEqual(['kept', 'later']);
    expect(r.spool.status()).toMatchObject({ bytes: 0, diskTrouble: undefined });
  });

  it('joins a write of someone else: all or none', async () => {
    const r = rig();
    await r.start();
    const { operations, committed, abandoned } = r.spool.operationsFor({
      subject: 's',
      payload: Buffer.from('1'),
    });
    await r.store.write([{ type: 'put', key: 'total', value: '1' }, ...operations]);
    committed();
    abandoned();
    const lost = r.spool.operationsFor({ subject: 's', payload: Buffer.from('2') });
    lost.abandoned();
    const { bytes } = r.spool.status();
    expect(bytes).toBe(128 + 2);
    await r.clock.advance(0);
    expect(r.arrived).toEqual(['1']);
    expect(r.spool.status()).toMatchObject({ bytes: 0, state: 'idle' });
  });

  it('refuses an entry larger than itself, and work before start and after stop', async () => {
    const r = rig(undefined, { limits: { maxBytes: 262_144 } });
    await expect(r.send('a')).rejects.toMatchObject({ code: 'CLOUD_SPOOL_CLOSED' });
    await r.start();
    await expect(r.send(Buffer.alloc(262_144))).rejects.toMatchObject({ code: 'CLOUD_TOO_LARGE' });
    await r.spool.stop();
    await expect(r.send('a')).rejects.toMatchObject({ code: 'CLOUD_SPOOL_CLOSED' });
  });

  it('refuses more than it may hold while the disk does not keep up', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const inner = new MemoryStore();
    const slow: Store = {
      write: async (operations) => {
        await gate;
        await inner.write(operations);
      },
      get: (key) => inner.get(key),
      entries: (range) => inner.entries(range),
      section: (name) => inner.section(name),
    };
    const r = rig(slow, { limits: { maxBytes: 262_144 } });
    await r.start();
    const kept = [r.send(Buffer.alloc(200_000)), r.send(Buffer.alloc(100_000))];
    await expect(r.send('one more')).rejects.toMatchObject({ code: 'CLOUD_SPOOL_BUSY' });
    release();
    await Promise.all(kept);
    expect(r.spool.status().notKept).toBe(1);
  });

  it('stops at once while a delivery hangs, and still owes it', async () => {
    const store = new MemoryStore();
    const r = rig(store, { deliver: () => new Promise(() => {}) });
    await r.start();
    await r.send('a');
    await r.clock.advance(0);
    await r.spool.stop();
    const again = rig(store);
    await again.start();
    await again.clock.advance(0);
    expect(again.arrived).toEqual(['a']);
  });

  it('starts with two reads, whatever waits', async () => {
    const inner = new MemoryStore();
    const first = rig(inner);
    first.way.open = false;
    await first.start();
    for (let i = 0; i < 500; i++) await first.send(String(i));
    await first.spool.stop();
    running.clear();
    let read = 0;
    const counting: Store = {
      write: (operations) => inner.write(operations),
      get: (key) => {
        read += 1;
        return inner.get(key);
      },
      async *entries(range) {
        for await (const entry of inner.entries(range)) {
          read += 1;
          yield entry;
        }
      },
      section: (name) => inner.section(name),
    };
    const second = rig(counting, { deliver: () => new Promise(() => {}) });
    await second.spool.start(never);
    expect(read).toBeLessThanOrEqual(2);
    expect(second.spool.status().bytes).toBe(first.spool.status().bytes);
  });

  it('loses nothing acknowledged and keeps the order, whatever dies, is refused or cut (real store)', async () => {
    const folder = await temporaryFolder();
    const level = await LevelStore.open(folder);
    onTestFinished(() => level.close());
    let round = 0;
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant('send' as const) },
      { weight: 2, arbitrary: fc.constant('crash' as const) },
      { weight: 2, arbitrary: fc.constant('toggle way' as const) },
      { weight: 1, arbitrary: fc.constant('toggle disk' as const) },
      { weight: 2, arbitrary: fc.constant('wait' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom(1, 4), async (steps, inFlight) => {
        const store = fillable(level.section(`r${round++}`) as OpenStore);
        const arrived: string[] = [];
        const acknowledged: string[] = [];
        let open = true;
        const make = () => {
          let dead = false;
          const alive: Store = {
            ...store,
            write: (operations) => (dead ? new Promise(() => {}) : store.write(operations)),
          };
          const r = rig(alive, {
            inFlight,
            deliver: async (entry: SpoolEntry) => {
              if (dead) await new Promise(() => {});
              if (!open) throw new Error('no way');
              arrived.push(text(entry));
            },
          });
          return {
            ...r,
            die: () => {
              dead = true;
            },
          };
        };
        let r = make();
        await r.spool.start(never);
        let count = 0;
        for (const what of steps) {
          if (what === 'send') {
            const payload = String(count++);
            await r.send(payload).then(
              () => acknowledged.push(payload),
              () => {},
            );
          } else if (what === 'crash') {
            r.die();
            r = make();
            await r.spool.start(never);
          } else if (what === 'toggle way') open = !open;
          else if (what === 'toggle disk') store.full = !store.full;
          else await r.clock.advance(500);
        }
        open = true;
        store.full = false;
        // the disk takes real time
        for (let i = 0; i < 2_000 && r.spool.status().bytes > 0; i++) {
          await r.clock.advance(60_000);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        await r.spool.stop();
        const firsts = [...new Set(arrived)];
        expect(firsts).toEqual(acknowledged);
        expect(r.spool.status().bytes).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
