import { chmod, cp, stat } from 'node:fs/promises';
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
    const { gid } = await stat('/dev/null');
    expect(await who({ runAs: NOBODY, resources: { devices: ['/dev/null'] } })).toMatchObject({
      uid: 65_534,
      gid: 65_534,
      groups: expect.arrayContaining([gid]),
    });
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
      lines: ['GPIO17'],
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
