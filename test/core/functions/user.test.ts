import { chmod, chown, cp, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageFolder } from '../../../src/package.js';
import { temporaryFolder } from '../../support/folder.js';
import { NODE, processFunction, rig } from './support.js';

const ROOT = process.getuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };
const node = (run = {}) =>
  processFunction('Probe', { handler: join(NODE, 'probe.handler'), runtime: 'nodejs', ...run });

async function who(run: object): Promise<Record<string, unknown>> {
  const { manager, status } = await rig([node(run)]);
  const result = await manager.invoke('Probe', Buffer.from('{"do":"who"}'));
  if (!result.ok) throw new Error(`${result.message}; ${JSON.stringify(status('Probe'))}`);
  return JSON.parse(result.payload.toString()) as Record<string, unknown>;
}

/** A folder on the way to this checkout that only its owner may enter, as those of mktemp are. */
async function closedFolder(): Promise<string | undefined> {
  for (let folder = packageFolder(); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

describe('users and resources of functions', () => {
  it.skipIf(!ROOT)('run as another user, in the groups that own their devices', async (context) => {
    const closed = await closedFolder();
    if (closed !== undefined)
      return context.skip(`other users may not enter ${closed}, where this checkout is`);
    expect(await who({ runAs: NOBODY })).toMatchObject({ uid: 65_534, gid: 65_534 });
    const folder = await temporaryFolder();
    await chmod(folder, 0o755);
    const device = join(folder, 'device');
    await writeFile(device, '', { mode: 0o660 });
    await chown(device, 0, 4_321);
    const { groups, ...user } = await who({
      runAs: NOBODY,
      resources: { devices: [device, '/dev/null'] },
    });
    expect(user).toMatchObject({ uid: 65_534, gid: 65_534 });
    // what root's group owns is no reason to be in it
    expect(groups).toEqual(expect.arrayContaining([4_321]));
    expect(groups).not.toContain(0);
  });

  it.skipIf(!ROOT)('are told which resource their user may not use', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o755);
    const own = join(folder, 'own');
    await mkdir(own);
    await chown(own, NOBODY.uid, NOBODY.gid);
    const { status } = await rig([
      node({
        runAs: NOBODY,
        resources: {
          devices: ['/dev/null', '/dev/kmsg'],
          folders: [
            { path: folder, access: 'ro' },
            { path: folder, access: 'rw' },
            { path: own, access: 'rw' },
          ],
        },
      }),
    ]);
    const { cause = '' } = status('Probe');
    expect(cause).toContain(`user 65534 may not read and write its folder ${folder}`);
    expect(cause).not.toContain(own);
    expect(cause).not.toContain(`may not read its folder`);
    expect(cause).not.toContain('/dev/null');
  });

  it('without a user of their own can reach more than they were granted, which is told', async () => {
    const { lines, status } = await rig([node({ resources: { devices: ['/dev/null'] } })]);
    expect(status('Probe').figures).toMatchObject({ confined: false });
    expect(lines).toContainEqual({
      level: 'warn',
      text: "Probe can reach more than the devices and folders that it was granted: it runs as the core's user; give it runAs",
      function: 'Probe',
    });
    const plain = await rig([node()]);
    expect(plain.status('Probe').figures).not.toHaveProperty('confined');
  });

  it.skipIf(!ROOT)('are told which folder keeps their user out', async () => {
    const folder = await temporaryFolder();
    await cp(join(NODE, 'probe.cjs'), join(folder, 'probe.cjs'));
    await chmod(folder, 0o700);
    const { status } = await rig([node({ runAs: NOBODY, handler: join(folder, 'probe.handler') })]);
    expect(status('Probe').cause).toContain(`user 65534 may not enter ${folder}`);
  });

  it.skipIf(ROOT)('are refused another user by a core that is not root', async () => {
    const { status } = await rig([node({ runAs: NOBODY })]);
    expect(status('Probe').cause).toContain('needs a core that runs as root');
  });

  it('are told their resources, and refused what is not there', async () => {
    const resources = {
      devices: ['/dev/null'],
      folders: [{ path: '/tmp', access: 'rw' as const }],
    };
    expect(await who({ resources })).toMatchObject({ resources });
    const { status } = await rig([
      node({ resources: { devices: ['/dev/no-such'], folders: [{ path: '/no-such', access: 'ro' }] } }),
    ]);
    expect(status('Probe')).toMatchObject({ state: 'failed' });
    expect(status('Probe').cause).toContain('its device /dev/no-such is not there');
    expect(status('Probe').cause).toContain('its folder /no-such is not there, or not ro for this user');
  });
});
