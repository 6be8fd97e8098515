import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import { authenticate, type IssuedCertificate, memberTlsOptions } from '../../../src/core/identity/index.js';
import { deviceTls, handshake, type TestIdentity, testIdentity } from './support.js';

const DAYS = 30;

/** What the core finds when a client connects over real TLS. */
async function verdictOn(core: TestIdentity, device?: IssuedCertificate, laterMs = 0): Promise<object> {
  const certificate = await core.ca.issueServer([], 7);
  const ends = await handshake(
    memberTlsOptions(core.ca, certificate),
    device ? deviceTls(core.ca, device) : { ca: core.ca.certificate },
  );
  const clock = new VirtualClock(Date.now() + laterMs);
  return authenticate(ends.server, { registry: core.registry, clock });
}

describe('who is at the other end', () => {
  it('is a thing of the group', async () => {
    const core = await testIdentity();
    const device = await core.registry.add('GG_Switch', { days: DAYS });
    expect(await verdictOn(core, device)).toEqual({ thing: 'GG_Switch', certificate: device.fingerprint });
  });

  it('is a thing with a renewed certificate, from then on with no older one', async () => {
    const core = await testIdentity();
    const older = await core.registry.add('GG_Switch', { days: DAYS });
    const newer = await core.registry.renew('GG_Switch', { days: DAYS });
    expect(await verdictOn(core, older)).toMatchObject({ thing: 'GG_Switch' });
    expect(await verdictOn(core, newer)).toMatchObject({ thing: 'GG_Switch' });
    await core.registry.reload();
    expect(await verdictOn(core, older)).toEqual({
      refused: expect.stringMatching(
        /^the certificate of GG_Switch was replaced by a newer one and ended on /,
      ),
      of: 'GG_Switch',
    });
    expect(await verdictOn(core, newer)).toMatchObject({ thing: 'GG_Switch' });
  });

  it('is a device with a certificate of another CA that was let in', async () => {
    const core = await testIdentity();
    const device = await (await testIdentity()).ca.issueDevice('GG_Switch', DAYS);
    await core.registry.importCertificate('GG_Switch', device.fingerprint);
    expect(await verdictOn(core, device)).toMatchObject({ thing: 'GG_Switch' });
  });

  it('is nobody without a certificate', async () => {
    expect(await verdictOn(await testIdentity())).toEqual({ refused: 'no client certificate was presented' });
  });

  it('is nobody with the certificate of another CA, whatever name is in it', async () => {
    const core = await testIdentity();
    await core.registry.add('GG_Switch', { days: DAYS });
    const foreign = await (await testIdentity()).ca.issueDevice('GG_Switch', DAYS);
    expect(await verdictOn(core, foreign)).toEqual({
      refused: 'the certificate "CN=GG_Switch", issued by "CN=crossing Group CA", is not one of this group',
    });
  });

  it('is refused by name when revoked, expired, or ahead of its time', async () => {
    const core = await testIdentity();
    const device = await core.registry.add('GG_Switch', { days: DAYS });
    expect(await verdictOn(core, device, (DAYS + 1) * 86_400_000)).toEqual({
      refused: expect.stringMatching(/^the certificate of GG_Switch expired on /),
      of: 'GG_Switch',
    });
    expect(await verdictOn(core, device, -2 * 86_400_000)).toEqual({
      refused: expect.stringMatching(/^the certificate of GG_Switch begins on .*is the clock right\?$/),
      of: 'GG_Switch',
    });
    await core.registry.revoke('GG_Switch');
    expect(await verdictOn(core, device)).toEqual({
      refused: expect.stringMatching(/^the thing GG_Switch was revoked on /),
      of: 'GG_Switch',
    });
  });
});
