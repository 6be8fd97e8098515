import { utimesSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../hal/index.js';
import { InstanceUpdates, instanceInbox } from '../../src/app/update.js';
import { FAST_CROSSING, runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { seen, signed, siteIn, updaterOf } from './site.js';

describe('an archive that a deployment brings', () => {
  it('goes in pieces through the instance to the updater, whose word the instance reads', async () => {
    const site = siteIn(await temporaryFolder());
    const stateFolder = join(site.folder, 'state');
    const updates = new InstanceUpdates({
      stateFolder,
      clock: new SystemClock(),
      installation: () => site.installation,
    });
    const { archive, signature } = await signed(site, { version: '2.0.0' });
    const bytes = await readFile(archive);
    const request = { id: 'u1', by: 'tester', file: 'new.tgz' };
    await expect(updates.brought(request, '')).rejects.toMatchObject({ code: 'UPDATE_PACKAGE' });
    for (let offset = 0; offset < bytes.length; offset += 100)
      await updates.piece('u1', { offset, bytes: bytes.subarray(offset, offset + 100) });
    const brought = await updates.brought(request, await readFile(signature, 'utf8'));
    await brought.handOver();
    expect(await updates.outcome('u1')).toBeUndefined();
    expect(await updates.onTrial('u1')).toBe(false);

    const inbox = instanceInbox(stateFolder);
    const { signal } = new AbortController();
    await updaterOf(site).carryOut({ inbox, id: 'u1', trusted: false, signal });
    expect(await updates.outcome('u1')).toEqual({});
    expect(seen(site).current).toBe('2.0.0');
    expect(await updates.outcome('u2')).toMatchObject({
      failure: expect.stringContaining('nothing is known'),
    });
  });

  it('fails with what to do when no updater takes it', async () => {
    const site = siteIn(await temporaryFolder());
    const stateFolder = join(site.folder, 'state');
    const clock = new SystemClock();
    const updates = new InstanceUpdates({ stateFolder, clock, installation: () => site.installation });
    await updates.piece('u1', { offset: 0, bytes: Buffer.from('x') });
    await (await updates.brought({ id: 'u1', by: 'tester', file: 'new.tgz' }, '')).handOver();
    const long = (Date.now() - 61_000) / 1000;
    utimesSync(join(stateFolder, 'update/u1.json'), long, long);
    expect(await updates.outcome('u1')).toMatchObject({
      failure: expect.stringContaining('systemctl enable --now greenlight-update.path'),
    });
    expect(await instanceInbox(stateFolder).waiting()).toEqual([]);
  });

  it('is refused with the reason where the instance is no installation, and the group stays', async () => {
    const running = await runApp(FAST_CROSSING);
    const folder = await temporaryFolder();
    const file = join(folder, 'next.yaml');
    await writeFile(file, `${FAST_CROSSING}application: { file: new.tgz }\n`);
    const deploy = () => cli(['deploy', file, '--state', running.stateDir]);
    expect(await deploy()).toMatchObject({
      code: 1,
      err: expect.stringContaining('new.tgz.sig cannot be read'),
    });
    writeFileSync(join(folder, 'new.tgz'), 'archive');
    writeFileSync(join(folder, 'new.tgz.sig'), '{}');
    expect(await deploy()).toMatchObject({
      code: 1,
      err: expect.stringContaining('was not installed by systemd/install.sh'),
    });
    const without = { file, text: await readFile(file, 'utf8') };
    await expect(running.control.call('POST', '/deployments', without)).rejects.toThrow(
      /did not come with it/,
    );
  });
});
