import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { LevelStore } from '../../src/store/level.js';
import { MemoryStore } from '../../src/store/memory.js';
import { describeStore } from '../contract/store.js';

const folders: string[] = [];
const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'greenlight-store-'));
  folders.push(path);
  return path;
};
afterAll(async () => {
  for (const path of folders) await rm(path, { recursive: true, force: true });
});

describeStore('memory', async () => new MemoryStore());
describeStore('level', async () => LevelStore.open(await folder()));

it('level: what was written is there after it is opened again', async () => {
  const path = await folder();
  const first = await LevelStore.open(path);
  await first.section('s').write([{ type: 'put', key: 'k', value: 'v' }]);
  await first.close();
  const second = await LevelStore.open(path);
  expect(Buffer.from((await second.section('s').get('k'))!).toString()).toBe('v');
  await second.close();
});

it('level: a folder in use is refused as busy, one that cannot be opened says so', async () => {
  const path = await folder();
  const first = await LevelStore.open(path);
  await expect(LevelStore.open(path)).rejects.toMatchObject({ code: 'STORE_BUSY' });
  await first.close();
  const file = join(path, 'a-file');
  await writeFile(file, 'not a folder');
  await expect(LevelStore.open(file)).rejects.toMatchObject({ code: 'STORE_OPEN' });
});

it('level: writes under way are finished before it closes', async () => {
  const store = await LevelStore.open(await folder());
  const writes = Array.from({ length: 300 }, (_, i) =>
    store.write([{ type: 'put', key: `k${i}`, value: 'x' }]),
  );
  await store.close();
  const outcomes = await Promise.allSettled(writes);
  expect(outcomes.every((o) => o.status === 'fulfilled')).toBe(true);
});
