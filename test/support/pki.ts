import { SystemClock } from '../../hal/index.js';
import { GroupCa } from '../../src/core/identity/index.js';
import type { Credentials } from '../../src/things/connection.js';
import { temporaryFolder } from './folder.js';

/** A certificate authority of its own for one test, a server certificate for 127.0.0.1 and localhost, and things. */
export async function pki(folder?: string) {
  const ca = await GroupCa.open(folder ?? (await temporaryFolder()), {
    groupName: 'test',
    clock: new SystemClock(),
  });
  const { certificate, privateKey } = await ca.issueServer([], 30);
  return {
    authority: ca,
    /** PEM. */
    ca: ca.certificate,
    server: { certificate, privateKey },
    thing: async (thing: string): Promise<Credentials> => {
      const issued = await ca.issueDevice(thing, 30);
      return { thing, certificate: issued.certificate, privateKey: issued.privateKey };
    },
  };
}
