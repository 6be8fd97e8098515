import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';
import { mayLackFor } from '../support/tools.js';

/** A mount of one's own, which needs no rights where the kernel lets users have name spaces. */
const OWN_MOUNTS = ['--map-root-user', '--mount'];
const possible = spawnSync('unshare', [...OWN_MOUNTS, 'true']).status === 0;

describe.skipIf(mayLackFor(possible))('a spool on a full disk (unshare)', () => {
  it('says so, keeps what it acknowledged, and goes on when there is room, without a restart', async () => {
    const { stdout } = await promisify(execFile)('unshare', [
      ...OWN_MOUNTS,
      process.execPath,
      ...['--no-warnings', '--import', 'tsx', 'test/support/full-disk.ts', await temporaryFolder()],
    ]);
    const happened = JSON.parse(stdout);
    expect(happened.full.part).toMatchObject({
      state: 'degraded',
      cause: expect.stringContaining('No space left on device; free space or check the disk'),
      figures: { queued: happened.full.acknowledged, notKept: happened.full.refused, droppedForSize: 0 },
    });
    expect(happened.full.acknowledged).toBeGreaterThan(1_000);
    expect(happened).toMatchObject({
      wentOn: true,
      after: { cause: 'no way', figures: { queued: happened.acknowledged } },
      missing: 0,
      doubled: 0,
      inOrder: true,
    });
    expect(happened.acknowledged).toBeGreaterThan(happened.full.acknowledged);
  }, 60_000);
});
