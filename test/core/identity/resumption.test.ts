import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { authenticate, memberTlsOptions } from '../../../src/core/identity/index.js';
import { deviceTls, testIdentity } from './support.js';

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a resumed session of %s', (version) => {
  it('is known by the certificate of its first handshake, and refused once that is revoked', async () => {
    const core = await testIdentity();
    const device = await core.registry.add('GG_Switch', { days: 10 });
    const verdicts: object[] = [];
    const server = createServer(memberTlsOptions(core.ca, await core.ca.issueServer([], 7)), (socket) => {
      socket.on('error', () => {});
      verdicts.push(authenticate(socket, core));
      socket.write('hello');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    let session: Buffer | undefined;
    /** @returns whether the session was resumed */
    const dial = async (): Promise<boolean> => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        servername: '',
        minVersion: version,
        maxVersion: version,
        ...deviceTls(core.ca, device),
        ...(session && { session }),
      });
      socket.on('session', (ticket) => {
        session = ticket;
      });
      const ticket = session === undefined ? once(socket, 'session') : undefined;
      await once(socket, 'data');
      await ticket;
      const resumed = socket.isSessionReused();
      socket.destroy();
      return resumed;
    };
    expect(await dial()).toBe(false);
    expect(await dial()).toBe(true);
    await core.registry.revoke('GG_Switch');
    expect(await dial()).toBe(true);
    expect(verdicts).toEqual([
      expect.objectContaining({ thing: 'GG_Switch' }),
      expect.objectContaining({ thing: 'GG_Switch' }),
      expect.objectContaining({ refused: expect.stringContaining('was revoked') }),
    ]);
  });
});
