import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPublicKey, verifiedStatement } from '../../src/update/index.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { packageEntries, tgz } from './archives.js';

describe('greenlight update', () => {
  it('makes keys and signs an archive with them', async () => {
    const folder = await temporaryFolder();
    const keys = join(folder, 'update');
    const made = await cli(['update', 'keygen', keys]);
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining('/etc/greenlight/update.pub') });
    const archive = join(folder, 'greenlight-2.0.0-arm64.tgz');
    writeFileSync(archive, tgz(packageEntries({ version: '2.0.0', arch: 'arm64' })));
    const signed = await cli(['update', 'sign', archive, '--key', `${keys}.key`]);
    expect(signed).toMatchObject({ code: 0, out: `${archive}.sig  greenlight 2.0.0 for arm64\n` });
    const key = await readPublicKey(`${keys}.pub`, process.getuid!());
    expect(verifiedStatement(readFileSync(`${archive}.sig`, 'utf8'), key)).toMatchObject({
      name: 'greenlight',
      version: '2.0.0',
      arch: 'arm64',
    });
    writeFileSync(archive, 'no archive');
    expect(await cli(['update', 'sign', archive, '--key', `${keys}.key`])).toMatchObject({ code: 1 });
    expect(await cli(['update', 'sign', archive, '--key', archive])).toMatchObject({ code: 1 });
  });

  it('says in one sentence that a checkout is no installation, and which words it knows', async () => {
    for (const argv of [['new.tgz'], ['list'], ['back'], ['work'], ['resume']]) {
      const { code, err } = await cli(['update', ...argv]);
      expect([argv, code]).toEqual([argv, 1]);
      expect(err).toMatch(/^greenlight: .* was not installed by systemd\/install\.sh.*\n$/);
    }
    expect(await cli(['update'])).toMatchObject({ code: 2, err: expect.stringContaining('keygen') });
  });
});
