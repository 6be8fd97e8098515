import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import {
  durableShadows,
  memoryShadows,
  type SetAside,
  shadowId,
  Tombstone,
} from '../../../src/core/shadow/index.js';
import { LevelStore } from '../../../src/store/level.js';
import { MemoryStore } from '../../../src/store/memory.js';
import { describeShadowStore } from '../../contract/shadow-store.js';

describeShadowStore('memory', async () => ({ store: memoryShadows(), close: async () => {} }));

describeShadowStore('durable over memory', async () => {
  const store = new MemoryStore();
  return {
    store: durableShadows(store),
    reopen: async () => durableShadows(store),
    close: () => store.close(),
  };
});

describeShadowStore('durable on disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-shadows-'));
  let disk = await LevelStore.open(folder);
  return {
    store: durableShadows(disk),
    reopen: async () => {
      await disk.close();
      disk = await LevelStore.open(folder);
      return durableShadows(disk);
    },
    close: async () => {
      await disk.close();
      await rm(folder, { recursive: true });
    },
  };
});

describe('a damaged record', () => {
  const clock = new VirtualClock(5_000);
  const id = shadowId('T');
  let raw: MemoryStore;
  beforeEach(() => {
    raw = new MemoryStore();
  });
  afterEach(() => raw.close());

  for (const [what, damaged, left] of [
    ['cut short', '{"version":12,"state":{"desi', new Tombstone(12, 5_000)],
    ['without metadata', '{"version":3,"state":{}}', new Tombstone(3, 5_000)],
    [
      'with a section that is none',
      '{"version":3,"state":{"desired":1},"metadata":{}}',
      new Tombstone(3, 5_000),
    ],
    ['that is not UTF-8', Buffer.from([0xff, 0xfe]), undefined],
    ['that is empty', '', undefined],
    ['with a version that is none', '{"version":"x","state":{},"metadata":{}}', undefined],
  ] as const) {
    it(`${what} is set aside with its bytes, and its version kept where it can be read`, async () => {
      await raw.write([{ type: 'put', key: 'd/T/', value: damaged }]);
      const store = durableShadows(raw, { clock });
      const told: SetAside[] = [];
      expect(await store.load(id, (record) => told.push(record))).toEqual(left);
      expect(told).toEqual([
        { thing: 'T', shadow: undefined, at: 5_000, cause: expect.stringMatching(/^(it|its|a) /) },
      ]);
      expect(await store.setAside(10)).toEqual(told);
      expect(await store.load(id)).toEqual(left);
      const note = await raw.get('x/T/');
      const { record } = JSON.parse(Buffer.from(note as Uint8Array).toString()) as { record: string };
      expect(Buffer.from(record, 'base64')).toEqual(Buffer.from(damaged));
    });
  }

  it('among tombstones is set aside too', async () => {
    await raw.write([{ type: 'put', key: 't/T/n', value: 'x' }]);
    const store = durableShadows(raw, { clock });
    expect(await store.load(shadowId('T', 'n'))).toBeUndefined();
    expect(await store.setAside(10)).toMatchObject([{ thing: 'T', shadow: 'n' }]);
  });
});
