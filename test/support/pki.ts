import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../../hal/index.js';
import { GroupCa } from '../../src/core/identity/index.js';
import type { Credentials } from '../../src/things/connection.js';

/** A certificate authority of its own, in memory, a server certificate for 127.0.0.1 and localhost, and things. */
export async function pki() {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-pki-'));
  const ca = await GroupCa.open(folder, { groupName: 'test', clock: new SystemClock() });
  await rm(folder, { recursive: true });
  const { certificate, privateKey } = await ca.issueServer([], 30);
  return {
    /** PEM. */
    ca: ca.certificate,
    server: { certificate, privateKey },
    thing: async (thing: string): Promise<Credentials> => {
      const issued = await ca.issueDevice(thing, 30);
      return { thing, certificate: issued.certificate, privateKey: issued.privateKey };
    },
  };
}
