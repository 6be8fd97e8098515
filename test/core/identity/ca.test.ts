import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemClock, VirtualClock } from '../../../hal/index.js';
import { GroupCa, memberTlsOptions } from '../../../src/core/identity/index.js';
import { temporaryFolder } from '../../support/folder.js';
import { deviceTls, handshake, testIdentity } from './support.js';

const YEAR_MS = 365 * 86_400_000;
const options = (now?: number) => ({
  groupName: 'crossing',
  clock: now === undefined ? new SystemClock() : new VirtualClock(now),
});

describe('the group CA', () => {
  it('is made on first start and kept', async () => {
    const folder = join(await temporaryFolder(), 'state', 'ca');
    const made = await GroupCa.open(folder, options());
    const kept = await GroupCa.open(folder, options());
    expect(kept.certificate).toBe(made.certificate);
    expect(kept.groupId).toBe(made.groupId);
    expect(made.groupId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(made.notAfter.getTime() - Date.now()).toBeGreaterThan(20 * YEAR_MS);
    expect(new X509Certificate(made.certificate).ca).toBe(true);
  });

  it('keeps its key from others', async () => {
    const { folder } = await testIdentity();
    expect((await stat(join(folder, 'ca'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'ca', 'root.private.key'))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(expect.not.arrayContaining([expect.stringMatching(/^\./)]));
  });

  it('is one, when several processes make it at the same time', async () => {
    const folder = join(await temporaryFolder(), 'ca');
    const all = await Promise.all([1, 2, 3, 4].map(() => GroupCa.open(folder, options())));
    expect(new Set(all.map((ca) => ca.fingerprint)).size).toBe(1);
    expect((await GroupCa.open(folder, options())).fingerprint).toBe(all[0]?.fingerprint);
  });

  it('says which file is missing or does not fit, instead of making a new CA', async () => {
    const { folder } = await testIdentity();
    const other = await testIdentity();
    const key = join(folder, 'ca', 'root.private.key');
    const foreign = await other.ca.issueDevice('X', 1);
    await writeFile(key, foreign.privateKey);
    await expect(GroupCa.open(join(folder, 'ca'), options())).rejects.toMatchObject({
      code: 'IDENTITY_DAMAGED',
      message: expect.stringContaining(`${key} does not belong to`),
    });
    await rm(key);
    await expect(GroupCa.open(join(folder, 'ca'), options())).rejects.toMatchObject({
      code: 'IDENTITY_DAMAGED',
      message: expect.stringContaining(`${key} is missing`),
    });
  });

  it('is not made over a folder with something else in it', async () => {
    const folder = join(await temporaryFolder(), 'ca');
    await mkdir(folder);
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await expect(GroupCa.open(folder, options())).rejects.toMatchObject({ code: 'IDENTITY_DAMAGED' });
    expect(await readdir(folder)).toEqual(['notes.txt']);
  });

  it('refuses to be made by a clock that was never set', async () => {
    const folder = join(await temporaryFolder(), 'ca');
    await expect(GroupCa.open(folder, options(0))).rejects.toMatchObject({
      code: 'IDENTITY_CLOCK',
      message: expect.stringMatching(/the clock says 1970-01-01.*timedatectl/),
    });
  });

  it('says so when the clock is before its validity', async () => {
    const { folder } = await testIdentity();
    const opening = GroupCa.open(join(folder, 'ca'), options(Date.UTC(2026, 0, 5)));
    await expect(opening).rejects.toMatchObject({
      code: 'IDENTITY_CLOCK',
      message: expect.stringMatching(/the clock says 2026-01-05, before the validity of the group CA/),
    });
  });

  it('says which file the disk refused', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(GroupCa.open(join(folder, 'file', 'ca'), options())).rejects.toMatchObject({
      code: 'IDENTITY_IO',
      message: expect.stringContaining(join(folder, 'file', 'ca')),
    });
  });
});

describe('certificates of the group', () => {
  it('let a device and the core know each other over TLS 1.2 and 1.3', async () => {
    const { ca } = await testIdentity();
    const device = await ca.issueDevice('GG_Switch', 10);
    const server = await ca.issueServer(['192.168.1.5'], 7);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const ends = await handshake(
        { ...memberTlsOptions(ca, server), rejectUnauthorized: true },
        { ...deviceTls(ca, device), minVersion: version, maxVersion: version },
      );
      expect(ends.client.authorized).toBe(true);
      expect(ends.server.authorized).toBe(true);
      expect(ends.server.getPeerX509Certificate()?.subject).toBe('CN=GG_Switch');
      expect(ends.client.getProtocol()).toBe(version);
    }
  });

  it('carry every advertised address and the local ones', async () => {
    const { ca } = await testIdentity();
    const issued = await ca.issueServer(['192.168.1.5', '::1', 'core.local', 'localhost'], 7);
    const parsed = new X509Certificate(issued.certificate);
    for (const address of ['192.168.1.5', '::1', '127.0.0.1']) expect(parsed.checkIP(address)).toBe(address);
    for (const name of ['core.local', 'localhost']) expect(parsed.checkHost(name)).toBe(name);
    expect(parsed.checkHost('elsewhere')).toBeUndefined();
    expect(parsed.subjectAltName?.match(/localhost/g)).toHaveLength(1);
  });

  it('serve one purpose: a device certificate is none of a server', async () => {
    const { ca } = await testIdentity();
    const device = await ca.issueDevice('GG_Switch', 10);
    const server = await ca.issueServer([], 7);
    expect(new X509Certificate(device.certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(new X509Certificate(server.certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(new X509Certificate(device.certificate).ca).toBe(false);
  });

  it('last as many days as asked for, and no longer than the CA', async () => {
    const { ca } = await testIdentity();
    const day = 86_400_000;
    const issued = await ca.issueDevice('X', 10);
    expect(Math.abs(issued.notAfter.getTime() - Date.now() - 10 * day)).toBeLessThan(60_000);
    expect(issued.notBefore.getTime()).toBeLessThanOrEqual(Date.now() - day + 60_000);
    expect((await ca.issueDevice('X', 1_000_000)).notAfter).toEqual(ca.notAfter);
  });

  it('are refused for names that are none', async () => {
    const { ca } = await testIdentity();
    for (const name of ['', '../x', 'a b', 'x'.repeat(129), 'cloud', 'GGShadowService', 'a/b', 'a.b']) {
      await expect(ca.issueDevice(name, 1), name).rejects.toMatchObject({ code: 'IDENTITY_NAME' });
    }
    await expect(ca.issueDevice('x'.repeat(128), 1)).resolves.toBeDefined();
    for (const name of ['', 'a b', 'http://core', '-', '1.2.3.4/24']) {
      await expect(ca.issueServer([name], 1), name).rejects.toMatchObject({ code: 'IDENTITY_CERTIFICATE' });
    }
  });

  it('can be read by aws-crt', async (context) => {
    const { ca } = await testIdentity();
    const device = await ca.issueDevice('GG_Switch', 10);
    let crt: typeof import('aws-crt');
    try {
      crt = await import('aws-crt');
    } catch {
      context.skip('aws-crt has no build for this machine');
      return;
    }
    const tls = crt.io.TlsContextOptions.create_client_with_mtls(device.certificate, device.privateKey);
    tls.override_default_trust_store(ca.certificate);
    expect(() => new crt.io.ClientTlsContext(tls)).not.toThrow();
  });
});
