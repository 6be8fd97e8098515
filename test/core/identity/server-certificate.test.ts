import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, SILENT, VirtualClock } from '../../../hal/index.js';
import { memberTlsOptions, ServerCertificate } from '../../../src/core/identity/index.js';
import { recordingLog, type TestIdentity, testIdentity } from './support.js';

const DAY_MS = 86_400_000;
const signal = new AbortController().signal;

function serverCertificate(
  { ca, folder, clock }: TestIdentity,
  options: { names?: readonly string[]; clock?: Clock } = {},
): ServerCertificate {
  return new ServerCertificate({
    ca,
    folder: join(folder, 'ca'),
    names: options.names ?? ['192.168.1.5'],
    days: 7,
    clock: options.clock ?? clock,
    log: SILENT,
  });
}

/** A virtual clock that begins now, because TLS itself looks at the machine's. */
const fromNow = (): VirtualClock => new VirtualClock(Date.now());

describe('the server certificate', () => {
  it('is taken over at the next start, and private', async () => {
    const identity = await testIdentity();
    const first = serverCertificate(identity, { names: ['192.168.1.5', '::1', 'core.local'] });
    await first.start(signal);
    await first.stop();
    const second = serverCertificate(identity, { names: ['core.local', '192.168.1.5', '::1'] });
    await second.start(signal);
    await second.stop();
    expect(second.current).toEqual(first.current);
    expect((await stat(join(identity.folder, 'ca', 'server.pem'))).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['other addresses', { names: ['192.168.1.6'] }],
    ['fewer addresses', { names: [] }],
  ])('is issued anew for %s', async (_, options) => {
    const identity = await testIdentity();
    const first = serverCertificate(identity);
    await first.start(signal);
    await first.stop();
    const second = serverCertificate(identity, options);
    await second.start(signal);
    await second.stop();
    expect(second.current.fingerprint).not.toBe(first.current.fingerprint);
  });

  it('is issued anew when the kept file is damaged, of another CA, or nearly expired', async () => {
    const identity = await testIdentity();
    const other = await testIdentity();
    const theirs = await other.ca.issueServer(['192.168.1.5'], 7);
    const path = join(identity.folder, 'ca', 'server.pem');
    for (const content of ['', 'rubbish', theirs.certificate + theirs.privateKey]) {
      await writeFile(path, content);
      const certificate = serverCertificate(identity);
      await certificate.start(signal);
      await certificate.stop();
      expect(certificate.current.fingerprint).not.toBe(theirs.fingerprint);
    }
    const late = serverCertificate(identity, { clock: new VirtualClock(Date.now() + 5 * DAY_MS) });
    const early = serverCertificate(identity);
    await early.start(signal);
    await early.stop();
    await late.start(signal);
    await late.stop();
    expect(late.current.fingerprint).not.toBe(early.current.fingerprint);
  });

  it('is renewed before it runs out, and tells its listeners', async () => {
    const clock = fromNow();
    const certificate = serverCertificate(await testIdentity(clock));
    await certificate.start(signal);
    const first = certificate.current;
    const told: string[] = [];
    const end = certificate.onRenewed(({ fingerprint }) => told.push(fingerprint));
    await clock.advance(4 * DAY_MS);
    expect(certificate.current).toBe(first);
    await clock.advance(DAY_MS);
    await certificate.stop();
    expect(told).toEqual([certificate.current.fingerprint]);
    expect(certificate.current.fingerprint).not.toBe(first.fingerprint);
    expect(certificate.current.notAfter.getTime()).toBeGreaterThan(first.notAfter.getTime());
    end();
    expect(clock.pending).toBe(0);
  });

  it('goes on in memory when the disk refuses, and says so', async () => {
    const identity = await testIdentity();
    const log = recordingLog();
    const certificate = new ServerCertificate({
      ca: identity.ca,
      folder: join(identity.folder, 'no', 'such'),
      names: [],
      days: 7,
      clock: identity.clock,
      log,
    });
    await certificate.start(signal);
    await certificate.stop();
    expect(certificate.current.notAfter.getTime()).toBeGreaterThan(Date.now());
    expect(log.lines).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('could not be kept') }),
    ]);
  });

  it('is swapped in a listener without dropping a client', async () => {
    const identity = await testIdentity();
    const certificate = serverCertificate(identity);
    await certificate.start(signal);
    onTestFinished(() => certificate.stop());
    const server = createServer(memberTlsOptions(identity.ca, certificate.current), (socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    });
    certificate.onRenewed((renewed) => server.setSecureContext(memberTlsOptions(identity.ca, renewed)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const dial = async () => {
      const socket = connect({ host: '127.0.0.1', port, ca: identity.ca.certificate, servername: '' });
      onTestFinished(() => void socket.destroy());
      await once(socket, 'secureConnect');
      return socket;
    };
    const before = await dial();
    const old = before.getPeerCertificate().fingerprint256;
    await certificate.setNames(['192.168.1.5', 'core.local']);
    const after = await dial();
    expect(after.getPeerX509Certificate()?.checkHost('core.local')).toBe('core.local');
    expect(after.getPeerCertificate().fingerprint256).not.toBe(old);
    before.write('still here');
    const [echo] = (await once(before, 'data')) as [Buffer];
    expect(echo.toString()).toBe('still here');
  });
});
